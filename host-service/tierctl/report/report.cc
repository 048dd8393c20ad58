// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <ctime>

#include "common/text.h"
#include "host-service/tierctl/commands.h"
#include "host-service/tierctl/report/file.h"
#include "host-service/tierctl/report/gather.h"
#include "host-service/tierctl/report/html.h"
#include "host-service/tierctl/report/svg.h"

namespace hypertier::tierctl {
namespace {

int Complain(const absl::Status& status) {
  fmt::print(stderr, "tierctl: {}\n", ToString(status.message()));
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
      return kUsage;
    case absl::StatusCode::kNotFound:
      return kNotFound;
    case absl::StatusCode::kAlreadyExists:
      return kRefused;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kFailedPrecondition:
      return kUnavailable;
    default:
      return kInternal;
  }
}

absl::StatusOr<report::Kind> KindOf(const ReportOptions& options) {
  const bool host = options.of == "host";
  if (host && !options.name.empty()) {
    return absl::InvalidArgumentError(
        fmt::format("report host takes no name: choose a host with --instance {}", options.name));
  }
  if (!host && options.name.empty()) {
    return absl::InvalidArgumentError(
        fmt::format("report {} wants a name: tierctl report {} NAME", options.of, options.of));
  }
  return host ? report::Kind::kHost : options.of == "tenant" ? report::Kind::kTenant : report::Kind::kVm;
}

absl::Status Make(const ReportOptions& options) {
  const auto kind = KindOf(options);
  if (!kind.ok()) return kind.status();
  const auto last = report::ParseLast(options.last);
  if (!last.ok()) return last.status();
  const auto prometheus = report::Prometheus::At(options.prometheus);
  if (!prometheus.ok()) return prometheus.status();
  if (auto status = report::CheckFile(options.file, options.force); !status.ok()) return status;
  const report::Span span = report::LastSpan(std::time(nullptr), *last);
  const auto scope = FindScope(*prometheus, *kind, options.name, options.instance, span);
  if (!scope.ok()) return scope.status();
  const auto document = Gather(*prometheus, *scope, span);
  if (!document.ok()) return document.status();
  const bool svg = options.format == "svg" || (options.format.empty() && ToLower(options.file).ends_with(".svg"));
  return report::WriteFile(options.file, svg ? Svg(*document) : Html(*document), options.force);
}

}  // namespace

int Report(const ReportOptions& options) {
  const absl::Status status = Make(options);
  if (!status.ok()) return Complain(status);
  fmt::print("{}\n", options.file);
  return kOk;
}

}  // namespace hypertier::tierctl

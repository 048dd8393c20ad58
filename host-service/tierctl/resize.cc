// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>

#include "common/text.h"
#include "host-service/tierctl/amount.h"
#include "host-service/tierctl/commands.h"
#include "host-service/tierctl/progress.h"

namespace hypertier::tierctl {
namespace {

// How often progress is asked for.
constexpr int kPollMs = 200;

volatile sig_atomic_t interrupted = 0;

// Draws progress in place on a terminal; elsewhere prints it when it has changed by a tenth, so that a log stays short.
class ProgressView {
 public:
  void Show(const v1::Operation& operation) {
    const bool terminal = isatty(STDOUT_FILENO) == 1;
    const std::string text = FormatProgress(operation);
    if (terminal) {
      if (lines_ > 0) fmt::print("\x1b[{}A", lines_);
      std::size_t start = 0;
      for (std::size_t end; (end = text.find('\n', start)) != std::string::npos; start = end + 1) {
        fmt::print("\x1b[2K{}\n", text.substr(start, end - start));
      }
    } else if (const int tenth = Tenth(operation); tenth != tenth_ || HasEnded(operation)) {
      if (text != last_) fmt::print("{}", text);
      tenth_ = tenth;
      last_ = text;
    }
    lines_ = operation.tiers_size();
    std::fflush(stdout);
  }

 private:
  static int Tenth(const v1::Operation& operation) {
    double least = 1;
    for (const auto& tier : operation.tiers()) least = std::min(least, Fraction(tier));
    return static_cast<int>(10 * least);
  }

  int lines_ = 0;
  int tenth_ = -1;
  std::string last_;
};

int Follow(const Context& context, Stub& stub, v1::Operation operation) {
  const std::string name = operation.name();
  signal(SIGINT, [](int) { interrupted = 1; });
  ProgressView view;
  while (true) {
    if (context.output != Output::kJson) view.Show(operation);
    if (HasEnded(operation)) break;
    if (interrupted != 0) {
      fmt::print(stderr, "\ntierctl: left; the resize goes on as {} (tierctl wait or cancel)\n", name);
      return kInterrupted;
    }
    v1::GetOperationRequest request;
    request.set_name(name);
    request.mutable_wait()->set_nanos(kPollMs * 1'000'000);
    v1::GetOperationResponse response;
    if (const grpc::Status status = Call(stub, &Stub::GetOperation, request, response); !status.ok()) {
      return Fail(context, status);
    }
    operation = response.operation();
  }
  Print(context, operation, fmt::format("{} {}\n", name, StateWord(operation)));
  if (operation.state() == v1::Operation::STATE_SUCCEEDED) return kOk;
  if (operation.has_error()) fmt::print(stderr, "tierctl: {}\n", operation.error().message());
  return kOperationFailed;
}

}  // namespace

int Resize(const Context& context, const ResizeOptions& options) {
  v1::ResizeVmRequest request;
  request.set_name(options.vm);
  request.set_validate_only(options.dry_run);
  request.set_reason(options.reason);
  if (options.timeout_s > 0) request.mutable_timeout()->set_seconds(options.timeout_s);
  const std::pair<v1::TierKind, const std::string*> amounts[] = {{v1::TIER_KIND_FMEM, &options.fmem},
                                                                 {v1::TIER_KIND_SMEM, &options.smem}};
  for (const auto& [tier, text] : amounts) {
    if (text->empty()) continue;
    auto amount = ParseAmount(tier, *text);
    if (!amount.ok()) {
      fmt::print(stderr, "tierctl: --{}: {}\n", tier == v1::TIER_KIND_FMEM ? "fmem" : "smem",
                 ToString(amount.status().message()));
      return kUsage;
    }
    *request.add_tiers() = *std::move(amount);
  }
  if (request.tiers().empty()) {
    fmt::print(stderr, "tierctl: nothing to do: give --fmem, --smem or both (1GiB for a size, +512MiB for a change)\n");
    return kUsage;
  }
  const auto stub = Connect(context);
  v1::ResizeVmResponse response;
  if (const grpc::Status status = Call(*stub, &Stub::ResizeVm, request, response); !status.ok())
    return Fail(context, status);
  if (options.dry_run) {
    return Print(context, response.operation(), "The resize would be accepted.\n");
  }
  if (!options.wait) {
    return Print(context, response.operation(), response.operation().name() + "\n");
  }
  return Follow(context, *stub, response.operation());
}

int WaitOperation(const Context& context, const std::string& operation) {
  v1::Operation start;
  start.set_name(operation);
  return Follow(context, *Connect(context), start);
}

int ListOperations(const Context& context, const std::string& vm) {
  const auto stub = Connect(context);
  v1::ListOperationsRequest request;
  request.set_vm(vm);
  v1::ListOperationsResponse response;
  if (const grpc::Status status = Call(*stub, &Stub::ListOperations, request, response); !status.ok()) {
    return Fail(context, status);
  }
  if (context.output == Output::kJson) return Print(context, response, "");
  for (const v1::Operation& operation : response.operations()) {
    if (context.output == Output::kName) {
      fmt::print("{}\n", operation.name());
      continue;
    }
    fmt::print("{}  {}  {}\n{}", operation.name(), operation.vm(), StateWord(operation), FormatProgress(operation));
    if (operation.has_error()) fmt::print("      {}\n", operation.error().message());
  }
  return kOk;
}

int CancelOperation(const Context& context, const std::string& operation, const std::string& reason) {
  const auto stub = Connect(context);
  v1::CancelOperationRequest request;
  request.set_name(operation);
  request.set_reason(reason);
  v1::CancelOperationResponse response;
  if (const grpc::Status status = Call(*stub, &Stub::CancelOperation, request, response); !status.ok()) {
    return Fail(context, status);
  }
  return Print(context, response.operation(), fmt::format("{} {}\n", operation, StateWord(response.operation())));
}

}  // namespace hypertier::tierctl

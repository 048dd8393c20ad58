// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>

#include "common/text.h"
#include "host-service/tierctl/commands.h"

namespace hypertier::tierctl {

int WriteReport(const ReportOptions& options, const std::string& file) {
  if (file == "-" && isatty(STDOUT_FILENO) != 0) {
    fmt::print(stderr,
               "tierctl: the report is HTML and standard output a terminal; write it with --file report.html\n");
    return kUsage;
  }
  const absl::StatusOr<std::string> page = MakeReport(options, absl::Now(), absl::LocalTimeZone());
  if (!page.ok()) {
    fmt::print(stderr, "tierctl: {}\n", ToString(page.status().message()));
    return absl::IsNotFound(page.status()) ? kNotFound : absl::IsUnavailable(page.status()) ? kUnavailable : kInternal;
  }
  if (file == "-") {
    fmt::print("{}", *page);
    return kOk;
  }
  std::ofstream out(file, std::ios::binary);
  out << *page;
  if (!out.flush()) {
    fmt::print(stderr, "tierctl: cannot write {}: {}\n", file, std::strerror(errno));
    return kInternal;
  }
  fmt::print("{}\n", file);
  return kOk;
}

}  // namespace hypertier::tierctl

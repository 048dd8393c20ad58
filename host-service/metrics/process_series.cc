// SPDX-License-Identifier: Apache-2.0
#include "host-service/metrics/process_series.h"

#include <chrono>
#include <filesystem>
#include <iterator>

#include "common/process_usage.h"

namespace hypertier::metrics {
namespace {

// When this program was loaded, near enough.
const std::chrono::system_clock::time_point kStarted = std::chrono::system_clock::now();

}  // namespace

void AddProcess(Families& families) {
  families.Add(Metric::kProcessCpu, {}, ProcessCpuSeconds());
  families.Add(Metric::kProcessResident, {}, ProcessResidentBytes());
  std::error_code error;
  const std::filesystem::directory_iterator open("/proc/self/fd", error);
  // Less the one that is open to count them.
  if (!error) families.Add(Metric::kProcessFds, {}, static_cast<double>(std::distance(begin(open), end(open)) - 1));
  families.Add(Metric::kProcessStart, {}, std::chrono::duration<double>(kStarted.time_since_epoch()).count());
}

}  // namespace hypertier::metrics

// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/access/pebs_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string_view>

#include "common/text.h"
#include "guest-agent/system/file.h"

namespace hypertier::agent {
namespace {

constexpr std::uint64_t kLeastPeriod = 16;
// With PeriodControl's factor far below what counters hold (47 bits), and below the 32 bits of a weight.
constexpr std::uint64_t kMostPeriod = std::uint64_t{1} << 19;
constexpr double kUsualMhz = 3000;
constexpr double kLeastMhz = 1500;
constexpr double kMostMhz = 6500;
constexpr double kLeastCycles = 3;
constexpr double kMostCycles = 65535;

constexpr std::size_t kSmallFile = 4096;

}  // namespace

absl::Status Validate(const PebsOptions& options) {
  const auto good = [](std::uint64_t period) { return period >= kLeastPeriod && period <= kMostPeriod; };
  if (!good(options.load_period)) {
    return absl::InvalidArgumentError(
        fmt::format("pebs-period must be {} to {}, not {}", kLeastPeriod, kMostPeriod, options.load_period));
  }
  if (options.store_period != 0 && !good(options.store_period)) {
    return absl::InvalidArgumentError(fmt::format("pebs-store-period must be {} to {}, or 0 for none, not {}",
                                                  kLeastPeriod, kMostPeriod, options.store_period));
  }
  if (options.load_latency.count() < 1 || options.load_latency > std::chrono::microseconds(10)) {
    return absl::InvalidArgumentError(
        fmt::format("pebs-latency must be 1 to 10000 ns, not {}", options.load_latency.count()));
  }
  return absl::OkStatus();
}

std::uint64_t LoadLatencyCycles(const std::string& root, std::chrono::nanoseconds latency) {
  double mhz = 0;
  const std::string cpus = ReadFile(root + "/proc/cpuinfo", kSmallFile).value_or("");
  const std::size_t line = cpus.find("cpu MHz");
  const std::size_t colon = line == std::string::npos ? line : cpus.find(':', line);
  if (colon != std::string::npos) {
    const std::string_view text =
        Trim(std::string_view(cpus).substr(colon + 1, std::min(cpus.find('\n', colon), cpus.size()) - colon - 1));
    std::from_chars(text.data(), text.data() + text.size(), mhz);
  }
  if (!(mhz >= kLeastMhz && mhz <= kMostMhz)) mhz = kUsualMhz;
  const double cycles = std::chrono::duration<double, std::micro>(latency).count() * mhz;
  return static_cast<std::uint64_t>(std::clamp(cycles, kLeastCycles, kMostCycles));
}

}  // namespace hypertier::agent

// SPDX-License-Identifier: Apache-2.0
#include "host-service/tierctl/report/ticks.h"

#include <fmt/format.h>

#include <array>
#include <cmath>

#include "common/bytes.h"

namespace hypertier::tierctl::report {
namespace {

constexpr double kMostSteps = 5;

// A power of two: half a GiB is 512 MiB, and no unit is left between two ticks.
double BytesStep(double most) {
  double step = 1;
  while (step * kMostSteps < most && step < 0x1p62) step *= 2;
  return step;
}

// 1, 2 or 5 times a power of ten.
double DecimalStep(double most) {
  double step = 1e-6;
  while (true) {
    for (const double factor : {1.0, 2.0, 5.0}) {
      if (step * factor * kMostSteps >= most * (1 - 1e-9)) return step * factor;
    }
    step *= 10;
  }
}

}  // namespace

std::vector<Tick> ValueTicks(Unit unit, double most) {
  if (!(most > 0)) most = unit == Unit::kBytes ? 0x1p20 : 0.01;
  double step = 0.25;
  double end = 1;
  if (unit != Unit::kShare) {
    step = unit == Unit::kBytes ? BytesStep(most) : DecimalStep(most);
    end = std::ceil(most / step * (1 - 1e-9)) * step;
  }
  std::vector<Tick> ticks;
  for (double at = 0; at <= end + step / 2; at += step) {
    ticks.push_back({at, unit == Unit::kBytes ? FormatBytes(Bytes(static_cast<std::uint64_t>(at)))
                                              : fmt::format("{:.4g} %", at * 100)});
  }
  return ticks;
}

std::vector<Tick> TimeTicks(const Span& span) {
  constexpr std::time_t kMinute = 60;
  constexpr std::time_t kHour = 60 * kMinute;
  constexpr std::time_t kDay = 24 * kHour;
  constexpr std::time_t kMostTicks = 8;
  constexpr std::array kSteps = {kMinute / 4,  kMinute,  2 * kMinute, 5 * kMinute, 10 * kMinute, 15 * kMinute,
                                 30 * kMinute, kHour,    2 * kHour,   3 * kHour,   6 * kHour,    12 * kHour,
                                 kDay,         2 * kDay, 4 * kDay,    7 * kDay};
  std::time_t step = kSteps.back();
  for (const std::time_t candidate : kSteps) {
    if (span.seconds() / candidate >= kMostTicks) continue;
    step = candidate;
    break;
  }
  std::tm local = {};
  localtime_r(&span.from, &local);
  const std::time_t offset = local.tm_gmtoff;
  std::vector<Tick> ticks;
  for (std::time_t at = (span.from + offset + step - 1) / step * step - offset; at <= span.to; at += step) {
    const bool midnight = LocalTime(at, "%H:%M") == "00:00";
    const char* format = step < kMinute ? "%H:%M:%S" : "%H:%M";
    ticks.push_back({static_cast<double>(at), LocalTime(at, midnight || step >= kDay ? "%b %e" : format)});
  }
  return ticks;
}

}  // namespace hypertier::tierctl::report

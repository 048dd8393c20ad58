// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/unique_fd.h"

namespace hypertier::agent {

// The first line of /proc/pressure/memory.
struct StallFigures {
  // Share of the last 10 s in which some task waited for memory.
  double last_10s = 0;
  // All such time since boot.
  std::chrono::microseconds total{0};
};
std::optional<StallFigures> ParsePressure(std::string_view text);

// Whether the guest's programs wait for memory: then moving pages makes it worse. Reads one small file, only when
// asked, at most five times a second. One thread.
class Pressure {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // 10 %: below that the kernel's own background work shows; systemd-oomd's first limit is 60 %.
  explicit Pressure(std::string path = "/proc/pressure/memory", double threshold = 0.1)
      : path_(std::move(path)), threshold_(threshold) {}

  // Stalls of about the last second if this is asked again and again, else of the last ten. No such file (a kernel
  // without PSI): no pressure.
  bool High(Time now);

 private:
  const std::string path_;
  const double threshold_;
  UniqueFd fd_;
  bool absent_ = false;
  bool high_ = false;
  Time read_ = Time::min();
  std::chrono::microseconds total_{0};
};

}  // namespace hypertier::agent

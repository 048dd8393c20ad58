// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "host-service/tierctl/top/layout.h"
#include "host-service/tierctl/top/view.h"

// ncurses's, whose header is full of macros and stays in screen.cc.
struct screen;

namespace hypertier::tierctl::top {

// The terminal, as long as this lives; one at a time. Colours unless NO_COLOR is set or the terminal has none.
class Screen {
 public:
  // FailedPrecondition: the terminal is of a kind that cannot be driven.
  static absl::StatusOr<std::unique_ptr<Screen>> Open();
  ~Screen();
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  Size size() const;
  void Draw(const std::vector<Line>& lines);
  // Waits at most so long. kNone: nothing, a key without a meaning, or the size has changed. kQuit when the terminal is
  // gone, too.
  Key Read(std::chrono::milliseconds most);

 private:
  explicit Screen(screen* terminal);

  screen* terminal_;
  bool colours_ = false;
};

}  // namespace hypertier::tierctl::top

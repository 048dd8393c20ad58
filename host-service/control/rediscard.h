// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>

#include "absl/time/time.h"

namespace hypertier::control {

// Decides when to ask a guest to hand its held blocks over once more: after a restore or a migration the host has
// backed them again, which only the host can see. Two measurements in a row must say so (one may have been taken while
// memory moved), and asking in vain gets rarer, since a rediscard of a large balloon is work for the guest.
class RediscardPolicy {
 public:
  // One measurement of a guest that is idle at its targets. `over`: a tier's residency exceeds target and slack. True:
  // ask now.
  bool Measured(bool over, absl::Duration now, absl::Duration pause_min, absl::Duration pause_max) {
    if (!over) {
      in_a_row_ = 0;
      pause_ = absl::ZeroDuration();
      return false;
    }
    if (in_a_row_ < 2) ++in_a_row_;
    if (in_a_row_ < 2 || now < next_) return false;
    pause_ = pause_ == absl::ZeroDuration() ? pause_min : std::min(pause_ * 2, pause_max);
    next_ = now + pause_;
    in_a_row_ = 0;
    return true;
  }

  // The guest is moving memory or gone: what was counted no longer says anything. The pause stays.
  void Interrupted() { in_a_row_ = 0; }

 private:
  int in_a_row_ = 0;
  absl::Duration pause_;
  absl::Duration next_ = -absl::InfiniteDuration();
};

}  // namespace hypertier::control

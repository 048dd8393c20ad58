// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <optional>

#include "absl/time/time.h"
#include "common/bytes.h"

namespace hypertier::qos {

// kConfined: it would be violating, but the host has taken from it what it holds beyond its target.
enum class Compliance { kCompliant, kLagging, kViolating, kConfined };

// Whether a VM keeps what it was told to give back: it holds more of a tier than it should, and has not come nearer to
// it for some time. One that gives back does not overstay, though it be slowly; but a page now and then is no giving
// back: it must come nearer by a twentieth of what is too much, or by 64 MiB.
class Overstay {
 public:
  // Call it each period. `allowed`: target and slack; `now`: of a clock that never goes back.
  void Update(Bytes held, Bytes allowed, absl::Duration now) {
    if (held <= allowed) {
      since_.reset();
      return;
    }
    const Bytes nearer = std::clamp(Bytes((held_ - allowed).count() / 20), kPage, Bytes::MiB(64));
    if (!since_ || held + nearer <= held_) {
      since_ = now;
      held_ = held;
    }
  }

  bool Lasts(absl::Duration now, absl::Duration patience) const { return since_ && now - *since_ >= patience; }

  Compliance At(absl::Duration now, absl::Duration patience) const {
    if (!since_) return Compliance::kCompliant;
    return Lasts(now, patience) ? Compliance::kViolating : Compliance::kLagging;
  }

 private:
  std::optional<absl::Duration> since_;
  // Then.
  Bytes held_;
};

}  // namespace hypertier::qos

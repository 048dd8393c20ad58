// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <optional>

#include "absl/time/time.h"
#include "common/bytes.h"

namespace hypertier::control {

// How fast a tier's size follows its target: what it has moved since the target was set, over the time until it was
// last seen to move. So waiting for what does not come is no part of it, and it stays as it was once the target is
// reached. Sizes are seen as often as somebody tells them (an agent several times a second, QEMU of a virtio-mem device
// once): of a change that is over sooner it is the least that it can have been.
class Pace {
 public:
  // There is a new target.
  void Begin(Bytes size, absl::Duration now) {
    start_ = last_ = size;
    began_ = now;
  }
  void Seen(Bytes size, absl::Duration now) {
    if (!began_) Begin(size, now);
    if (size == last_) return;
    last_ = size;
    const Bytes moved = std::max(size, start_) - std::min(size, start_);
    const double seconds = absl::ToDoubleSeconds(std::max(now - *began_, absl::Milliseconds(1)));
    per_second_ = Bytes(static_cast<std::uint64_t>(static_cast<double>(moved.count()) / seconds));
  }
  // Bytes a second; absent while nothing has moved since hypertierd met the VM.
  std::optional<Bytes> per_second() const { return per_second_; }

 private:
  std::optional<absl::Duration> began_;
  Bytes start_;
  Bytes last_;
  std::optional<Bytes> per_second_;
};

}  // namespace hypertier::control

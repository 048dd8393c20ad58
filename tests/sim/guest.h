// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <random>
#include <vector>

#include "common/bytes.h"
#include "common/tier.h"
#include "host-service/qos/model.h"
#include "tests/sim/scenario.h"

namespace hypertier::sim {

// Targets as the host sends them; a later generation replaces earlier ones.
struct Order {
  std::uint64_t generation = 0;
  PerTier<Bytes> targets;
};

// What an agent says. All of it may be a lie but the generation that its balloons follow, which costs only itself.
struct Report {
  Bytes used;
  std::vector<qos::CurvePoint> curve;
  double accesses = 0;
  double pressure = 0;
  std::uint64_t generation = 0;
};

// One VM as it really is. It fills what its balloons leave it, and keeps its hottest pages in FMEM.
class Guest {
 public:
  // The `index`th of its group, which must outlive it. `seed` is its own.
  Guest(const Group& group, std::size_t index, std::uint64_t seed);

  // Before the first period.
  void Begin(PerTier<Bytes> held);
  // Comes to the phase of this moment. Once each period.
  void Wake(Seconds now);
  bool IsSilent(Seconds now) const;
  Report Tell() const;
  // What the host sends at `now`, again each period; some of it gets lost.
  void Send(const Order& order, Seconds now);
  // Gives back and takes memory for `time`.
  void Move(Seconds now, Seconds time);

  const Group& group() const { return group_; }
  std::size_t index() const { return index_; }
  Bytes held(TierId tier) const { return held_[tier]; }
  // Accesses a second, and those that FMEM serves.
  double accesses() const { return accesses_; }
  double Served() const;
  // Of its reservation, what its programs really would use now.
  Bytes Due(TierId tier) const;

 private:
  std::vector<qos::CurvePoint> Curve() const;
  double Uniform();

  const Group& group_;
  const std::size_t index_;
  std::mt19937_64 random_;
  // Of what its group's phases say.
  double size_ = 1;
  double activity_ = 1;
  Seconds delay_ = 0;

  Bytes used_;
  Bytes hot_;
  double hot_share_ = 0;
  double accesses_ = 0;
  double pressure_ = 0;
  // Of this period's report: of sizes, and of accesses.
  double told_size_ = 1;
  double told_accesses_ = 1;

  PerTier<Bytes> held_;
  // Acted on; and those that have arrived since, with when it will act on them.
  Order following_;
  struct Arrived {
    Seconds due = 0;
    Order order;
  };
  std::deque<Arrived> arrived_;
};

}  // namespace hypertier::sim

// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/guest.h"

#include <algorithm>
#include <cmath>

#include "host-service/qos/curve.h"
#include "host-service/qos/options.h"

namespace hypertier::sim {

Guest::Guest(const Group& group, std::size_t index, std::uint64_t seed) : group_(group), index_(index), random_(seed) {
  size_ = 1 + group.spread * (2 * Uniform() - 1);
  activity_ = 1 + group.spread * (2 * Uniform() - 1);
  if (group.count > 1) delay_ = group.stagger * static_cast<double>(index) / static_cast<double>(group.count - 1);
}

// By hand: standard distributions differ between libraries, and equal scenarios are to give equal results.
double Guest::Uniform() {
  return static_cast<double>(random_() >> 11) * 0x1p-53;
}

void Guest::Begin(PerTier<Bytes> held) {
  held_ = held;
  following_.targets = held;
}

void Guest::Wake(Seconds now) {
  Seconds at = std::max(0.0, now - delay_);
  if (group_.repeat > 0) {
    // A VM that is later than others is still in its last round when the scenario begins.
    at = std::fmod(now - delay_, group_.repeat);
    if (at < 0) at += group_.repeat;
  }
  const Phase* phase = &group_.phases.front();
  for (const Phase& one : group_.phases) {
    if (one.from <= at) phase = &one;
  }
  used_ = PagesOf(phase->used, size_);
  hot_ = PagesOf(phase->hot, size_);
  hot_share_ = phase->hot_share;
  accesses_ = phase->accesses * activity_;
  pressure_ = phase->pressure;
  if (group_.noise == 0) return;
  told_size_ = 1 + group_.noise * (2 * Uniform() - 1);
  told_accesses_ = 1 + group_.noise * (2 * Uniform() - 1);
}

bool Guest::IsSilent(Seconds now) const {
  return now >= group_.faults.silent_from && now < group_.faults.silent_to;
}

std::vector<qos::CurvePoint> Guest::Curve() const {
  if (accesses_ == 0 || used_ == Bytes()) return {};
  // Of a hot part that is all it uses, everything is served.
  if (hot_ == Bytes() || hot_ == used_) return {{used_, 1.0}};
  return {{hot_, hot_share_}, {used_, 1.0}};
}

Report Guest::Tell() const {
  if (!group_.faults.lies) {
    std::vector<qos::CurvePoint> curve = Curve();
    for (qos::CurvePoint& point : curve) point.fmem = PagesOf(point.fmem, told_size_);
    return {PagesOf(used_, told_size_), std::move(curve), accesses_ * told_accesses_, pressure_, following_.generation};
  }
  // More than anybody can have, all of it hot: whatever it gets seems to pay the most.
  constexpr double kIncredible = 1e15;
  return {
      group_.cells.fmem() + group_.cells.smem(), {{group_.cells.fmem(), 1.0}}, kIncredible, 1.0, following_.generation};
}

void Guest::Send(const Order& order, Seconds now) {
  if (IsSilent(now)) return;
  const std::uint64_t newest = arrived_.empty() ? following_.generation : arrived_.back().order.generation;
  if (order.generation <= newest) return;
  if (group_.faults.lose > 0 && Uniform() < group_.faults.lose) return;
  arrived_.push_back({now + group_.lag, order});
}

void Guest::Move(Seconds now, Seconds time) {
  while (!arrived_.empty() && arrived_.front().due <= now) {
    following_ = arrived_.front().order;
    arrived_.pop_front();
  }
  for (const TierId tier : kTiers) {
    Bytes& held = held_[tier];
    const Bytes target = following_.targets[tier];
    if (held < target) {
      held = std::min(target, held + PagesOf(group_.grow, time));
    } else if (!group_.faults.ignores_targets) {
      held = std::max(target, held - PagesOf(group_.shrink, time));
    }
  }
}

double Guest::Served() const {
  return accesses_ * qos::ShareServed(Curve(), held_.fmem());
}

Bytes Guest::Due(TierId tier) const {
  const Bytes wanted =
      tier == TierId::kFmem ? qos::FmemServing(Curve(), qos::Options().busy_share) : used_ - held_.fmem();
  const qos::TierPolicy& policy = group_.policy[tier];
  return std::min({policy.reservation, policy.limit, group_.cells[tier], wanted});
}

}  // namespace hypertier::sim

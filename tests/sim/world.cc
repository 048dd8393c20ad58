// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/world.h"

#include <fmt/format.h>

#include <cstdint>

#include "tests/sim/audit.h"
#include "tests/sim/guest.h"
#include "tests/sim/host.h"

namespace hypertier::sim {
namespace {

// Of what is broken, so much is told.
constexpr std::size_t kTold = 5;

class World {
 public:
  World(const Scenario& scenario, const std::string& policy)
      : scenario_(scenario), host_(scenario, policy), audit_(scenario), truths_(host_.vms()) {
    result_.policy = policy;
    result_.groups.resize(scenario.groups.size());
    const std::vector<PerTier<Bytes>> begin = host_.Begin();
    for (std::size_t g = 0; g < scenario.groups.size(); ++g) {
      for (std::size_t i = 0; i < scenario.groups[g].count; ++i) {
        const std::size_t vm = guests_.size();
        // Neighbouring seeds make unlike sequences: the generator's own seeding stirs them.
        guests_.emplace_back(scenario.groups[g], i, scenario.seed * 1'000'003 + vm);
        guests_.back().Begin(begin[vm]);
        truths_[vm].group = g;
        truths_[vm].index = i;
      }
    }
  }

  Result Run() {
    // Ten periods of 0.1 s are a second, whatever their binary fractions say.
    const auto periods = static_cast<std::int64_t>(scenario_.seconds / scenario_.period + 1e-6);
    for (std::int64_t period = 0; period < periods; ++period) {
      Live(static_cast<double>(period) * scenario_.period);
    }
    for (std::size_t g = 0; g < result_.groups.size(); ++g) {
      for (const TierId tier : kTiers) {
        const Audit::Unmet& unmet = audit_.unmet(g, tier);
        result_.groups[g].unmet[tier] = {unmet.worst, unmet.longest};
      }
    }
    return std::move(result_);
  }

 private:
  void Live(Seconds now) {
    for (std::size_t i = 0; i < guests_.size(); ++i) {
      guests_[i].Wake(now);
      host_.Measure(i, {guests_[i].held(TierId::kFmem), guests_[i].held(TierId::kSmem)});
      if (!guests_[i].IsSilent(now)) host_.Hear(i, guests_[i].Tell(), now);
    }
    std::vector<std::string> broken = host_.Plan(now);
    for (std::size_t i = 0; i < guests_.size(); ++i) Move(i, now);
    for (std::string& one : audit_.Check(truths_)) broken.push_back(std::move(one));
    if (broken.empty()) return;
    ++result_.violations;
    for (const std::string& one : broken) {
      if (result_.broken.size() < kTold) result_.broken.push_back(fmt::format("at {:g} s: {}", now, one));
    }
  }

  void Move(std::size_t i, Seconds now) {
    Guest& guest = guests_[i];
    VmTruth& truth = truths_[i];
    std::vector<Moment>& line = result_.groups[truth.group].line;
    if (guest.index() == 0) line.emplace_back();
    Moment& moment = line.back();
    const PerTier<Bytes> before(guest.held(TierId::kFmem), guest.held(TierId::kSmem));
    guest.Send(host_.OrderTo(i), now);
    guest.Move(now, scenario_.period);
    const qos::Vm& known = host_.snapshot().vms[i];
    truth.heard = !known.frozen && !guest.IsSilent(now);
    for (const TierId tier : kTiers) {
      const qos::Target& target = host_.plan().targets[i][tier];
      const Bytes held = guest.held(tier);
      truth.tiers[tier] = {held, guest.Due(tier), target.amount, known.tiers[tier].held};
      moment.tiers[tier].demand += target.demand;
      moment.tiers[tier].target += target.amount;
      moment.tiers[tier].held += held;
      const Bytes moved = held > before[tier] ? held - before[tier] : before[tier] - held;
      result_.moved += moved;
      if (now >= scenario_.expect.converged_after) result_.moved_after_convergence += moved;
    }
    moment.accesses += guest.accesses();
    moment.served += guest.Served();
  }

  const Scenario& scenario_;
  Host host_;
  std::vector<Guest> guests_;
  Audit audit_;
  std::vector<VmTruth> truths_;
  Result result_;
};

}  // namespace

Result Run(const Scenario& scenario, const std::string& policy) {
  return World(scenario, policy).Run();
}

Comparison Compare(const Scenario& scenario) {
  const auto of = [&](const Result& done, const std::string& policy) {
    return done.policy == policy ? done : Run(scenario, policy);
  };
  Comparison comparison;
  comparison.result = Run(scenario, scenario.policy);
  comparison.at_static = of(comparison.result, "static");
  comparison.at_proportional = of(comparison.result, "proportional");
  return comparison;
}

}  // namespace hypertier::sim

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "guest-agent/hyperplace/device.h"
#include "guest-agent/mover/chunks.h"
#include "guest-agent/mover/exchanger.h"
#include "guest-agent/mover/migrate.h"
#include "guest-agent/mover/pressure.h"
#include "guest-agent/mover/stats.h"
#include "guest-agent/mover/token_bucket.h"
#include "guest-agent/ranges/classifier.h"
#include "guest-agent/ranges/plan.h"
#include "guest-agent/system/cpu_budget.h"
#include "guest-agent/targets/target.h"

namespace hypertier::agent {

struct MoverOptions {
  // Both directions together. A quarter of a CPU's time at 3 us a page, and, each byte being read once and written
  // once, a few percent of one memory channel; 1 GiB of a new hot set is exchanged in 8 s.
  Bytes per_second = Bytes::MiB(256);
  Bytes burst = Bytes::MiB(64);

  // CPU time for moving. In the steady state nothing moves and nothing is used; while programs change their ways, a
  // tenth of a CPU at the most in the long run, and 3 s of it at once: 2 to 4 GiB exchanged.
  double share_of_cpu = 0.1;
  std::chrono::milliseconds cpu_burst{3000};
  // Of CPU time, at most, in one call, so that samples are read in time.
  std::chrono::milliseconds longest_call{50};

  // Exchanging with move_pages(2) needs room in SMEM; so much of it is left alone.
  Bytes smem_reserve = Bytes::MiB(32);

  // A module that refused a whole call is asked again after this.
  std::chrono::seconds module_retry{10};

  std::string pressure_path = "/proc/pressure/memory";
  // For tests.
  std::function<std::chrono::nanoseconds()> cpu_clock = ThreadCpuTime;
};

// Carries out what a plan says to move: demotions, which make room, then exchanges, then promotions, each from the
// front as far as the rate, the share of CPU and the length of a call allow; the rest comes again with the next plan.
// In every other call demotions come last, so that one of the two cannot keep the other waiting for ever. One thread.
class Mover {
 public:
  // The first two must outlive this.
  Mover(Hyperplace& module, Migrator& migrator, MoverOptions options = {});

  // Nothing is moved before this is known, or while both are the same or negative.
  void SetNodes(const PerTier<int>& nodes) { nodes_ = nodes; }

  // What SMEM has free now; not known: the kernel decides whether something fits there.
  void SetFreeSmem(std::optional<Bytes> free) { free_smem_ = free; }

  // What FMEM has room for at the moment, asked before each piece that is promoted: programs fill it, too, between a
  // plan and its end, and the kernel complains aloud of a promotion that finds no page. Not set: the kernel decides.
  void SetFmemRoom(std::function<Bytes(ranges::Time)> room) { fmem_room_ = std::move(room); }

  // The host takes FMEM back, and waits: as long as a plan has demotions they alone are carried out, and neither the
  // rate nor the share of CPU holds them up. A call is no longer than any other.
  void SetUrgent(bool urgent) { urgent_ = urgent; }

  // In place of options.per_second. Of a burst no more than a second's is left.
  void LimitRate(Bytes per_second) { bucket_.SetRate(per_second, std::min(per_second, options_.burst)); }

  // Tells the classifier what was moved, what was found to be different from what it believed, and what to leave
  // alone for a while. Costs nothing if the plan moves nothing.
  void Carry(ranges::Time now, const ranges::Plan& plan, const TargetTable& targets, ranges::Classifier& classifier);

  // Processes that could not be found any more, since the last call: discovery should look at them soon.
  std::vector<pid_t> TakeGone() { return std::exchange(gone_, {}); }

  const MoverStats& stats() const { return stats_; }

 private:
  // One call's limits.
  bool MayGoOn(ranges::Time now);
  void Carry(ranges::Time now, const ranges::Plan& plan, Chunks& chunks, const std::optional<Hyperplace::Info>& info);
  void Shift(ranges::Time now, const std::vector<ranges::Move>& moves, TierId to, Chunks& chunks);
  void Exchange(ranges::Time now, const std::vector<ranges::Exchange>& exchanges, Chunks& chunks,
                const std::optional<Hyperplace::Info>& info);
  // Exchanges by demoting and promoting.
  void ExchangeThroughSmem(ranges::Time now, const Exchanger::Leftover& exchange, Chunks& chunks);
  bool SmemHasRoom(Bytes amount) const;
  bool FmemHasRoom(ranges::Time now, Bytes amount) const { return !fmem_room_ || fmem_room_(now) >= amount; }
  std::optional<Hyperplace::Info> AskModule(ranges::Time now);

  Hyperplace& module_;
  Migrator& migrator_;
  const MoverOptions options_;
  PerTier<int> nodes_{Migrator::kNoNode, Migrator::kNoNode};
  std::optional<Bytes> free_smem_;
  std::function<Bytes(ranges::Time)> fmem_room_;
  bool urgent_ = false;
  // In the last call.
  bool exchange_first_ = true;
  TokenBucket bucket_;
  CpuBudget budget_;
  Pressure pressure_;
  ranges::Time module_usable_ = ranges::Time::min();
  std::vector<pid_t> gone_;
  MoverStats stats_;

  // Of the present call.
  std::chrono::nanoseconds call_start_{0};
  std::chrono::nanoseconds call_most_{0};
  bool limited_ = true;
  bool smem_full_ = false;
  // FMEM that exchanging through SMEM has freed and not yet filled.
  Bytes vacated_;
};

}  // namespace hypertier::agent

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>

#include "guest-agent/ranges/classifier.h"
#include "guest-agent/session/log_limit.h"
#include "guest-agent/targets/maps.h"
#include "guest-agent/targets/proc_fs.h"
#include "guest-agent/targets/proc_stat.h"
#include "guest-agent/targets/shared_memory.h"
#include "guest-agent/targets/target.h"

namespace hypertier::agent {

// What knows of targets: the table for all who need the process behind an id, and the classifier.
struct Placed {
  TargetTable& targets;
  ranges::Classifier& classifier;
};

// The processes that are placed: keeps the table of targets and the classifier in step with each other, and the
// mappings of both fresh. One thread.
class Attachments {
 public:
  struct Stats {
    std::uint64_t attached = 0;
    std::uint64_t detached = 0;
    // Readings of mappings, and lines and spans of them that were left out (MapsParser).
    std::uint64_t maps_reads = 0;
    std::uint64_t bad_lines = 0;
    std::uint64_t dropped_spans = 0;
    // Processes that the classifier would not take, and targets that gave way to larger ones.
    std::uint64_t refused = 0;
    std::uint64_t displaced = 0;
  };
  using CpuClock = std::function<std::chrono::nanoseconds()>;

  // Mappings of a target are read again after this time even if its size tells of no change.
  static constexpr std::chrono::seconds kMapsAge{10};
  // And after this time also if there is no CPU time left for it.
  static constexpr std::chrono::seconds kMapsOld{60};

  // `proc` must outlive this; the methods are always given the same table and classifier. A target's mappings are read
  // again only when that is worth no more than `share_of_cpu` since they were last read, so that 60,000 mappings do not
  // cost 60 ms every ten seconds.
  Attachments(ProcFs& proc, CpuClock cpu_clock, double share_of_cpu);
  // The parser refers to it.
  Attachments(const Attachments&) = delete;
  Attachments& operator=(const Attachments&) = delete;

  // Makes the process a target under an id never used before. Nothing: it is gone, or the classifier takes no more and
  // all it has is about as large.
  std::optional<ranges::ProcessId> Attach(ranges::Time now, Placed placed, const ProcStat& stat);

  // Notes the size, and reads the mappings again if they may have changed and `may_read`, or if
  // they are old.
  void Refresh(ranges::Time now, Placed placed, ranges::ProcessId id, const ProcStat& stat, bool may_read);

  void Detach(Placed placed, ranges::ProcessId id);

  bool Has(ranges::ProcessId id) const { return attached_.contains(id); }
  std::size_t size() const { return attached_.size(); }
  Stats stats() const;

 private:
  struct State {
    // As of the last reading of the mappings.
    Bytes vsize;
    Bytes rss;
    ranges::Time read;
    std::chrono::nanoseconds cost{0};
    // As of the last check.
    Bytes rss_now;
  };

  bool SetMappings(ranges::Time now, Placed placed, Target& target, State& state, const ProcStat& stat);
  bool Register(ranges::Time now, Placed placed, ranges::ProcessId id, const ProcStat& stat);
  void Complain(ranges::Time now, const ProcStat& stat, const absl::Status& status);

  ProcFs& proc_;
  const CpuClock cpu_clock_;
  const double share_;
  SharedMemory shared_;
  MapsParser parser_;
  std::map<ranges::ProcessId, State> attached_;
  std::uint64_t last_id_ = 0;
  LogLimit complaints_;
  Stats stats_;
};

}  // namespace hypertier::agent

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "guest-agent/access/source.h"
#include "guest-agent/access/trace_reader.h"

namespace hypertier::agent {

// A recorded trace in place of a real source, in the time of its own: what was recorded 3 s after the start comes 3 s
// after the first Poll. When it is over, or damaged, nothing more comes.
//
// A process of the trace stands for a live one with the same command name: the first of that name in the trace for the
// first live one (in order of process id), the second for the second. Addresses are taken as recorded, so the programs
// must map their memory at the same places (setarch -R, or not position-independent); samples that lie outside of the
// live process's mappings are counted as bad.
class Replay final : public AccessSource {
 public:
  enum class Processes {
    kByCommand,
    // Samples are about the trace's own processes, which recorded() lists, and no live ones: for tests of a classifier.
    kAsRecorded,
  };

  explicit Replay(TraceReader reader, Processes processes = Processes::kByCommand)
      : reader_(std::move(reader)), processes_(processes) {}
  static absl::StatusOr<std::unique_ptr<Replay>> Open(const std::string& path,
                                                      Processes processes = Processes::kByCommand);

  std::string_view name() const override { return "replay"; }
  void Poll(ranges::Time now, const TargetTable& targets, std::vector<ranges::Sample>& samples) override;
  // Max when the trace is over.
  ranges::Time NextDeadline() const override;
  // It costs what it costs.
  void SetBudget(double) override {}
  AccessStats stats() const override { return stats_; }

  // The trace's processes as they were at this time of it. Their pids are not known: 0.
  const TargetTable& recorded() const { return recorded_; }
  // Why it is over; OK at a proper end.
  const absl::Status& status() const { return status_; }
  bool over() const { return over_; }

 private:
  void Take(const TargetTable& targets, std::vector<ranges::Sample>& samples);
  void TakeSamples(const TargetTable& targets, std::vector<ranges::Sample>& samples);
  // Null if there is none now.
  const Target* LiveFor(ranges::ProcessId recorded, const TargetTable& targets);
  void Advance();

  TraceReader reader_;
  const Processes processes_;
  std::optional<ranges::Time> start_;
  // Read, but not due.
  TraceEvent event_;
  bool have_event_ = false;
  bool over_ = false;
  absl::Status status_ = absl::OkStatus();
  TargetTable recorded_;
  std::map<ranges::ProcessId, ranges::ProcessId> live_;
  AccessStats stats_;
};

}  // namespace hypertier::agent

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>

#include "absl/status/statusor.h"
#include "common/bytes.h"
#include "common/unique_fd.h"
#include "guest-agent/access/trace_format.h"
#include "guest-agent/targets/target.h"

namespace hypertier::agent {

// Writes what a source says, and the processes that it is about, to a file. Never more than `most` bytes.
class TraceWriter {
 public:
  // A file that exists is written over. Traces tell which addresses programs use: the file is for its owner only.
  static absl::StatusOr<TraceWriter> Create(const std::string& path, Bytes most);

  // To be called after each Poll. ResourceExhausted: `most` is reached, and the trace ends where it was; call Finish.
  absl::Status Write(ranges::Time now, const TargetTable& targets, std::span<const ranges::Sample> samples);

  // Marks the trace as whole.
  absl::Status Finish();

  Bytes written() const { return Bytes(written_); }

 private:
  // What the trace has of a process.
  struct Known {
    std::string command;
    std::vector<ranges::AddressSpan> mappings;
  };

  TraceWriter(UniqueFd fd, std::string path, Bytes most) : fd_(std::move(fd)), path_(std::move(path)), most_(most) {}

  absl::Status WriteProcesses(std::chrono::nanoseconds time, const TargetTable& targets);
  absl::Status WriteEvent(const TraceEvent& event);
  absl::Status WriteBytes(std::string_view bytes);

  UniqueFd fd_;
  std::string path_;
  Bytes most_;
  std::uint64_t written_ = 0;
  std::optional<ranges::Time> start_;
  ranges::Time last_{};
  std::map<ranges::ProcessId, Known> known_;
};

}  // namespace hypertier::agent

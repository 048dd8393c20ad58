// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "guest-agent/access/trace_format.h"

namespace hypertier::agent {

// Reads a trace from any bytes, a chunk at a time: at most 1 MiB of them is held. Nothing in it is trusted.
class TraceReader {
 public:
  // Puts up to `size` bytes to `to`; 0 at the end.
  using Source = std::function<absl::StatusOr<std::size_t>(char* to, std::size_t size)>;

  // InvalidArgument: no trace, or one of another version.
  static absl::StatusOr<TraceReader> Create(Source source);
  static absl::StatusOr<TraceReader> Open(const std::string& path);

  // The next event; false at the end. DataLoss: cut off or damaged, with the place; what came before is good, and
  // there is nothing more to be had. A trace without kEnd that stops between two chunks is cut off too: it was written
  // by somebody who was killed.
  absl::StatusOr<bool> Next(TraceEvent& event);

 private:
  explicit TraceReader(Source source) : source_(std::move(source)) {}

  // Fewer than `size` bytes only at the end.
  absl::Status Fill(std::string& bytes, std::size_t size);
  absl::Status Damaged(const char* what);

  Source source_;
  // Of the chunk that is being read.
  std::uint64_t offset_ = 0;
  std::chrono::nanoseconds time_{0};
  bool ended_ = false;
};

}  // namespace hypertier::agent

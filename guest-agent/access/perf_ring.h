// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <cstdint>

namespace hypertier::agent {

// The sample type that perf_ring understands: all of it is inside the kernel's LARGE_PEBS_FLAGS, so that
// PEBS records are drained at context switches, without an interrupt each. PERF_SAMPLE_PERIOD is the period in force
// when the record was made, which is its weight whichever event it came from: no identifier is needed.
inline constexpr std::uint64_t kPerfSampleType =
    (1U << 1) | (1U << 3) | (1U << 8) | (1U << 15);  // TID, ADDR, PERIOD, DATA_SRC
inline constexpr std::size_t kPerfSampleBytes = 40;

// One record, as far as anyone here wants to know it.
struct PerfRecord {
  enum class Kind { kSample, kLost, kThrottle, kUnthrottle };
  Kind kind = Kind::kSample;
  // Of a sample. The pid is 0 or -1 for a process that is not in the opener's pid namespace.
  pid_t pid = 0;
  std::uint64_t address = 0;
  std::uint64_t period = 0;
  // The first level of the caches had the data. Of a store that is all that the hardware tells of where it went.
  bool first_level = false;
  // Records that the kernel had no room for.
  std::uint64_t lost = 0;
};

// Reads the ring that perf_event_open(2)'s mmap offers. The kernel writes it and moves data_head; a reader moves
// data_tail. Nothing in the ring is trusted beyond its size: where a record makes no sense, all up to the head is
// given up, and counted. One thread.
class PerfRing {
 public:
  // No ring: always empty.
  PerfRing() = default;
  // `memory` is the control page and behind it `data_bytes`, a power of two (of at least 8), and stays for as long as
  // this is used.
  PerfRing(void* memory, std::size_t page_bytes, std::size_t data_bytes);

  // Looks how far the kernel has got: Next() gives what was there at that time, so a poll ends.
  void Begin();
  // The next record; false when there is no more. Those of other types are passed over.
  bool Next(PerfRecord& record);
  // Lets the kernel have the room of what was read.
  void End();

  // Bytes that waited at the last Begin().
  std::size_t filled() const { return filled_; }
  std::size_t size() const { return size_; }
  // Times that the ring made no sense, since the start.
  std::uint64_t malformed() const { return malformed_; }

 private:
  void Copy(std::uint64_t from, void* to, std::size_t bytes) const;
  void GiveUp();

  void* control_ = nullptr;
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t filled_ = 0;
  std::uint64_t head_ = 0;
  std::uint64_t tail_ = 0;
  std::uint64_t malformed_ = 0;
};

}  // namespace hypertier::agent

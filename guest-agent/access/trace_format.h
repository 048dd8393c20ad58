// SPDX-License-Identifier: Apache-2.0
//
// The file that `hypertier-agent record` writes and the source `replay` reads. Everything is little-endian, whatever
// the machine.
//
//   file    = magic "HTTRACE\n", u32 version, chunk...
//   chunk   = u32 kind, u32 bytes of the payload, u32 CRC-32 of kind, bytes and payload, payload
//   number  = 7 bits a byte, lowest first, the highest bit set in all but the last; at most 64 bits
//   signed  = number, zigzag: 0, -1, 1, -2, ...
//
//   kProcess  a process, or its mappings anew:
//             number time, u64 key, number of bytes and bytes of comm, number of mappings, for each: number of pages
//             since the end of the last one, number of pages
//   kGone     number time, u64 key
//   kSamples  number time, number of samples, then each: number of the process (in order of first appearance in this
//             chunk; if it is a new one, u64 key follows), signed address since the last of this chunk, number weight
//   kEnd      nothing: the trace is whole
//
// Times are nanoseconds since the start of the trace and never fall. Each chunk can be read without those before it. A
// reader passes over kinds that it does not know.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "guest-agent/ranges/types.h"

namespace hypertier::agent {

inline constexpr std::string_view kTraceMagic = "HTTRACE\n";
inline constexpr std::uint32_t kTraceVersion = 1;
// Bounds of what one chunk holds: a reader needs no more memory than for one.
inline constexpr std::size_t kMaxTraceChunk = 1 << 20;
inline constexpr std::size_t kMaxTraceSamples = 65536;
inline constexpr std::size_t kMaxTraceMappings = 65536;
inline constexpr std::size_t kMaxTraceCommand = 64;

enum class TraceKind : std::uint32_t { kProcess = 1, kGone = 2, kSamples = 3, kEnd = 4 };

// What one chunk says.
struct TraceEvent {
  TraceKind kind = TraceKind::kEnd;
  // Since the start of the trace.
  std::chrono::nanoseconds time{0};
  // Of kProcess and kGone.
  ranges::ProcessId process;
  std::string command;
  std::vector<ranges::AddressSpan> mappings;
  // Of kSamples.
  std::vector<ranges::Sample> samples;
};

// One whole chunk; the event is within the bounds above.
std::string EncodeTraceChunk(const TraceEvent& event);

// False: the payload is not of its kind. `event.kind` is given.
bool DecodeTracePayload(std::string_view payload, TraceEvent& event);

// The chunk's checksum.
std::uint32_t TraceChecksum(std::uint32_t kind, std::string_view payload);

// Fixed-size numbers.
void PutLittle(std::string& out, std::uint64_t value, std::size_t bytes);
std::uint64_t GetLittle(std::string_view bytes);

}  // namespace hypertier::agent

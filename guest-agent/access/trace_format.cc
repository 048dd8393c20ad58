// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/access/trace_format.h"

#include <zlib.h>

#include <algorithm>
#include <limits>
#include <unordered_map>

namespace hypertier::agent {
namespace {

constexpr std::uint64_t kPageBytes = kPage.count();

void PutNumber(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
}

void PutSigned(std::string& out, std::int64_t value) {
  PutNumber(out, static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63));
}

// Takes a payload apart; after the first thing that is wrong everything is 0 and good() is false.
class Taker {
 public:
  explicit Taker(std::string_view rest) : rest_(rest) {}
  bool good() const { return good_; }
  bool done() const { return good_ && rest_.empty(); }

  std::string_view Bytes(std::uint64_t count) {
    if (count > rest_.size()) return Fail(), std::string_view();
    const std::string_view taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return taken;
  }
  std::uint64_t Key() { return GetLittle(Bytes(8)); }
  std::uint64_t Number() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (rest_.empty()) break;
      const auto byte = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      if (shift == 63 && byte > 1) break;
      value |= std::uint64_t{byte & 0x7fU} << shift;
      if (byte < 0x80) return value;
    }
    Fail();
    return 0;
  }
  std::int64_t Signed() {
    const std::uint64_t value = Number();
    return static_cast<std::int64_t>(value >> 1 ^ (0 - (value & 1)));
  }
  // At most `most`.
  std::uint64_t Bounded(std::uint64_t most) {
    const std::uint64_t value = Number();
    if (value <= most) return value;
    Fail();
    return 0;
  }

 private:
  void Fail() {
    good_ = false;
    rest_ = {};
  }

  std::string_view rest_;
  bool good_ = true;
};

void EncodeProcess(const TraceEvent& event, std::string& out) {
  PutLittle(out, event.process.key, 8);
  const std::string_view command = std::string_view(event.command).substr(0, kMaxTraceCommand);
  PutNumber(out, command.size());
  out += command;
  // Whole pages, each once.
  std::vector<ranges::AddressSpan> pages;
  std::uint64_t last = 0;
  for (const ranges::AddressSpan& mapping : event.mappings) {
    const std::uint64_t start = std::max(mapping.start / kPageBytes, last);
    const std::uint64_t end = std::min(mapping.end, ranges::kAddressLimit) / kPageBytes;
    if (start >= end || pages.size() == kMaxTraceMappings) continue;
    pages.push_back({start, end});
    last = end;
  }
  PutNumber(out, pages.size());
  last = 0;
  for (const ranges::AddressSpan& span : pages) {
    PutNumber(out, span.start - last);
    PutNumber(out, span.end - span.start);
    last = span.end;
  }
}

bool DecodeProcess(Taker& taker, TraceEvent& event) {
  event.process.key = taker.Key();
  event.command = taker.Bytes(taker.Bounded(kMaxTraceCommand));
  std::uint64_t count = taker.Bounded(kMaxTraceMappings);
  constexpr std::uint64_t kMostPages = ranges::kAddressLimit / kPageBytes;
  std::uint64_t last = 0;
  for (; count > 0 && taker.good(); --count) {
    const std::uint64_t start = last + taker.Bounded(kMostPages - last);
    const std::uint64_t end = start + taker.Bounded(kMostPages - start);
    if (start == end) return false;
    event.mappings.push_back({start * kPageBytes, end * kPageBytes});
    last = end;
  }
  return true;
}

void EncodeSamples(const TraceEvent& event, std::string& out) {
  PutNumber(out, event.samples.size());
  std::unordered_map<std::uint64_t, std::uint64_t> numbers;
  std::uint64_t last = 0;
  for (const ranges::Sample& sample : event.samples) {
    const auto [number, is_new] = numbers.try_emplace(sample.process.key, numbers.size());
    PutNumber(out, number->second);
    if (is_new) PutLittle(out, sample.process.key, 8);
    PutSigned(out, static_cast<std::int64_t>(sample.address - last));
    last = sample.address;
    PutNumber(out, sample.weight);
  }
}

void DecodeSamples(Taker& taker, TraceEvent& event) {
  std::uint64_t count = taker.Bounded(kMaxTraceSamples);
  std::vector<std::uint64_t> keys;
  std::uint64_t last = 0;
  for (; count > 0 && taker.good(); --count) {
    const std::uint64_t number = taker.Bounded(keys.size());
    if (number == keys.size()) keys.push_back(taker.Key());
    last += static_cast<std::uint64_t>(taker.Signed());
    const std::uint64_t weight = taker.Bounded(std::numeric_limits<std::uint32_t>::max());
    if (taker.good()) event.samples.push_back({{keys[number]}, last, static_cast<std::uint32_t>(weight)});
  }
}

}  // namespace

void PutLittle(std::string& out, std::uint64_t value, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; ++i) out.push_back(static_cast<char>(value >> 8 * i));
}

std::uint64_t GetLittle(std::string_view bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

std::uint32_t TraceChecksum(std::uint32_t kind, std::string_view payload) {
  std::string head;
  PutLittle(head, kind, 4);
  PutLittle(head, payload.size(), 4);
  const auto* const head_bytes = reinterpret_cast<const Bytef*>(head.data());
  const auto* const bytes = reinterpret_cast<const Bytef*>(payload.data());
  const uLong crc = crc32(crc32(0, nullptr, 0), head_bytes, static_cast<uInt>(head.size()));
  // Without bytes zlib would start anew.
  if (payload.empty()) return static_cast<std::uint32_t>(crc);
  return static_cast<std::uint32_t>(crc32(crc, bytes, static_cast<uInt>(payload.size())));
}

std::string EncodeTraceChunk(const TraceEvent& event) {
  std::string payload;
  if (event.kind != TraceKind::kEnd) PutNumber(payload, static_cast<std::uint64_t>(event.time.count()));
  if (event.kind == TraceKind::kProcess) EncodeProcess(event, payload);
  if (event.kind == TraceKind::kGone) PutLittle(payload, event.process.key, 8);
  if (event.kind == TraceKind::kSamples) EncodeSamples(event, payload);
  std::string chunk;
  PutLittle(chunk, static_cast<std::uint32_t>(event.kind), 4);
  PutLittle(chunk, payload.size(), 4);
  PutLittle(chunk, TraceChecksum(static_cast<std::uint32_t>(event.kind), payload), 4);
  return chunk + payload;
}

bool DecodeTracePayload(std::string_view payload, TraceEvent& event) {
  const TraceKind kind = event.kind;
  event = {};
  event.kind = kind;
  Taker taker(payload);
  if (kind == TraceKind::kEnd) return taker.done();
  event.time = std::chrono::nanoseconds(taker.Bounded(std::numeric_limits<std::int64_t>::max()));
  if (kind == TraceKind::kProcess && !DecodeProcess(taker, event)) return false;
  if (kind == TraceKind::kGone) event.process.key = taker.Key();
  if (kind == TraceKind::kSamples) DecodeSamples(taker, event);
  return taker.done();
}

}  // namespace hypertier::agent

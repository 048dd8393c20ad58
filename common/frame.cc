// SPDX-License-Identifier: Apache-2.0
#include "common/frame.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>

namespace hypertier {
namespace {

constexpr std::string_view kMagic = "HTF1";

// Below this an emptied buffer is kept: quiet links then neither hold much nor allocate for each message.
constexpr std::size_t kKeepCapacity = 512;

void PutU32(std::string& out, std::uint32_t value) {
  for (int shift = 0; shift < 32; shift += 8) out.push_back(static_cast<char>((value >> shift) & 0xff));
}

std::uint32_t GetU32(std::string_view bytes) {
  std::uint32_t value = 0;
  for (int i = 3; i >= 0; --i) value = (value << 8) | static_cast<unsigned char>(bytes[static_cast<std::size_t>(i)]);
  return value;
}

std::uint32_t Checksum(std::string_view payload) {
  return static_cast<std::uint32_t>(
      crc32(0, reinterpret_cast<const Bytef*>(payload.data()), static_cast<uInt>(payload.size())));
}

// What the bytes begin with.
struct Head {
  enum { kFrame, kUnfinished, kGarbage } kind;
  std::string_view payload = {};  // of a frame
  std::size_t checked = 0;        // bytes of a payload whose checksum turned out wrong
  const char* problem = nullptr;  // of garbage
};

Head Inspect(std::string_view bytes) {
  const std::size_t known = std::min(bytes.size(), kMagic.size());
  if (bytes.substr(0, known) != kMagic.substr(0, known)) return {Head::kGarbage, {}, 0, "no frame begins here"};
  if (bytes.size() < 8) return {Head::kUnfinished};
  const std::size_t length = GetU32(bytes.substr(4));
  if (length > kMaxFramePayload) return {Head::kGarbage, {}, 0, "a frame is larger than 64 KiB"};
  if (bytes.size() < kFrameHeader + length) return {Head::kUnfinished};
  const std::string_view payload = bytes.substr(kFrameHeader, length);
  if (Checksum(payload) != GetU32(bytes.substr(8))) return {Head::kGarbage, {}, length, "a frame's checksum is wrong"};
  return {Head::kFrame, payload};
}

// Where a magic may begin at the end of `bytes`, not before `from`; bytes.size() if it cannot.
std::size_t PartialMagic(std::string_view bytes, std::size_t from) {
  for (std::size_t length = kMagic.size() - 1; length > 0; --length) {
    if (bytes.size() >= from + length && bytes.ends_with(kMagic.substr(0, length))) return bytes.size() - length;
  }
  return bytes.size();
}

}  // namespace

std::string EncodeFrame(std::string_view payload) {
  std::string frame;
  frame.reserve(kFrameHeader + payload.size());
  frame.append(kMagic);
  PutU32(frame, static_cast<std::uint32_t>(payload.size()));
  PutU32(frame, Checksum(payload));
  frame.append(payload);
  return frame;
}

void FrameDecoder::Append(std::string_view bytes) {
  buffer_.erase(0, start_);
  start_ = 0;
  buffer_.append(bytes);
}

absl::StatusOr<std::optional<std::string>> FrameDecoder::Next() {
  while (buffered() > 0) {
    const std::string_view rest = Rest();
    const Head head = Inspect(rest);
    if (head.kind == Head::kFrame) {
      std::string payload(head.payload);
      Drop(kFrameHeader + payload.size());
      skipped_ = 0;
      return payload;
    }
    if (mode_ == Mode::kStrict) {
      if (head.kind == Head::kUnfinished) return std::nullopt;
      return absl::DataLossError(fmt::format("cannot follow the stream: {}", head.problem));
    }
    const std::size_t from = std::min(scanned_, rest.size());
    std::size_t next = rest.find(kMagic, from);
    if (head.kind == Head::kUnfinished && next == std::string_view::npos) {
      scanned_ = std::max(from, rest.size() - std::min(rest.size(), kMagic.size() - 1));
      return std::nullopt;
    }
    if (next == std::string_view::npos) next = PartialMagic(rest, from);
    skipped_ += head.checked;
    if (absl::Status status = SkipTo(next); !status.ok()) return status;
  }
  return std::nullopt;
}

absl::Status FrameDecoder::SkipTo(std::size_t position) {
  skipped_ += position;
  Drop(position);
  if (skipped_ <= kMaxSkip) return absl::OkStatus();
  return absl::DataLossError(fmt::format("cannot follow the stream: no frame in {} bytes", kMaxSkip));
}

void FrameDecoder::Drop(std::size_t count) {
  start_ += count;
  scanned_ = 1;
  if (start_ < buffer_.size()) return;
  start_ = 0;
  if (buffer_.capacity() > kKeepCapacity) {
    std::string().swap(buffer_);
  } else {
    buffer_.clear();
  }
}

void FrameDecoder::Reset() {
  skipped_ = 0;
  start_ = buffer_.size();
  Drop(0);
}

}  // namespace hypertier

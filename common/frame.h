// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace hypertier {

// Frames of the agent channel: magic "HTF1", payload length (u32, little-endian), CRC-32 (zlib's) of the payload
// (u32, little-endian), payload (one serialized message of hypertier/agent/v1/agent.proto, at most kMaxFramePayload).
//
// A virtio-serial port is a byte pipe that outlives both ends: after either side restarts, the other may first read the tail of an old
// frame. The magic and the checksum let a reader find the next frame boundary.
inline constexpr std::size_t kFrameHeader = 12;
inline constexpr std::size_t kMaxFramePayload = 64 * 1024;

// The frame around `payload`, which must not be larger than kMaxFramePayload.
std::string EncodeFrame(std::string_view payload);

// Turns a stream of untrusted bytes into payloads. Holds at most one frame (kFrameHeader + kMaxFramePayload) plus what one Append brings.
class FrameDecoder {
 public:
  enum class Mode {
    // Bytes that are no frame are skipped, up to kMaxSkip of them in a row: what a reader uses until it has seen a first good frame.
    kSeek,
    // Anything but a frame is an error: what the host uses once it is in step.
    kStrict,
  };
  // Two frames: more garbage than a stale one can leave behind.
  static constexpr std::size_t kMaxSkip = 2 * (kFrameHeader + kMaxFramePayload);

  explicit FrameDecoder(Mode mode) : mode_(mode) {}

  void set_mode(Mode mode) { mode_ = mode; }

  // Adds what was read.
  void Append(std::string_view bytes);

  // The next payload; nullopt when more bytes are needed; an error when the stream cannot be followed any more (then
  // Reset() or drop the link).
  absl::StatusOr<std::optional<std::string>> Next();

  // Forgets everything buffered.
  void Reset();

  std::size_t buffered() const { return buffer_.size(); }

 private:
  Mode mode_;
  std::string buffer_;
  std::size_t skipped_ = 0;
};

}  // namespace hypertier

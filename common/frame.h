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
// A virtio-serial port is a byte pipe that outlives both ends: after either side restarts, the other may first read the
// tail of an old frame. The magic and the checksum let a reader find the next frame boundary.
inline constexpr std::size_t kFrameHeader = 12;
inline constexpr std::size_t kMaxFramePayload = 64 * 1024;

// The frame around `payload`, which must not be larger than kMaxFramePayload.
std::string EncodeFrame(std::string_view payload);

// Turns a stream of untrusted bytes into payloads, in time linear in the bytes whatever they are. A caller calls Next()
// until it has no more after each Append; then at most one frame (kFrameHeader + kMaxFramePayload) plus what one Append
// brings is held, and nothing once all is read.
class FrameDecoder {
 public:
  enum class Mode {
    // Bytes that are no frame are skipped, up to kMaxSkip of them in a row: what a reader uses until it has seen a
    // first good frame. A wrong checksum costs the bytes that it was computed over. A magic inside an unfinished frame
    // means that the frame was cut off.
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

  // Bytes taken in and neither handed out nor skipped: after Next() said nullopt, the beginning of a frame.
  std::size_t buffered() const { return buffer_.size() - start_; }

  // What the decoder holds of the heap.
  std::size_t capacity() const { return buffer_.capacity(); }

 private:
  std::string_view Rest() const { return std::string_view(buffer_).substr(start_); }
  void Drop(std::size_t count);
  absl::Status SkipTo(std::size_t position);

  Mode mode_;
  std::string buffer_;
  // buffer_ before here is used up; it is moved out of the way once per Append, not once per frame.
  std::size_t start_ = 0;
  // Rest() from 1 up to here holds no complete magic.
  std::size_t scanned_ = 1;
  // Cost of the garbage since the last good frame.
  std::size_t skipped_ = 0;
};

}  // namespace hypertier

// SPDX-License-Identifier: Apache-2.0
//
// FrameDecoder on any bytes in any pieces. Input: a mode, then pieces, each a length byte (64 and more: times 64) and
// its bytes.
#include <algorithm>
#include <string>

#include "common/frame.h"
#include "tests/fuzz/input.h"

using hypertier::EncodeFrame;
using hypertier::FrameDecoder;
using hypertier::fuzz::Input;
using hypertier::fuzz::Require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input(data, size);
  const bool strict = (input.Byte() & 1) != 0;
  FrameDecoder decoder(strict ? FrameDecoder::Mode::kStrict : FrameDecoder::Mode::kSeek);
  std::string fed;
  std::string good;
  bool failed = false;
  while (!input.empty()) {
    const std::size_t length = input.Byte();
    const std::string_view piece = input.Take(length < 64 ? length : length * 64);
    fed += piece;
    decoder.Append(piece);
    while (true) {
      const auto next = decoder.Next();
      if (!next.ok()) {
        failed = true;
        decoder.Reset();
        break;
      }
      if (!next->has_value()) break;
      Require((*next)->size() <= hypertier::kMaxFramePayload, "a payload is no larger than allowed");
      good += EncodeFrame(**next);
      Require(fed.find(EncodeFrame(**next)) != std::string::npos, "a payload is what was framed");
    }
    if (failed && strict) return 0;
    Require(decoder.buffered() <= hypertier::kFrameHeader + hypertier::kMaxFramePayload, "at most one frame is held");
  }
  if (strict) Require(fed.starts_with(good), "a strict decoder leaves nothing out");
  return 0;
}

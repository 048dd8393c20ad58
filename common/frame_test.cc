// SPDX-License-Identifier: Apache-2.0
#include "common/frame.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace hypertier {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Mode = FrameDecoder::Mode;

// All payloads that `decoder` gives now; stops at an error, which it hands back.
std::vector<std::string> Drain(FrameDecoder& decoder, absl::Status* error = nullptr) {
  std::vector<std::string> payloads;
  while (true) {
    auto next = decoder.Next();
    if (!next.ok() && error != nullptr) *error = next.status();
    if (!next.ok() || !next->has_value()) return payloads;
    payloads.push_back(**next);
  }
}

std::string Payload(std::size_t size, unsigned seed = 1) {
  std::minstd_rand random(seed);
  std::string payload(size, '\0');
  for (char& c : payload) c = static_cast<char>(random());
  return payload;
}

TEST(Frame, LayoutIsMagicLengthCrcPayload) {
  EXPECT_EQ(EncodeFrame("123456789"), std::string("HTF1\x09\0\0\0\x26\x39\xf4\xcb", 12) + "123456789");
}

TEST(FrameDecoder, GivesBackWhatWasEncodedHoweverItIsCut) {
  const std::vector<std::string> payloads = {"", "a", Payload(200), Payload(kMaxFramePayload), "HTF1", Payload(4096)};
  std::string stream;
  for (const std::string& payload : payloads) stream += EncodeFrame(payload);
  for (const std::size_t chunk : {1ul, 2ul, 3ul, 7ul, 4096ul, stream.size()}) {
    FrameDecoder decoder(Mode::kStrict);
    std::vector<std::string> seen;
    for (std::size_t at = 0; at < stream.size(); at += chunk) {
      decoder.Append(std::string_view(stream).substr(at, chunk));
      for (std::string& payload : Drain(decoder)) seen.push_back(std::move(payload));
    }
    EXPECT_EQ(seen, payloads) << "chunk " << chunk;
    EXPECT_EQ(decoder.buffered(), 0u);
  }
}

TEST(FrameDecoder, StrictRefusesAtTheFirstWrongByte) {
  std::string bad_crc = EncodeFrame("hello");
  bad_crc.back() ^= 1;
  const std::pair<std::string, const char*> cases[] = {
      {"x", "no frame begins"},
      {"HTX", "no frame begins"},
      {std::string("HTF1\x01\0\x01\0", 8), "larger than 64 KiB"},
      {bad_crc, "checksum"},
      {EncodeFrame("good") + "junk", "no frame begins"},
  };
  for (const auto& [bytes, why] : cases) {
    FrameDecoder decoder(Mode::kStrict);
    decoder.Append(bytes);
    absl::Status error;
    Drain(decoder, &error);
    EXPECT_THAT(std::string(error.message()), HasSubstr(why));
  }
}

TEST(FrameDecoder, SeekFindsTheFrameBehindTheTailOfAnother) {
  const std::string stale = EncodeFrame(Payload(300));
  for (std::size_t cut = 0; cut <= stale.size(); ++cut) {
    FrameDecoder decoder(Mode::kSeek);
    decoder.Append(stale.substr(cut));
    decoder.Append(EncodeFrame("fresh"));
    EXPECT_EQ(Drain(decoder).back(), "fresh") << "cut " << cut;
  }
}

TEST(FrameDecoder, SeekFindsTheFrameBehindTheHeadOfAnother) {
  const std::string stale = EncodeFrame(Payload(60000));
  for (std::size_t cut = 0; cut < 400; ++cut) {
    FrameDecoder decoder(Mode::kSeek);
    std::vector<std::string> seen;
    for (const char c : stale.substr(0, cut) + EncodeFrame("fresh")) {
      decoder.Append(std::string_view(&c, 1));
      for (std::string& payload : Drain(decoder)) seen.push_back(std::move(payload));
    }
    EXPECT_THAT(seen, ElementsAre("fresh")) << "cut " << cut;
  }
}

TEST(FrameDecoder, SeekSkipsAFrameWithAWrongChecksum) {
  std::string wrong = EncodeFrame(Payload(100));
  wrong[50] ^= 1;
  FrameDecoder decoder(Mode::kSeek);
  decoder.Append(wrong + EncodeFrame("fresh"));
  EXPECT_THAT(Drain(decoder), ElementsAre("fresh"));
}

TEST(FrameDecoder, SeekGivesUpAfterMoreGarbageThanAStaleFrameLeaves) {
  FrameDecoder decoder(Mode::kSeek);
  absl::Status error;
  std::size_t fed = 0;
  for (; error.ok() && fed < 10 * FrameDecoder::kMaxSkip; fed += 1000) {
    decoder.Append(std::string(1000, 'x'));
    EXPECT_THAT(Drain(decoder, &error), IsEmpty());
  }
  EXPECT_FALSE(error.ok());
  EXPECT_LE(fed, FrameDecoder::kMaxSkip + 2000);
  decoder.Reset();
  decoder.Append(EncodeFrame("again"));
  EXPECT_THAT(Drain(decoder), ElementsAre("again"));
}

// Each of these headers promises 64 KiB and each would have its checksum computed over the same bytes.
TEST(FrameDecoder, HeadersWithinPayloadsDoNotMultiplyTheWork) {
  std::string hostile;
  while (hostile.size() < 3 * kMaxFramePayload) hostile += std::string("HTF1\0\0\x01\0crc?", 12);
  FrameDecoder decoder(Mode::kSeek);
  decoder.Append(hostile);
  absl::Status error;
  EXPECT_THAT(Drain(decoder, &error), IsEmpty());
  EXPECT_FALSE(error.ok());
}

TEST(FrameDecoder, HoldsNoMoreThanOneFrameAndReleasesItWhenRead) {
  FrameDecoder decoder(Mode::kSeek);
  const std::string frame = EncodeFrame(Payload(kMaxFramePayload));
  for (int round = 0; round < 3; ++round) {
    for (std::size_t at = 0; at < frame.size(); at += 1000) {
      decoder.Append(std::string_view(frame).substr(at, 1000));
      Drain(decoder);
      EXPECT_LE(decoder.buffered(), frame.size());
      EXPECT_LE(decoder.capacity(), 2 * (frame.size() + 1000));
    }
    EXPECT_LE(decoder.capacity(), 1024u);
  }
}

}  // namespace
}  // namespace hypertier

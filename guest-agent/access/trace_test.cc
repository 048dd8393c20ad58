// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <random>

#include "guest-agent/access/replay.h"
#include "guest-agent/access/trace_reader.h"
#include "guest-agent/access/trace_writer.h"

namespace hypertier::agent {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

constexpr ranges::Time kStart = ranges::Time(std::chrono::hours(2));

Target MakeTarget(std::uint64_t key, const std::string& command) {
  Target target;
  target.id = {key};
  target.pid = static_cast<pid_t>(key);
  target.command = command;
  target.mappings = {{0x400000, 0x600000}, {0x7f0000000000, 0x7f0000400000}};
  return target;
}

TraceReader::Source FromMemory(std::string bytes) {
  return [bytes = std::move(bytes), at = std::size_t{0}](char* to,
                                                         std::size_t size) mutable -> absl::StatusOr<std::size_t> {
    // In odd pieces.
    const std::size_t count = std::min({size, bytes.size() - at, std::size_t{7}});
    bytes.copy(to, count, at);
    at += count;
    return count;
  };
}

class TraceTest : public ::testing::Test {
 protected:
  TraceTest() { close(mkstemp(path_.data())); }
  ~TraceTest() override { unlink(path_.c_str()); }

  // Two processes, three polls, one leaves.
  void Record(Bytes most = Bytes::MiB(1)) {
    auto writer = TraceWriter::Create(path_, most);
    ASSERT_TRUE(writer.ok());
    TargetTable targets;
    targets.Add(MakeTarget(1, "a"));
    targets.Add(MakeTarget(2, "b"));
    ASSERT_TRUE(writer->Write(kStart, targets, First()).ok());
    ASSERT_TRUE(writer->Write(kStart + milliseconds(100), targets, {}).ok());
    targets.Remove({2});
    const ranges::Sample second[] = {{{1}, 0x401000, 4093}};
    ASSERT_TRUE(writer->Write(kStart + milliseconds(250), targets, second).ok());
    ASSERT_TRUE(writer->Finish().ok());
    EXPECT_LE(writer->written(), most);
  }
  static std::vector<ranges::Sample> First() {
    return {{{1}, 0x400123, 4093}, {{2}, 0x7f0000001000, 65521}, {{1}, 0x400000, UINT32_MAX}, {{2}, 0, 0}};
  }
  std::string Read() {
    std::ifstream file(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void Write(const std::string& bytes) { std::ofstream(path_, std::ios::binary) << bytes; }

  std::string path_ = "/tmp/hypertier-trace-XXXXXX";
};

TEST_F(TraceTest, ReplaysWhatWasRecordedInItsOwnTime) {
  Record();
  auto replay = Replay::Open(path_, Replay::Processes::kAsRecorded);
  ASSERT_TRUE(replay.ok()) << replay.status();
  const TargetTable none;
  std::vector<ranges::Sample> samples;
  const ranges::Time now(std::chrono::hours(9));
  (*replay)->Poll(now, none, samples);
  ASSERT_EQ(samples.size(), 4u);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(samples[i].process, First()[i].process);
    EXPECT_EQ(samples[i].address, First()[i].address);
    EXPECT_EQ(samples[i].weight, First()[i].weight);
  }
  ASSERT_EQ((*replay)->recorded().all().size(), 2u);
  EXPECT_EQ((*replay)->recorded().Find(ranges::ProcessId{2})->command, "b");
  EXPECT_EQ((*replay)->recorded().Find(ranges::ProcessId{1})->mappings, MakeTarget(1, "a").mappings);
  EXPECT_EQ((*replay)->NextDeadline(), now + milliseconds(250));
  (*replay)->Poll(now + milliseconds(249), none, samples);
  EXPECT_EQ(samples.size(), 4u);
  (*replay)->Poll(now + milliseconds(250), none, samples);
  EXPECT_EQ(samples.size(), 5u);
  EXPECT_EQ((*replay)->recorded().all().size(), 1u);
  EXPECT_TRUE((*replay)->over());
  EXPECT_TRUE((*replay)->status().ok());
  EXPECT_EQ((*replay)->NextDeadline(), ranges::Time::max());
}

TEST_F(TraceTest, ProcessesStandForLiveOnesOfTheSameName) {
  Record();
  auto replay = Replay::Open(path_);
  ASSERT_TRUE(replay.ok());
  TargetTable targets;
  targets.Add(MakeTarget(50, "other"));
  targets.Add(MakeTarget(60, "b"));
  std::vector<ranges::Sample> samples;
  (*replay)->Poll(kStart, targets, samples);
  ASSERT_EQ(samples.size(), 1u);
  EXPECT_EQ(samples[0].process.key, 60u);
  EXPECT_EQ((*replay)->stats().foreign, 2u);
  EXPECT_EQ((*replay)->stats().bad, 1u);
}

TEST_F(TraceTest, ATraceThatIsCutOffAnywhereGivesWhatCameBeforeAndSaysSo) {
  Record();
  const std::string whole = Read();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    auto reader = TraceReader::Create(FromMemory(whole.substr(0, size)));
    if (!reader.ok()) {
      EXPECT_LT(size, 12u);
      continue;
    }
    TraceEvent event;
    absl::StatusOr<bool> more = true;
    while (more.ok() && *more) more = reader->Next(event);
    ASSERT_FALSE(more.ok()) << size;
    EXPECT_THAT(std::string(more.status().message()), HasSubstr("cut off at byte"));
    EXPECT_FALSE(*reader->Next(event));
  }
}

TEST_F(TraceTest, EveryFlippedBitIsNoticed) {
  Record();
  const std::string whole = Read();
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    std::string damaged = whole;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ 1 << bit % 8);
    auto reader = TraceReader::Create(FromMemory(damaged));
    TraceEvent event;
    absl::StatusOr<bool> more = reader.ok();
    while (reader.ok() && more.ok() && *more) more = reader->Next(event);
    EXPECT_TRUE(!reader.ok() || !more.ok()) << bit;
  }
}

TEST_F(TraceTest, GarbageBehindARightChecksumIsRefusedOrHarmless) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 20000; ++round) {
    std::string payload(random() % 60, '\0');
    for (char& c : payload) c = static_cast<char>(random() >> random() % 8);
    TraceEvent event;
    event.kind = static_cast<TraceKind>(1 + random() % 4);
    if (!DecodeTracePayload(payload, event)) continue;
    EXPECT_LE(event.samples.size(), payload.size());
    ranges::Address last = 0;
    for (const auto& mapping : event.mappings) {
      EXPECT_LE(last, mapping.start);
      EXPECT_LT(mapping.start, mapping.end);
      EXPECT_LE(mapping.end, ranges::kAddressLimit);
      last = mapping.end;
    }
  }
}

TEST_F(TraceTest, KindsOfALaterAgentArePassedOver) {
  std::string bytes(kTraceMagic);
  PutLittle(bytes, kTraceVersion, 4);
  PutLittle(bytes, 99, 4);
  PutLittle(bytes, 3, 4);
  PutLittle(bytes, TraceChecksum(99, "abc"), 4);
  bytes += "abc" + EncodeTraceChunk(TraceEvent{});
  auto reader = TraceReader::Create(FromMemory(bytes));
  ASSERT_TRUE(reader.ok());
  TraceEvent event;
  EXPECT_FALSE(*reader->Next(event));
}

TEST_F(TraceTest, IsNeverLongerThanAllowedAndStillWhole) {
  auto writer = TraceWriter::Create(path_, Bytes(4096));
  ASSERT_TRUE(writer.ok());
  TargetTable targets;
  targets.Add(MakeTarget(1, "a"));
  absl::Status status = absl::OkStatus();
  for (int i = 0; status.ok() && i < 10000; ++i) status = writer->Write(kStart + milliseconds(i), targets, First());
  EXPECT_TRUE(absl::IsResourceExhausted(status));
  ASSERT_TRUE(writer->Finish().ok());
  EXPECT_LE(Read().size(), 4096u);
  auto reader = TraceReader::Open(path_);
  TraceEvent event;
  absl::StatusOr<bool> more = true;
  while (more.ok() && *more) more = reader->Next(event);
  EXPECT_TRUE(more.ok()) << more.status();
}

TEST_F(TraceTest, SaysWhatIsNoTrace) {
  for (const char* bytes : {"", "HTTRACE", "#!/bin/sh\necho hello\n"}) {
    Write(bytes);
    EXPECT_THAT(std::string(TraceReader::Open(path_).status().message()), HasSubstr("not a trace of accesses"));
  }
  Write(std::string("HTTRACE\n\2\0\0\0", 12));
  EXPECT_THAT(std::string(TraceReader::Open(path_).status().message()), HasSubstr("version 2"));
  EXPECT_TRUE(absl::IsNotFound(TraceReader::Open("/nonexistent/trace").status()));
}

}  // namespace
}  // namespace hypertier::agent

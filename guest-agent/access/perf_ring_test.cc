// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/access/perf_ring.h"

#include <gtest/gtest.h>
#include <linux/perf_event.h>

#include <cstring>
#include <random>
#include <vector>

namespace hypertier::agent {
namespace {

constexpr std::size_t kPageBytes = 4096;
constexpr std::size_t kData = 4096;

// A ring in plain memory, with the kernel's side of it.
class PerfRingTest : public ::testing::Test {
 protected:
  perf_event_mmap_page& control() { return *reinterpret_cast<perf_event_mmap_page*>(memory_.data()); }

  void Put(const void* bytes, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) {
      reinterpret_cast<std::uint8_t*>(memory_.data())[kPageBytes + control().data_head++ % kData] =
          static_cast<const std::uint8_t*>(bytes)[i];
    }
  }
  void PutRecord(std::uint32_t type, const std::vector<std::uint64_t>& body, int wrong_size = -1) {
    const auto size = static_cast<std::uint16_t>(wrong_size >= 0 ? wrong_size : 8 + 8 * body.size());
    const perf_event_header header = {type, 0, size};
    Put(&header, sizeof header);
    Put(body.data(), body.size() * 8);
  }
  void PutSample(std::uint32_t pid, std::uint64_t address, std::uint64_t period) {
    PutRecord(PERF_RECORD_SAMPLE, {pid, address, period, 0});
  }
  std::vector<PerfRecord> ReadAll() {
    std::vector<PerfRecord> records;
    ring_.Begin();
    for (PerfRecord record; ring_.Next(record);) records.push_back(record);
    ring_.End();
    return records;
  }

  // Words, for their alignment.
  std::vector<std::uint64_t> memory_ = std::vector<std::uint64_t>((kPageBytes + kData) / 8);
  PerfRing ring_{memory_.data(), kPageBytes, kData};
};

TEST_F(PerfRingTest, ReadsSamplesAcrossTheEndOfTheRingManyTimes) {
  for (std::uint64_t i = 0; i < 3000; ++i) {
    PutRecord(PERF_RECORD_COMM, {1});  // 16 bytes: every record comes to lie across the end
    PutSample(7, 0x1000 + i, 4093);
    const auto records = ReadAll();
    ASSERT_EQ(records.size(), 1u);
    EXPECT_EQ(records[0].pid, 7);
    EXPECT_EQ(records[0].address, 0x1000 + i);
    EXPECT_EQ(records[0].period, 4093u);
    EXPECT_EQ(control().data_tail, control().data_head);
  }
  EXPECT_EQ(ring_.malformed(), 0u);
}

TEST_F(PerfRingTest, TellsOfLostRecordsAndThrottling) {
  PutRecord(PERF_RECORD_LOST, {1, 12});
  PutRecord(PERF_RECORD_LOST_SAMPLES, {30});
  PutRecord(PERF_RECORD_THROTTLE, {1, 2, 3});
  PutRecord(PERF_RECORD_UNTHROTTLE, {1, 2, 3});
  const auto records = ReadAll();
  ASSERT_EQ(records.size(), 4u);
  EXPECT_EQ(records[0].lost, 12u);
  EXPECT_EQ(records[1].kind, PerfRecord::Kind::kLost);
  EXPECT_EQ(records[1].lost, 30u);
  EXPECT_EQ(records[2].kind, PerfRecord::Kind::kThrottle);
  EXPECT_EQ(records[3].kind, PerfRecord::Kind::kUnthrottle);
}

TEST_F(PerfRingTest, TellsWhatTheFirstCacheTook) {
  for (const auto& [level, is_first] :
       {std::pair(PERF_MEM_LVL_L1 | PERF_MEM_LVL_HIT, true), std::pair(PERF_MEM_LVL_L1 | PERF_MEM_LVL_MISS, false),
        std::pair(PERF_MEM_LVL_LOC_RAM | PERF_MEM_LVL_HIT, false), std::pair(PERF_MEM_LVL_NA, false)}) {
    perf_mem_data_src source = {};
    source.mem_op = PERF_MEM_OP_STORE;
    source.mem_lvl = static_cast<std::uint64_t>(level) & 0x3fff;
    PutRecord(PERF_RECORD_SAMPLE, {1, 2, 3, source.val});
    const auto records = ReadAll();
    ASSERT_EQ(records.size(), 1u);
    EXPECT_EQ(records[0].first_level, is_first);
  }
}

TEST_F(PerfRingTest, ARecordOfTheWrongLengthForItsTypeIsPassedOver) {
  PutRecord(PERF_RECORD_SAMPLE, {1});
  PutRecord(PERF_RECORD_LOST, {1});
  PutRecord(PERF_RECORD_LOST_SAMPLES, {});
  PutSample(1, 2, 3);
  EXPECT_EQ(ReadAll().size(), 1u);
  EXPECT_EQ(ring_.malformed(), 3u);
}

TEST_F(PerfRingTest, AfterASizeThatMakesNoSenseItGoesOnAtTheHead) {
  for (const int size : {0, 7, 9, 4096, 65535}) {
    PutSample(1, 1, 1);
    PutRecord(PERF_RECORD_SAMPLE, {1, 2, 3}, size);
    PutSample(1, 2, 1);
    EXPECT_EQ(ReadAll().size(), 1u) << size;
    PutSample(1, 3, 1);
    EXPECT_EQ(ReadAll().size(), 1u) << size;
  }
  EXPECT_EQ(ring_.malformed(), 5u);
}

TEST_F(PerfRingTest, AHeadThatIsNowhereLosesOneRoundOnly) {
  for (const std::uint64_t jump : {kData + 8, std::size_t{1} << 63, std::size_t{4}}) {
    const std::uint64_t malformed = ring_.malformed();
    control().data_head += jump;
    EXPECT_TRUE(ReadAll().empty());
    EXPECT_EQ(ring_.malformed(), malformed + 1);
    control().data_head += 8 - control().data_head % 8;
    ReadAll();
    PutSample(1, 2, 3);
    EXPECT_EQ(ReadAll().size(), 1u);
  }
}

TEST_F(PerfRingTest, AnyBytesAreReadWithoutHarm) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 2000; ++round) {
    std::uint64_t words[64];
    for (auto& word : words) word = random() & (random() | 0x00ff0000000000ffu);
    Put(words, 8 * (random() % 64));
    if (random() % 8 == 0) control().data_head += random() % 5000;
    EXPECT_LE(ReadAll().size(), kData / 8);
  }
}

TEST(PerfRing, NoRingIsEmpty) {
  PerfRing ring;
  PerfRecord record;
  ring.Begin();
  EXPECT_FALSE(ring.Next(record));
  ring.End();
}

}  // namespace
}  // namespace hypertier::agent

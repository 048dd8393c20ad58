// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/ranges/residency.h"

#include <gtest/gtest.h>

#include "guest-agent/ranges/areas.h"
#include "guest-agent/ranges/deferred.h"
#include "guest-agent/ranges/test_memory.h"

namespace hypertier::ranges {
namespace {

using Pages = PerTier<std::uint32_t>;

TEST(Residency, KeepsWhatIsGivenAndForgetsWhatIsEmpty) {
  Residency residency(4);
  EXPECT_EQ(residency.Get(kProcess, Chunk(0)), Pages());
  EXPECT_TRUE(residency.Set(kProcess, Chunk(0), {100, 412}));
  EXPECT_TRUE(residency.Set(kProcess, Chunk(0), {90, 3}));
  EXPECT_EQ(residency.Get(kProcess, Chunk(0)), Pages(90, 3));
  EXPECT_EQ(residency.Get(ProcessId{2}, Chunk(0)), Pages());
  EXPECT_EQ(residency.blocks(), 1u);
  EXPECT_TRUE(residency.Set(kProcess, Chunk(0), {}));
  EXPECT_EQ(residency.blocks(), 0u);
}

TEST(Residency, HoldsNoMoreBlocksThanAllowed) {
  Residency residency(2);
  EXPECT_TRUE(residency.Set(kProcess, Chunk(0), {1, 0}));
  EXPECT_TRUE(residency.Set(kProcess, Chunk(64), {1, 0}));
  EXPECT_FALSE(residency.Set(kProcess, Chunk(128), {1, 0}));
  EXPECT_TRUE(residency.Set(kProcess, Chunk(128), {}));
  EXPECT_TRUE(residency.Set(kProcess, Chunk(1), {1, 0}));
  EXPECT_EQ(residency.blocks(), 2u);
}

TEST(Residency, CollectsTheChunksOfATierInOrderUpToALimit) {
  Residency residency(100);
  for (const std::uint64_t chunk : {3u, 500u, 70u, 64u}) residency.Set(kProcess, Chunk(chunk), {5, 0});
  residency.Set(kProcess, Chunk(65), {0, 9});
  residency.Set(ProcessId{2}, Chunk(66), {7, 0});
  const auto all = residency.Collect(TierId::kFmem, kProcess, Chunk(0), Chunk(1000), 100);
  ASSERT_EQ(all.size(), 4u);
  EXPECT_EQ(all[0].start, Chunk(3));
  EXPECT_EQ(all[3].start, Chunk(500));
  EXPECT_EQ(residency.Collect(TierId::kFmem, kProcess, Chunk(0), Chunk(1000), 2).size(), 2u);
  EXPECT_EQ(residency.Collect(TierId::kFmem, kProcess, Chunk(64), Chunk(70), 9).size(), 1u);
  EXPECT_EQ(residency.Collect(TierId::kFmem, kProcess, Chunk(65), Chunk(71), 9).size(), 1u);
  EXPECT_EQ(residency.Collect(TierId::kSmem, kProcess, Chunk(0), Chunk(1000), 9).size(), 1u);
}

TEST(Residency, ErasesASpanAndNothingElse) {
  Residency residency(100);
  for (std::uint64_t chunk = 0; chunk < 200; ++chunk) residency.Set(kProcess, Chunk(chunk), {1, 1});
  residency.Erase(kProcess, Chunk(10), Chunk(190));
  int left = 0;
  residency.ForEach(kProcess, 0, kAddressLimit, [&](const Residency::Chunk& chunk) {
    ++left;
    EXPECT_TRUE(chunk.start < Chunk(10) || chunk.start >= Chunk(190));
  });
  EXPECT_EQ(left, 20);
  // 64 chunks a block: the first, and the two that hold 190 to 199.
  EXPECT_EQ(residency.blocks(), 3u);
}

TEST(Areas, AreMappingsWithoutTheHolesSmallerThanAChunk) {
  const std::vector<AddressSpan> mappings = {
      {0x400000, 0x401000},          {0x5ff000, 0x601000},  // two chunks, both touched
      {0xa00000, 0xa01000},                                 // chunk 4 lies in between
      {Chunk(0) + 0x1000, Chunk(1)}, {Chunk(1), Chunk(3) + 0x1000},
  };
  const auto areas = MakeAreas(mappings);
  ASSERT_TRUE(areas.ok());
  ASSERT_EQ(areas->size(), 3u);
  EXPECT_EQ((*areas)[0].span, (AddressSpan{0x400000, 0x601000}));
  EXPECT_EQ((*areas)[1].span, (AddressSpan{0xa00000, 0xa01000}));
  EXPECT_EQ((*areas)[2].span, (AddressSpan{Chunk(0) + 0x1000, Chunk(3) + 0x1000}));
  EXPECT_EQ((*areas)[2].last_chunk_end(), Chunk(4));
}

TEST(Areas, RefusesWhatIsNoMapAndSaysSo) {
  for (const std::vector<AddressSpan>& wrong : std::vector<std::vector<AddressSpan>>{
           {{5, 5}}, {{9, 5}}, {{4096, 8192}, {0, 4096}}, {{0, 8192}, {4096, 12288}}, {{0, kAddressLimit + 1}}}) {
    const auto areas = MakeAreas(wrong);
    ASSERT_FALSE(areas.ok());
    EXPECT_EQ(areas.status().code(), absl::StatusCode::kInvalidArgument);
  }
}

TEST(Deferred, IsBoundedAndForgetsInTime) {
  Deferred deferred(3);
  const Time now{};
  for (int i = 0; i < 5; ++i)
    deferred.Add(kProcess, Chunk(static_cast<std::uint64_t>(i)), now + std::chrono::seconds(i + 1));
  EXPECT_EQ(deferred.size(), 3u);
  EXPECT_FALSE(deferred.Contains(kProcess, Chunk(0)));
  EXPECT_TRUE(deferred.Contains(kProcess, Chunk(4)));
  deferred.Expire(now + std::chrono::seconds(4));
  EXPECT_EQ(deferred.size(), 1u);
  deferred.Remove(kProcess);
  EXPECT_EQ(deferred.size(), 0u);
}

}  // namespace
}  // namespace hypertier::ranges

// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/targets/maps.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "guest-agent/targets/shared_memory.h"

namespace hypertier::agent {
namespace {

using ranges::AddressSpan;
using ranges::kChunk;
using ranges::ProcessId;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Spans = std::vector<AddressSpan>;

bool AdmitAll(FileId, std::uint64_t, std::uint64_t) {
  return true;
}

Spans Parse(std::string_view text) {
  MapsParser parser(AdmitAll);
  parser.Feed(text);
  return parser.Finish();
}

// One line, in the kernel's form; number `n` lies n * 1 GiB up.
std::string Line(std::uint64_t n, std::string_view flags, std::string_view file, std::string_view name) {
  const std::uint64_t start = n << 30;
  const std::string head = fmt::format("{:08x}-{:08x} {} 00000000 {} ", start, start + kChunk.count(), flags, file);
  return head + std::string(head.size() < 73 ? 73 - head.size() : 0, ' ') + std::string(name) + "\n";
}

bool Takes(std::string_view flags, std::string_view file, std::string_view name) {
  return !Parse(Line(1, flags, file, name)).empty();
}

TEST(MapsParser, TakesWhatBelongsToTheProcess) {
  EXPECT_TRUE(Takes("rw-p", "00:00 0", ""));
  EXPECT_TRUE(Takes("rw-p", "00:00 0", "[heap]"));
  EXPECT_TRUE(Takes("rw-p", "00:00 0", "[stack]"));
  EXPECT_TRUE(Takes("rw-p", "00:00 0", "[anon:Go: heap]"));
  EXPECT_TRUE(Takes("rwxp", "00:00 0", ""));
  EXPECT_TRUE(Takes("r--p", "00:00 0", ""));
  EXPECT_TRUE(Takes("rw-p", "fe:01 4711", "/usr/lib/libc.so.6"));
  EXPECT_TRUE(Takes("rw-p", "00:01 9", "/dev/zero"));
}

TEST(MapsParser, TakesSharedMemory) {
  EXPECT_TRUE(Takes("rw-s", "00:01 1024", "/dev/zero (deleted)"));
  EXPECT_TRUE(Takes("rw-s", "00:01 3", "/SYSV00000000 (deleted)"));
  EXPECT_TRUE(Takes("r--s", "00:19 3", "/dev/shm/PostgreSQL.1"));
  EXPECT_TRUE(Takes("rw-s", "00:01 2051", "/memfd:buffers (deleted)"));
  EXPECT_TRUE(Takes("rw-s", "00:01 2051", "[anon_shmem:pool]"));
}

TEST(MapsParser, LeavesOutWhatDoesNot) {
  EXPECT_FALSE(Takes("---p", "00:00 0", ""));
  EXPECT_FALSE(Takes("r-xp", "fe:01 4711", "/usr/bin/redis-server"));
  EXPECT_FALSE(Takes("rw-s", "fe:01 4711", "/var/lib/db/pages"));
  EXPECT_FALSE(Takes("rw-p", "00:0f 77", "/anon_hugepage (deleted)"));
  EXPECT_FALSE(Takes("rw-s", "00:0f 77", "/dev/hugepages/pool"));
  EXPECT_FALSE(Takes("rw-p", "00:0f 77", "/mnt/hugepages/pool"));
  EXPECT_FALSE(Takes("rw-s", "00:05 77", "/dev/nvidia0"));
  EXPECT_FALSE(Takes("rw-p", "00:05 77", "/dev/mem"));
  EXPECT_FALSE(Takes("rw-s", "00:0e 77", "anon_inode:[perf_event]"));
  for (const char* name : {"[vvar]", "[vvar_vclock]", "[vdso]", "[vsyscall]", "[uprobes]"}) {
    EXPECT_FALSE(Takes("r--p", "00:00 0", name)) << name;
  }
  EXPECT_THAT(Parse("ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0 [vsyscall]\n"), IsEmpty());
}

TEST(MapsParser, JoinsNeighboursAsTheClassifierWould) {
  EXPECT_THAT(Parse("200000-201000 rw-p 00000000 00:00 0 \n"
                    "201000-300000 r-xp 00000000 fe:01 7    /bin/x\n"
                    "5ff000-600000 rw-p 00000000 00:00 0 \n"
                    "800000-801000 rw-p 00000000 00:00 0 \n"),
              ElementsAre(AddressSpan{0x200000, 0x600000}, AddressSpan{0x800000, 0x801000}));
}

TEST(MapsParser, GivesTheSameHoweverTheTextIsCut) {
  std::string text;
  for (std::uint64_t n = 1; n < 20; ++n) text += Line(n, n % 3 == 0 ? "r-xp" : "rw-p", "00:00 0", "[anon:a name]");
  const Spans whole = Parse(text);
  EXPECT_EQ(whole.size(), 19u);
  for (std::size_t size : {1u, 2u, 7u, 63u, 64u, 500u}) {
    MapsParser parser(AdmitAll);
    for (std::size_t at = 0; at < text.size(); at += size) parser.Feed(std::string_view(text).substr(at, size));
    EXPECT_EQ(parser.Finish(), whole) << size;
  }
}

TEST(MapsParser, KeepsTheLargestOfTooMany) {
  MapsParser parser(AdmitAll, 2);
  for (std::uint64_t n = 1; n <= 9; ++n) {
    parser.Feed(fmt::format("{:x}-{:x} rw-p 0 00:00 0\n", n << 30, (n << 30) + (n % 5 + 1) * 4096));
  }
  EXPECT_THAT(parser.Finish(), ElementsAre(AddressSpan{4ull << 30, (4ull << 30) + 5 * 4096},
                                           AddressSpan{9ull << 30, (9ull << 30) + 5 * 4096}));
  EXPECT_EQ(parser.dropped_spans(), 7u);
}

TEST(MapsParser, PassesOverWhatIsMalformed) {
  MapsParser parser(AdmitAll);
  const std::string good = "10000000-10001000 rw-p 00000000 00:00 0\n";
  parser.Feed("\nx\n-\n1-\n1000-2000\n1000-2000 rw\n1000-2000 rw-p\n1000-2000 rw-p x\n1000-2000 rw-p 0 1:z 0\n");
  parser.Feed(
      "2000-1000 rw-p 0 00:00 0\n11111111111111111-22222222222222222 rw-p 0 00:00 0\n1000-2000 rw-p 0 0:0 -1\n");
  EXPECT_EQ(parser.bad_lines(), 12u);
  parser.Feed(std::string(100'000, 'z'));
  parser.Feed("\n" + good);
  // Not in order, and reaching back.
  parser.Feed("1000-2000 rw-p 00000000 00:00 0\n10000000-10002000 rw-p 00000000 00:00 0");
  EXPECT_THAT(parser.Finish(), ElementsAre(AddressSpan{0x10000000, 0x10002000}));
  parser.Feed("1000-2000 rw-p 00000000 00:00 0\n");
  EXPECT_THAT(parser.Finish(), ElementsAre(AddressSpan{0x1000, 0x2000}));
}

TEST(SharedMemory, CountsOnceWhateverItsSharers) {
  SharedMemory shared;
  const FileId file{1, 1024};
  const auto read = [&](std::uint64_t process, std::vector<std::uint64_t> offsets) {
    std::vector<bool> claimed;
    shared.Begin(ProcessId{process});
    for (const std::uint64_t offset : offsets) claimed.push_back(shared.Claim(file, offset, 4096));
    shared.End();
    return claimed;
  };
  EXPECT_THAT(read(1, {0, 4096, 8192}), ElementsAre(true, true, true));
  EXPECT_THAT(read(2, {0}), ElementsAre(false));
  // Again, and mapped twice by one process.
  EXPECT_THAT(read(1, {0, 4096, 0, 4096}), ElementsAre(true, true, false, false));
  // Unmapped: the next one has it.
  EXPECT_THAT(read(1, {}), IsEmpty());
  EXPECT_THAT(read(2, {0}), ElementsAre(true));
  shared.Release(ProcessId{2});
  EXPECT_THAT(read(1, {4096}), ElementsAre(true));
  EXPECT_EQ(shared.size(), 1u);
}

TEST(SharedMemory, IsBounded) {
  SharedMemory shared(2);
  shared.Begin(ProcessId{1});
  EXPECT_TRUE(shared.Claim({1, 1}, 0, 4096));
  EXPECT_TRUE(shared.Claim({1, 2}, 0, 4096));
  EXPECT_FALSE(shared.Claim({1, 3}, 0, 4096));
  EXPECT_FALSE(shared.Claim({1, 1}, UINT64_MAX, 4096));
}

}  // namespace
}  // namespace hypertier::agent

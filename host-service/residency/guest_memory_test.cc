// SPDX-License-Identifier: Apache-2.0
#include "host-service/residency/guest_memory.h"

#include <gmock/gmock.h>

#include "common/text.h"

namespace hypertier {
namespace {

using ::testing::HasSubstr;

const Backends kEqual = {{TierId::kFmem, "ram-node0", Bytes::MiB(64)}, {TierId::kSmem, "ram-node1", Bytes::MiB(64)}};
const Backends kUnequal = {{TierId::kFmem, "ram-node0", Bytes::MiB(64)}, {TierId::kSmem, "ram-node1", Bytes::MiB(256)}};
// With virtio-mem, as the cells have it.
const Backends kDevices = {{TierId::kFmem, "ram-node0", Bytes::MiB(64)},
                           {TierId::kSmem, "ram-node1", Bytes::MiB(64)},
                           {TierId::kSmem, "virtiomem0", Bytes::MiB(256)},
                           {TierId::kFmem, "virtiomem1", Bytes::MiB(64)}};

OpenFile Memfd(int fd, Bytes size) {
  return {
      .fd = fd, .link = "/memfd:memory-backend-memfd (deleted)", .device = 1, .inode = ino_t(100 + fd), .size = size};
}

Mapping Mapped(std::uint64_t begin, Bytes size) {
  Mapping mapping;
  mapping.begin = begin;
  mapping.size = size;
  mapping.writable = true;
  mapping.is_private = true;
  return mapping;
}

// As QEMU 7.2 has them, with two cells of 64 MiB in anonymous memory.
constexpr char kSmaps[] =
    "7fe888000000-7fe888021000 rw-p 00000000 00:00 0 \n"
    "Size:                132 kB\n"
    "Rss:                   8 kB\n"
    "7fe888021000-7fe88c000000 ---p 00000000 00:00 0 \n"
    "Rss:                   0 kB\n"
    "7fe88fc00000-7fe893c00000 rw-p 00000000 00:00 0 \n"
    "Size:              65536 kB\n"
    "KernelPageSize:        4 kB\n"
    "Rss:                4096 kB\n"
    "Pss:                4000 kB\n"
    "VmFlags: rd wr mr mw me ac sd \n"
    "7fe893e00000-7fe897e00000 rw-p 00000000 00:00 0 \n"
    "Size:              65536 kB\n"
    "Rss:                8192 kB\n"
    "7fe898000000-7fe8d7fff000 rwxp 00000000 00:00 0 \n"
    "Rss:                  60 kB\n"
    "7fa16bffe000-7fa16fffe000 rw-s 00000000 00:01 28                         /memfd:memory-backend-memfd (deleted)\n"
    "Rss:                  12 kB\n";

TEST(ParseMappings, ReadsRangesRightsInodesAndResidentMemory) {
  const std::vector<Mapping> mappings = ParseMappings(kSmaps);
  ASSERT_EQ(mappings.size(), 6U);
  EXPECT_EQ(mappings[2].begin, 0x7fe88fc00000U);
  EXPECT_EQ(mappings[2].size, Bytes::MiB(64));
  EXPECT_EQ(mappings[2].resident, Bytes::MiB(4));
  EXPECT_TRUE(mappings[2].writable && mappings[2].is_private && !mappings[2].executable);
  EXPECT_TRUE(mappings[4].executable);
  EXPECT_FALSE(mappings[5].is_private);
  EXPECT_EQ(mappings[5].inode, 28U);
  EXPECT_EQ(mappings[5].resident, Bytes::KiB(12));
}

TEST(ParseMappings, SkipsWhatItDoesNotKnow) {
  EXPECT_TRUE(ParseMappings("").empty());
  EXPECT_TRUE(ParseMappings("Rss: 5 kB\n\nnonsense\nff\n10-5 rw-p 0 0:0 0\n1-2 rw 0 0:0 0\n1-2 rw-p").empty());
}

TEST(MatchAnonymous, TakesMappingsOfEqualSizeInOrderOfCreationWhichIsDownwards) {
  const auto cells = MatchAnonymous(ParseMappings(kSmaps), kEqual);
  ASSERT_TRUE(cells.ok()) << cells.status();
  EXPECT_EQ(cells->at(0).resident, Bytes::MiB(8));
  EXPECT_EQ(cells->at(1).resident, Bytes::MiB(4));
}

TEST(MatchAnonymous, TakesMappingsOfDifferentSizeBySize) {
  const std::vector<Mapping> mappings = {Mapped(1 << 20, Bytes::MiB(256)), Mapped(1 << 30, Bytes::MiB(64))};
  const auto cells = MatchAnonymous(mappings, kUnequal);
  ASSERT_TRUE(cells.ok()) << cells.status();
  EXPECT_EQ(cells->at(1).begin, 1U << 20);
}

TEST(MatchAnonymous, RefusesToGuess) {
  std::vector<Mapping> mappings(3, Mapped(0, Bytes::MiB(64)));
  EXPECT_EQ(MatchAnonymous(mappings, kEqual).status().code(), absl::StatusCode::kFailedPrecondition);
  mappings.resize(1);
  const auto missing = MatchAnonymous(mappings, kEqual);
  EXPECT_EQ(missing.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(ToString(missing.status().message()), HasSubstr("source type='memfd'"));
}

TEST(MatchMemfds, TellsCellsApartBySizeWhateverElseIsOpen) {
  const auto cells = MatchMemfds({{.fd = 3, .link = "/var/lib/disk.qcow2", .size = Bytes::MiB(64)},
                                  Memfd(9, Bytes::MiB(256)),
                                  Memfd(12, Bytes::KiB(8)),
                                  Memfd(11, Bytes::MiB(64)),
                                  Memfd(40, Bytes::MiB(64))},
                                 kUnequal);
  ASSERT_TRUE(cells.ok()) << cells.status();
  EXPECT_EQ(cells->at(0).fd, 11);
  EXPECT_EQ(cells->at(1).fd, 9);
}

TEST(MatchMemfds, TakesCellsOfEqualSizeInOrderOfCreation) {
  const auto cells = MatchMemfds(
      {Memfd(40, Bytes::MiB(64)), Memfd(9, Bytes::MiB(64)), Memfd(8, Bytes::MiB(64)), Memfd(7, Bytes::MiB(1))}, kEqual);
  ASSERT_TRUE(cells.ok()) << cells.status();
  EXPECT_EQ(cells->at(0).fd, 8);
  EXPECT_EQ(cells->at(1).fd, 9);
}

TEST(MatchMemfds, SaysWhatItFoundWhenACellIsMissing) {
  const auto cells = MatchMemfds({Memfd(8, Bytes::MiB(64)), Memfd(9, Bytes::MiB(320))}, kEqual);
  EXPECT_EQ(cells.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(ToString(cells.status().message()), HasSubstr("memfds of 64 MiB, 320 MiB"));
}

TEST(MatchMemfds, TakesDevicesOfACellsSizeAfterTheCells) {
  const auto memory = MatchMemfds(
      {Memfd(10, Bytes::MiB(64)), Memfd(11, Bytes::MiB(64)), Memfd(12, Bytes::MiB(256)), Memfd(13, Bytes::MiB(64))},
      kDevices);
  ASSERT_TRUE(memory.ok()) << memory.status();
  for (int i = 0; i < 4; ++i) EXPECT_EQ(memory->at(static_cast<std::size_t>(i)).fd, 10 + i);
}

TEST(MatchRamFiles, GoesByNameEvenWhenTheFilesAreDeleted) {
  const std::string directory = "/var/lib/libvirt/qemu/ram/3-vm/";
  const std::vector<OpenFile> files = {{.fd = 9, .link = directory + "ram-node1 (deleted)", .size = Bytes::MiB(64)},
                                       {.fd = 8, .link = directory + "ram-node0", .size = Bytes::MiB(64)},
                                       {.fd = 7, .link = directory + "ram-node10", .size = Bytes::MiB(64)}};
  const auto cells = MatchRamFiles(files, kEqual);
  ASSERT_TRUE(cells.ok()) << cells.status();
  EXPECT_EQ(cells->at(0).fd, 8);
  EXPECT_EQ(cells->at(1).fd, 9);
  EXPECT_EQ(MatchRamFiles(files, kUnequal).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(MatchRamFiles({files[0]}, kEqual).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST(CheckShared, RefusesMemoryThatIsNotInTheFile) {
  const std::vector<OpenFile> files = {Memfd(8, Bytes::MiB(64)), Memfd(9, Bytes::MiB(64))};
  Mapping mapping = Mapped(0, Bytes::MiB(64));
  mapping.inode = 109;
  mapping.is_private = false;
  EXPECT_TRUE(CheckShared({mapping}, files).ok());
  mapping.is_private = true;
  const absl::Status status = CheckShared({mapping}, files);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(ToString(status.message()), HasSubstr("is mapped private"));
}

}  // namespace
}  // namespace hypertier

// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/placement/tiers.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace hypertier::agent {
namespace {

using std::chrono::seconds;

// A guest without hyperflex: CPUs on node 0 of 1 GiB, none on node 1.
class TierReaderTest : public ::testing::Test {
 protected:
  TierReaderTest() {
    Write("/sys/devices/system/node/has_cpu", "0\n");
    Write("/sys/devices/system/node/has_memory", "0-1\n");
    Write("/sys/devices/system/node/node0/meminfo", "Node 0 MemTotal: 1048576 kB\nNode 0 MemFree:  102400 kB\n");
    Write("/sys/devices/system/node/node1/meminfo", "Node 1 MemTotal: 4194304 kB\nNode 1 MemFree: 4096000 kB\n");
    SetLow(5000);
  }
  ~TierReaderTest() override { std::filesystem::remove_all(root_); }

  void Write(const std::string& path, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::path(root_ + path).parent_path());
    std::ofstream(root_ + path) << text;
  }
  void SetLow(int pages) {
    Write("/proc/zoneinfo", fmt::format("Node 0, zone    DMA32\n  pages free     25600\n        low      {}\n"
                                        "Node 1, zone   Normal\n  pages free     80000\n        low      70000\n",
                                        pages));
  }

  std::string root_ = [] {
    char folder[] = "/tmp/hypertier-tiers-XXXXXX";
    return std::string(mkdtemp(folder));
  }();
  TierReader reader_{root_, "/dev/hyperflex"};
};

TEST_F(TierReaderTest, WithoutHyperflexTheNodeWithCpusIsFmem) {
  const absl::StatusOr<TierView> view = reader_.Read(ranges::Time(seconds(1)));
  ASSERT_TRUE(view.ok()) << view.status();
  EXPECT_EQ(view->nodes, (PerTier<int>{0, 1}));
  EXPECT_EQ(view->capacity.fmem_usable, Bytes::GiB(1));
  EXPECT_EQ(view->capacity.free.fmem(), Bytes::MiB(100));
  EXPECT_EQ(view->capacity.free.smem(), Bytes::MiB(4000));
  EXPECT_EQ(view->vacate, Bytes());
}

TEST_F(TierReaderTest, FreeStaysWhatTheKernelKeepsAndHalfAPercent) {
  const Bytes half_percent = Bytes(Bytes::GiB(1).count() / 200);
  EXPECT_EQ(reader_.Read(ranges::Time(seconds(1)))->capacity.fmem_watermark, Bytes::KiB(4 * 5000) + half_percent);
  // Somebody sets vm.min_free_kbytes.
  SetLow(10000);
  EXPECT_EQ(reader_.Read(ranges::Time(seconds(2)))->capacity.fmem_watermark, Bytes::KiB(4 * 5000) + half_percent);
  EXPECT_EQ(reader_.Read(ranges::Time(seconds(90)))->capacity.fmem_watermark, Bytes::KiB(4 * 10000) + half_percent);
  // Not more than there is free; and a small FMEM is used all the same.
  SetLow(1'000'000);
  EXPECT_EQ(reader_.Read(ranges::Time(seconds(200)))->capacity.fmem_watermark, Bytes::MiB(100) + half_percent);
  Write("/sys/devices/system/node/node0/meminfo", "Node 0 MemTotal: 524288 kB\nNode 0 MemFree:  102400 kB\n");
  EXPECT_EQ(reader_.Read(ranges::Time(seconds(201)))->capacity.fmem_watermark, Bytes::MiB(64));
}

TEST_F(TierReaderTest, RoomIsWhatProgramsCanHaveOfEachZone) {
  // 100 MiB are free: 16 in a zone that keeps all of it for devices, and 84 in one that fights fragmentation.
  Write("/proc/zoneinfo",
        "Node 0, zone      DMA\n  pages free     4096\n        boost    0\n        min      10\n        low      12\n"
        "        high     14\n        protection: (0, 253, 8320, 8320, 8320)\n"
        "Node 0, zone    DMA32\n  pages free     21504\n        boost    3328\n        min      4000\n"
        "        low      5120\n        high     6240\n        protection: (0, 0, 0, 0, 0)\n"
        "    cpu: 0\n              high:  999\n"
        "Node 0, zone   Normal\n  pages free     0\n        low      0\n");
  const ranges::Time now(seconds(5));
  EXPECT_EQ(reader_.FmemRoom(now), Bytes::MiB(64));
  // Programs take 60 MiB during one call of the mover.
  Write("/sys/devices/system/node/node0/meminfo", "Node 0 MemTotal: 1048576 kB\nNode 0 MemFree:  40960 kB\n");
  EXPECT_EQ(reader_.FmemRoom(now), Bytes::MiB(4));
  // By the next one, the zone is boosted further.
  Write("/proc/zoneinfo", "Node 0, zone    DMA32\n  pages free     10240\n        low      11000\n");
  EXPECT_EQ(reader_.FmemRoom(now + seconds(1)), Bytes());
}

TEST_F(TierReaderTest, SaysWhatAGuestHasThatIsNotTwoTier) {
  Write("/sys/devices/system/node/has_memory", "0\n");
  const absl::Status status = reader_.Read(ranges::Time(seconds(1))).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(status.message().find("1 NUMA nodes with CPUs and memory, 0 with memory only"), std::string::npos)
      << status;
}

}  // namespace
}  // namespace hypertier::agent

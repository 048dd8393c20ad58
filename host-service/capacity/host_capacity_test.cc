// SPDX-License-Identifier: Apache-2.0
#include "host-service/capacity/host_capacity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "common/text.h"

namespace hypertier {
namespace {

using ::testing::HasSubstr;

// A host with two nodes of DRAM, one of CXL and one of persistent memory.
class HostCapacityTest : public testing::Test {
 protected:
  HostCapacityTest() {
    std::string pattern = testing::TempDir() + "capacity-XXXXXX";
    options_.root = mkdtemp(pattern.data());
    for (const auto& [node, gib] : {std::pair{0, 64}, {1, 64}, {2, 256}, {3, 512}}) {
      Write("/sys/devices/system/node/node" + std::to_string(node) + "/meminfo",
            "Node 0 MemTotal:       " + std::to_string(gib << 20) + " kB\nNode 0 MemFree:  1 kB\n");
    }
    Write("/sys/devices/system/node/has_memory", "0-3\n");
    Write("/sys/devices/system/node/has_cpu", "0-1\n");
    Write("/sys/devices/virtual/memory_tiering/memory_tier4/nodelist", "0-1\n");
    Write("/sys/devices/virtual/memory_tiering/memory_tier11/nodelist", "2\n");
    Write("/sys/devices/virtual/memory_tiering/memory_tier22/nodelist", "3\n");
    Write("/sys/devices/virtual/memory_tiering/uevent", "");
  }
  ~HostCapacityTest() override { std::filesystem::remove_all(options_.root); }

  void Write(const std::string& path, const std::string& content) const {
    const std::filesystem::path full = options_.root + path;
    std::filesystem::create_directories(full.parent_path());
    std::ofstream(full) << content;
  }
  void Remove(const std::string& path) const { std::filesystem::remove_all(options_.root + path); }

  PerTier<Bytes> Find() const {
    const auto capacity = FindCapacity(options_);
    EXPECT_TRUE(capacity.ok()) << capacity.status();
    return capacity.value_or(PerTier<Bytes>{});
  }
  std::string Error() const { return ToString(FindCapacity(options_).status().message()); }

  CapacityOptions options_;
};

TEST_F(HostCapacityTest, TheFastestMemoryTierIsFmemAndTheOthersAreSmem) {
  EXPECT_EQ(Find(), PerTier<Bytes>(Bytes::GiB(128), Bytes::GiB(768)));
}

TEST_F(HostCapacityTest, WithoutTiersNodesWithCpusAreFmem) {
  Remove("/sys/devices/virtual/memory_tiering");
  Write("/sys/devices/system/node/has_cpu", "0\n");
  EXPECT_EQ(Find(), PerTier<Bytes>(Bytes::GiB(64), Bytes::GiB(832)));
}

TEST_F(HostCapacityTest, OnAHostOfOneTierNothingCanBePlannedUntilTheOtherIsConfigured) {
  Remove("/sys/devices/virtual/memory_tiering/memory_tier11");
  Remove("/sys/devices/virtual/memory_tiering/memory_tier22");
  EXPECT_THAT(Error(), HasSubstr("smem: the host has 0 B of it"));
  EXPECT_THAT(Error(), HasSubstr("set qos.smem_capacity"));
  options_.size.smem() = Bytes::GiB(64);
  EXPECT_EQ(Find(), PerTier<Bytes>(Bytes::GiB(128), Bytes::GiB(64)));
}

TEST_F(HostCapacityTest, WhatIsConfiguredHoldsAndTheReserveIsTakenOff) {
  options_.nodes.fmem() = {1};
  options_.size.smem() = Bytes::GiB(100);
  options_.reserve = {Bytes::GiB(4), Bytes::GiB(1)};
  EXPECT_EQ(Find(), PerTier<Bytes>(Bytes::GiB(60), Bytes::GiB(99)));
  options_.reserve.fmem() = Bytes::GiB(64);
  EXPECT_THAT(Error(), HasSubstr("fmem: the host has 64 GiB of it, of which 64 GiB are reserved"));
}

TEST_F(HostCapacityTest, NodesOfATierThatNobodyNamesAreFound) {
  EXPECT_EQ(*TierNodes(options_), PerTier<std::vector<int>>({0, 1}, {2, 3}));
  options_.nodes.smem() = {3};
  EXPECT_EQ(*TierNodes(options_), PerTier<std::vector<int>>({0, 1}, {3}));
  // Named for FMEM, so it is not found for SMEM.
  options_.nodes = {{0, 2}, {}};
  EXPECT_EQ(*TierNodes(options_), PerTier<std::vector<int>>({0, 2}, {3}));
}

TEST_F(HostCapacityTest, WhatCannotBeReadIsToldWithTheKeyToSet) {
  options_.nodes.smem() = {7};
  EXPECT_THAT(Error(), HasSubstr("node 7"));
  EXPECT_THAT(Error(), HasSubstr("set qos.smem_nodes"));
  Write("/sys/devices/system/node/node7/meminfo", "nothing\n");
  EXPECT_THAT(Error(), HasSubstr("has no MemTotal"));
  options_.nodes.smem().clear();
  Remove("/sys");
  EXPECT_THAT(Error(), HasSubstr("set qos.fmem_capacity or qos.fmem_nodes"));
}

}  // namespace
}  // namespace hypertier

// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/hyperplace/device.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace hypertier::agent {
namespace {

using ::testing::HasSubstr;
namespace fs = std::filesystem;

class HyperplaceDeviceTest : public ::testing::Test {
 protected:
  ~HyperplaceDeviceTest() override { fs::remove_all(root_); }
  std::string WhyNot() { return std::string(device_.GetInfo().status().message()); }
  static std::string NewFolder() {
    char folder[] = "/tmp/hypertier-hyperplace-XXXXXX";
    return mkdtemp(folder);
  }

  const std::string root_ = NewFolder();
  HyperplaceDevice device_{root_, root_ + "/hyperplace"};
};

TEST_F(HyperplaceDeviceTest, SaysWhyThereIsNoDeviceAndWhatToDo) {
  EXPECT_THAT(WhyNot(), HasSubstr("the module is not loaded; modprobe hyperplace"));
  EXPECT_TRUE(absl::IsNotFound(device_.GetInfo().status()));
  fs::create_directories(root_ + "/sys/module/hyperplace");
  EXPECT_THAT(WhyNot(), HasSubstr("there is no device node"));
}

TEST_F(HyperplaceDeviceTest, AFileThatIsNotTheDeviceIsRefusedInEveryCall) {
  std::ofstream(root_ + "/hyperplace") << "";
  EXPECT_THAT(WhyNot(), HasSubstr("not hyperplace's device"));
  hyperplace_scan scan = {};
  EXPECT_TRUE(absl::IsFailedPrecondition(device_.Scan(scan)));
  hyperplace_exchange exchange = {};
  EXPECT_TRUE(absl::IsFailedPrecondition(device_.Exchange(exchange)));
}

}  // namespace
}  // namespace hypertier::agent

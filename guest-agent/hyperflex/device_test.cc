// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/hyperflex/device.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "guest-agent/port/find_port.h"

namespace hypertier::agent {
namespace {

using ::testing::HasSubstr;
namespace fs = std::filesystem;

// A fixture tree in place of the guest's /dev and /sys.
class TreeTest : public ::testing::Test {
 protected:
  TreeTest() {
    fs::create_directories(root_ + "/dev");
    fs::create_directories(root_ + "/sys/bus/virtio/drivers");
  }
  ~TreeTest() override { fs::remove_all(root_); }

  void Write(const std::string& path, const std::string& text) {
    fs::create_directories(fs::path(root_ + path).parent_path());
    std::ofstream(root_ + path) << text;
  }
  std::string WhyNot() { return std::string(device_.Read().status().message()); }

  static std::string NewFolder() {
    char folder[] = "/tmp/hypertier-agent-XXXXXX";
    return mkdtemp(folder);
  }

  const std::string root_ = NewFolder();
  HyperflexDevice device_{root_, root_ + "/dev/hyperflex"};
};

using HyperflexDeviceTest = TreeTest;

TEST_F(HyperflexDeviceTest, SaysWhyThereAreNoBalloonsAndWhatToDo) {
  EXPECT_THAT(WhyNot(), HasSubstr("/dev/hyperflex: the module is not loaded; modprobe hyperflex"));
  Write("/sys/bus/virtio/drivers/virtio_balloon/virtio3/modalias", "");
  EXPECT_THAT(WhyNot(),
              HasSubstr("the stock driver virtio_balloon has the balloon device; install hyperflex, blacklist"));
  fs::remove_all(root_ + "/sys/bus/virtio/drivers/virtio_balloon");
  Write("/sys/bus/virtio/drivers/hyperflex/bind", "");
  EXPECT_THAT(WhyNot(), HasSubstr("bound to no device; the VM needs <memballoon"));
  EXPECT_EQ(device_.fd(), -1);
}

TEST_F(HyperflexDeviceTest, FindsAModuleThatComesLateAndClosesOneThatIsWrong) {
  EXPECT_FALSE(device_.Read().ok());
  Write("/dev/hyperflex", "abi 1\ngeneration 4\n");
  const auto snapshot = device_.Read();
  ASSERT_TRUE(snapshot.ok());
  EXPECT_EQ(snapshot->generation, 4u);
  EXPECT_GE(device_.fd(), 0);
  EXPECT_EQ(device_.opens(), 1u);
  Write("/dev/hyperflex", "abi 2\n");
  EXPECT_THAT(WhyNot(), HasSubstr("same release"));
  EXPECT_EQ(device_.fd(), -1);
  Write("/dev/hyperflex", "abi 1\n");
  EXPECT_TRUE(device_.Read().ok());
  EXPECT_EQ(device_.opens(), 2u);
}

TEST_F(HyperflexDeviceTest, WritesOneCommandAWrite) {
  Write("/dev/hyperflex", "");
  ASSERT_TRUE(device_.Set(7, {Bytes(4096), std::nullopt}).ok());
  std::string text;
  std::getline(std::ifstream(root_ + "/dev/hyperflex"), text);
  EXPECT_EQ(text, "set generation=7 fmem=4096");
}

using FindPortTest = TreeTest;

TEST_F(FindPortTest, PrefersUdevsLinkAndElseReadsTheNamesOfThePorts) {
  EXPECT_THAT(std::string(FindPort(root_, kPortName).status().message()), HasSubstr("the VM needs <channel>"));
  Write("/sys/class/virtio-ports/vport1p1/name", "org.qemu.guest_agent.0\n");
  Write("/sys/class/virtio-ports/vport1p2/name", "org.hypertier.agent.0\n");
  EXPECT_EQ(*FindPort(root_, kPortName), root_ + "/dev/vport1p2");
  Write("/dev/virtio-ports/org.hypertier.agent.0", "");
  EXPECT_EQ(*FindPort(root_, kPortName), root_ + "/dev/virtio-ports/org.hypertier.agent.0");
}

}  // namespace
}  // namespace hypertier::agent

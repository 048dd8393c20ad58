// SPDX-License-Identifier: Apache-2.0
#include "host-service/tierctl/report/file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "common/text.h"

namespace hypertier::tierctl::report {
namespace {

using ::testing::HasSubstr;

class FileTest : public ::testing::Test {
 protected:
  FileTest() {
    char pattern[] = "/tmp/tierctl-report-XXXXXX";
    folder_ = mkdtemp(pattern);
  }
  ~FileTest() override { std::filesystem::remove_all(folder_); }
  std::string Read() const {
    std::ostringstream text;
    text << std::ifstream(path()).rdbuf();
    return text.str();
  }
  // A report, or what is left of one, beside the one that there should be.
  std::ptrdiff_t Files() const {
    return std::distance(std::filesystem::directory_iterator(folder_), std::filesystem::directory_iterator());
  }
  std::string path() const { return folder_ + "/report.html"; }
  std::string folder_;
};

TEST_F(FileTest, IsWrittenWholeAndOverwrittenOnlyWithForce) {
  ASSERT_TRUE(WriteFile(path(), "one", false).ok());
  EXPECT_EQ(Read(), "one");
  const absl::Status again = WriteFile(path(), "two", false);
  EXPECT_EQ(again.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(ToString(again.message()), HasSubstr("--force"));
  EXPECT_EQ(CheckFile(path(), false).code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(Read(), "one");
  EXPECT_TRUE(WriteFile(path(), "two", true).ok());
  EXPECT_EQ(Read(), "two");
  EXPECT_EQ(Files(), 1);
}

TEST_F(FileTest, AnErrorNamesTheFlagAndLeavesNothingBehind) {
  EXPECT_THAT(ToString(WriteFile(folder_ + "/no/such/folder", "x", false).message()), HasSubstr("--output"));
  EXPECT_THAT(ToString(CheckFile(folder_, true).message()), HasSubstr("is a folder"));
  EXPECT_EQ(Files(), 0);
}

TEST_F(FileTest, ForceReplacesNoPipeAndNoDevice) {
  ASSERT_EQ(mkfifo(path().c_str(), 0600), 0);
  EXPECT_THAT(ToString(WriteFile(path(), "x", true).message()), HasSubstr("is no ordinary file"));
  EXPECT_TRUE(std::filesystem::is_fifo(path()));
  EXPECT_EQ(Files(), 1);
  EXPECT_THAT(ToString(CheckFile("/dev/null", true).message()), HasSubstr("is no ordinary file"));
}

}  // namespace
}  // namespace hypertier::tierctl::report

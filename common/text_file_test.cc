// SPDX-License-Identifier: Apache-2.0
#include "common/text_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "common/text.h"

namespace hypertier {
namespace {

TEST(ReadTextFile, GivesAllOfAFileAnEmptyOneToo) {
  const std::string path = testing::TempDir() + "text_file_test";
  for (const std::string& text : {std::string("a\n\0b", 4), std::string()}) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
    const auto read = ReadTextFile(path, "it");
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(*read, text);
  }
  std::filesystem::remove(path);
}

TEST(ReadTextFile, SaysWhatItCannotReadAndWhy) {
  const auto missing = ReadTextFile("/nowhere/x", "the list");
  EXPECT_EQ(missing.status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ToString(missing.status().message()), "/nowhere/x: cannot read the list: No such file or directory");
  EXPECT_EQ(ReadTextFile("/tmp", "it").status().code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace hypertier

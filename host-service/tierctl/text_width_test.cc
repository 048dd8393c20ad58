// SPDX-License-Identifier: Apache-2.0
#include "host-service/tierctl/text_width.h"

#include <gtest/gtest.h>

#include <clocale>

namespace hypertier::tierctl {
namespace {

class TextWidth : public ::testing::Test {
 protected:
  void SetUp() override {
    if (std::setlocale(LC_CTYPE, "C.UTF-8") == nullptr) GTEST_SKIP() << "no locale C.UTF-8";
  }
  void TearDown() override { std::setlocale(LC_CTYPE, "C"); }
};

TEST_F(TextWidth, CountsColumnsAndNotBytes) {
  EXPECT_EQ(Columns("plain"), 5U);
  EXPECT_EQ(Columns("Grüße"), 5U);
  EXPECT_EQ(Columns("漢字"), 4U);
  EXPECT_EQ(Columns("e\u0301"), 1U) << "a combining accent";
}

TEST_F(TextWidth, FitsExactly) {
  EXPECT_EQ(Fit("web", 5, "~"), "web  ");
  EXPECT_EQ(Fit("web-1", 5, "~"), "web-1");
  EXPECT_EQ(Fit("web-10", 5, "~"), "web-~");
  EXPECT_EQ(Fit("漢字漢", 5, "~"), "漢字~");
  EXPECT_EQ(Fit("漢字漢", 4, "~"), "漢~ ") << "no half of a wide character";
  EXPECT_EQ(Fit("web", 0, "~"), "");
}

}  // namespace
}  // namespace hypertier::tierctl

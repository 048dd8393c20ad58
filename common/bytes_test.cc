// SPDX-License-Identifier: Apache-2.0
#include "common/bytes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace hypertier {
namespace {

using ::testing::HasSubstr;

TEST(ParseBytes, ReadsBytesAndBinaryUnitsInAnyCase) {
  EXPECT_EQ(*ParseBytes("4096"), Bytes(4096));
  EXPECT_EQ(*ParseBytes("512MiB"), Bytes::MiB(512));
  EXPECT_EQ(*ParseBytes(" 1.5 GiB "), Bytes::MiB(1536));
  EXPECT_EQ(*ParseBytes("2g"), Bytes::GiB(2));
  EXPECT_EQ(*ParseBytes("0"), Bytes());
  EXPECT_EQ(*ParseBytes("18446744073709551615"), Bytes::Max());
}

TEST(ParseBytes, RefusesWhatIsNotAWholeNumberOfBytesAndSaysWhy) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "begin with a digit"},      {"-1", "begin with a digit"},   {"1.2.3M", "malformed"},
      {"5 bananas", "unknown unit"},   {"1.0000001K", "whole number"}, {"18446744073709551616", "too large"},
      {"99999999999TiB", "too large"}, {"+1", "begin with a digit"},   {"1e9", "unknown unit"},
  };
  for (const auto& [text, why] : cases) {
    const auto parsed = ParseBytes(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_THAT(std::string(parsed.status().message()), HasSubstr(why)) << text;
  }
}

TEST(Bytes, SumsAndDifferencesSaturateInsteadOfWrapping) {
  EXPECT_EQ(Bytes::Max() + Bytes(1), Bytes::Max());
  EXPECT_EQ(Bytes(1) - Bytes(2), Bytes());
}

TEST(PagesOf, IsAShareInWholePagesWhateverItIsMultipliedWith) {
  EXPECT_EQ(PagesOf(Bytes(40960), 0.333), Bytes(12288));
  EXPECT_EQ(PagesOf(Bytes::GiB(2), 1.5), Bytes::GiB(3));
  EXPECT_EQ(PagesOf(Bytes::Max(), 4), Bytes(std::uint64_t{1} << 62));
  for (const double none : {0.0, -1.0, double{NAN}}) EXPECT_EQ(PagesOf(Bytes::GiB(1), none), Bytes());
}

TEST(FormatBytes, IsShortForPeopleAndExactWhereItCanBe) {
  EXPECT_EQ(FormatBytes(Bytes(17)), "17 B");
  EXPECT_EQ(FormatBytes(Bytes::MiB(512)), "512 MiB");
  EXPECT_EQ(FormatBytes(Bytes::MiB(1536)), "1.50 GiB");
  EXPECT_EQ(FormatBytes(Bytes(Bytes::GiB(10).count() + 1)), "10.0 GiB");
}

}  // namespace
}  // namespace hypertier

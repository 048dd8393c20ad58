// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/text.h"
#include "host-service/policy/parse.h"
#include "host-service/policy/resolve.h"

namespace hypertier::policy {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const PerTier<Bytes> kCells{Bytes::GiB(8), Bytes::GiB(32)};

VmTerms Fmem(std::optional<Amount> reservation, std::optional<Amount> limit = {}, std::optional<double> shares = {}) {
  return {.mode = {}, .qos_class = {}, .terms = {{reservation, limit, shares}, {}}};
}

TEST(Amount, IsBytesOrAPercentageOfWhatItIsGivenOf) {
  EXPECT_EQ(ParseAmount("2GiB")->In(kCells.fmem()), Bytes::GiB(2));
  EXPECT_EQ(ParseAmount(" 25 % ")->In(kCells.fmem()), Bytes::GiB(2));
  EXPECT_EQ(ParseAmount("100%")->In(kCells.smem()), kCells.smem());
  EXPECT_EQ(ParseAmount("0%")->In(kCells.smem()), Bytes());
  // Whole pages.
  EXPECT_EQ(ParseAmount("33.3%")->In(Bytes(40960)), Bytes(12288));
  EXPECT_EQ(FormatAmount(*ParseAmount("12.5%")), "12.5 %");
  EXPECT_EQ(FormatAmount(*ParseAmount("512MiB")), "512 MiB");
}

TEST(Amount, WhatIsNoneIsRefusedWithTheRemedy) {
  for (const char* bad : {"101%", "-1%", "%", "nan%", "1e1%", "5%%", "five%"}) {
    EXPECT_THAT(ToString(ParseAmount(bad).status().message()), HasSubstr("write 0% to 100%")) << bad;
  }
  for (const char* bad : {"", "x", "-5", "5 apples"}) EXPECT_FALSE(ParseAmount(bad).ok()) << bad;
  EXPECT_EQ(*ParseShares("0.5"), 0.5);
  for (const char* bad : {"0", "0.0009", "-1", "nan", "inf", "1000001", ""}) {
    EXPECT_THAT(ToString(ParseShares(bad).status().message()), HasSubstr("from 0.001")) << bad;
  }
  EXPECT_EQ(*ParseMode("auto"), Mode::kAuto);
  EXPECT_THAT(ToString(ParseMode("none").status().message()), HasSubstr("auto or static"));
}

TEST(Resolve, WithoutAWordAVmKeepsItsTargetsAndMayHaveItsCells) {
  const Promise promise = Resolve(std::span<const VmTerms>(), {}, kCells);
  EXPECT_EQ(promise.mode, Mode::kStatic);
  for (const TierId tier : kTiers) {
    EXPECT_EQ(promise.tiers[tier].reservation, Bytes());
    EXPECT_EQ(promise.tiers[tier].limit, kCells[tier]);
    EXPECT_EQ(promise.tiers[tier].shares, 1.0);
  }
}

TEST(Resolve, EachThingIsTakenFromTheFirstWhoSaysIt) {
  const std::array said{
      Fmem({}, Amount::Percent(50)),
      Fmem(Amount::Of(Bytes::GiB(1)), Amount::Percent(75), 3.0),
  };
  const Promise promise = Resolve(said, {}, kCells);
  EXPECT_EQ(promise.tiers.fmem().limit, Bytes::GiB(4));
  EXPECT_EQ(promise.tiers.fmem().reservation, Bytes::GiB(1));
  EXPECT_EQ(promise.tiers.fmem().shares, 3.0);
  EXPECT_THAT(promise.problems, IsEmpty());
}

TEST(Resolve, AClassFillsWhatNobodyHasSaid) {
  const Classes classes{{"gold", {{Amount::Percent(50), {}, 4.0}, {{}, {}, 2.0}}}};
  std::array said{Fmem({}, {}, 8.0), VmTerms{Mode::kAuto, "gold", {}}};
  const Promise promise = Resolve(said, classes, kCells);
  EXPECT_EQ(promise.mode, Mode::kAuto);
  EXPECT_EQ(promise.tiers.fmem().reservation, Bytes::GiB(4));
  EXPECT_EQ(promise.tiers.fmem().shares, 8.0);
  EXPECT_EQ(promise.tiers.smem().shares, 2.0);
  said[0].qos_class = "silver";
  EXPECT_THAT(Resolve(said, classes, kCells).problems, ElementsAre(HasSubstr("no [class.silver]")));
}

TEST(Resolve, ALimitHoldsAgainstAReservationAndTheCellAgainstBoth) {
  const std::array said{Fmem(Amount::Of(Bytes::GiB(3)), Amount::Of(Bytes::GiB(2)))};
  const Promise promise = Resolve(said, {}, kCells);
  EXPECT_EQ(promise.tiers.fmem().reservation, Bytes::GiB(2));
  EXPECT_THAT(promise.problems, ElementsAre(HasSubstr("fmem reservation 3 GiB")));
  const std::array more{Fmem(Amount::Of(Bytes::GiB(9)), Amount::Of(Bytes::GiB(100)))};
  EXPECT_EQ(Resolve(more, {}, kCells).tiers.fmem().reservation, kCells.fmem());
  EXPECT_EQ(Resolve(more, {}, kCells).tiers.fmem().limit, kCells.fmem());
}

TEST(Resolve, ATenantsPercentagesAreOfTheHostAndWithoutALimitItHasNone) {
  const Terms terms{{Amount::Percent(25), {}, {}}, {{}, Amount::Percent(50), 2.0}};
  const PerTier<qos::TierPolicy> tiers = Resolve(terms, {Bytes::GiB(64), Bytes::GiB(512)});
  EXPECT_EQ(tiers.fmem().reservation, Bytes::GiB(16));
  EXPECT_EQ(tiers.fmem().limit, Bytes::Max());
  EXPECT_EQ(tiers.smem().limit, Bytes::GiB(256));
  EXPECT_EQ(tiers.smem().shares, 2.0);
}

}  // namespace
}  // namespace hypertier::policy

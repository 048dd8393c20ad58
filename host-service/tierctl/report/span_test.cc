// SPDX-License-Identifier: Apache-2.0
#include "host-service/tierctl/report/span.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <utility>

#include "common/text.h"
#include "host-service/tierctl/report/ticks.h"

namespace hypertier::tierctl::report {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;

class SpanTest : public ::testing::Test {
 protected:
  SpanTest() { Zone("UTC"); }
  static void Zone(const char* zone) {
    setenv("TZ", zone, 1);
    tzset();
  }
};

TEST_F(SpanTest, ReadsDurationsAsPrometheusWritesThem) {
  EXPECT_EQ(*ParseLast("1h"), seconds(3600));
  EXPECT_EQ(*ParseLast("24h"), seconds(86400));
  EXPECT_EQ(*ParseLast("1h30m"), seconds(5400));
  EXPECT_EQ(*ParseLast("7d"), seconds(7 * 86400));
  EXPECT_EQ(*ParseLast("2w"), seconds(14 * 86400));
  EXPECT_EQ(*ParseLast("90s"), seconds(90));
  EXPECT_EQ(*ParseLast("31d"), seconds(31 * 86400));
}

TEST_F(SpanTest, AWrongDurationIsNamedWithTheFlagAndTheRemedy) {
  for (const char* text : {"", "h", "1", "1x", "-1h", "1.5h", "1h ", " 1h", "1hh", "99999999999999999999h", "h1"}) {
    const auto last = ParseLast(text);
    ASSERT_FALSE(last.ok()) << text;
    EXPECT_THAT(ToString(last.status().message()), HasSubstr("--last")) << text;
    EXPECT_THAT(ToString(last.status().message()), HasSubstr("1h, 24h")) << text;
  }
  EXPECT_THAT(ToString(ParseLast("59s").status().message()), HasSubstr("too short: a report is of 1m to 31d"));
  EXPECT_THAT(ToString(ParseLast("32d").status().message()), HasSubstr("too long"));
  EXPECT_THAT(ToString(ParseLast("9999999999999999999w").status().message()), HasSubstr("too long"));
}

TEST_F(SpanTest, PointsAreAtMostSoManyAndEndNow) {
  const Span hour = LastSpan(1'000'000, seconds(3600));
  EXPECT_EQ(hour.step, 15);
  EXPECT_EQ(hour.size(), 241U);
  EXPECT_EQ(hour.at(240), 1'000'000);
  for (const int last : {60, 61, 3599, 86400, 86401, 31 * 86400}) {
    const Span span = LastSpan(10'000'000, seconds(last));
    EXPECT_LE(span.size(), 1441U) << last;
    EXPECT_GE(span.seconds(), last - span.step) << last;
    EXPECT_EQ(span.at(span.size() - 1), 10'000'000) << last;
  }
}

TEST_F(SpanTest, StaysAsLongAsAskedWhereAStepDividesIt) {
  for (const auto& [hours, words] :
       {std::pair{11, "11 hours"}, {13, "13 hours"}, {25, "25 hours"}, {31 * 24, "31 days"}}) {
    const Span span = LastSpan(10'000'000, std::chrono::hours(hours));
    EXPECT_EQ(span.seconds(), hours * 3600) << "a step of " << span.step;
    EXPECT_LE(span.size(), 1441U);
    EXPECT_EQ(DescribeLast(span), fmt::format("the last {}", words));
  }
}

TEST_F(SpanTest, IsToldInLocalTimeWithTheZone) {
  const Span span{.from = 1'700'000'000, .to = 1'700'003'600, .step = 15};
  EXPECT_EQ(DescribeSpan(span), "2023-11-14 22:13 to 23:13 UTC (UTC+00:00)");
  Zone("CET-1CEST,M3.5.0,M10.5.0/3");
  EXPECT_EQ(DescribeSpan(span), "2023-11-14 23:13 to 2023-11-15 00:13 CET (UTC+01:00)");
  EXPECT_EQ(DescribeLength(3600), "1 hour");
  EXPECT_EQ(DescribeLength(86400), "24 hours");
  EXPECT_EQ(DescribeLength(7 * 86400), "7 days");
  EXPECT_EQ(DescribeLength(5400), "90 minutes");
  EXPECT_EQ(DescribeLast(span), "the last hour");
  EXPECT_EQ(DescribeLength(61), "61 seconds");
}

TEST_F(SpanTest, TicksAreAtRoundLocalTimes) {
  Zone("IST-5:30");
  const std::vector<Tick> ticks = TimeTicks({.from = 1'700'000'000, .to = 1'700'003'600, .step = 15});
  ASSERT_EQ(ticks.size(), 6U);
  EXPECT_EQ(ticks.front().label, "03:50");
  EXPECT_EQ(ticks[1].label, "04:00");
  Zone("UTC");
  for (const std::time_t length : {60, 3600, 86400, 7 * 86400, 31 * 86400}) {
    const Span span{.from = 1'700'000'000, .to = 1'700'000'000 + length, .step = 15};
    const auto some = TimeTicks(span);
    EXPECT_GE(some.size(), 3U) << length;
    EXPECT_LE(some.size(), 8U) << length;
    EXPECT_GE(some.front().at, span.from) << length;
    EXPECT_LE(some.back().at, span.to) << length;
  }
  // Midnight is a day.
  const auto day = TimeTicks({.from = 1'700'000'000, .to = 1'700'086'400, .step = 60});
  EXPECT_TRUE(std::any_of(day.begin(), day.end(), [](const Tick& tick) { return tick.label == "Nov 15"; }));
}

}  // namespace
}  // namespace hypertier::tierctl::report

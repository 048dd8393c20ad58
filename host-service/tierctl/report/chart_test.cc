// SPDX-License-Identifier: Apache-2.0
#include "host-service/tierctl/report/chart.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host-service/tierctl/report/page.h"

namespace hypertier::tierctl {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

const absl::Time kBegin = absl::FromUnixSeconds(1'700'000'000);
const Range kRange{kBegin, kBegin + absl::Hours(1), absl::Seconds(15)};

TEST(Ticks, AreRoundAndReachTheMost) {
  EXPECT_THAT(Ticks(Unit::kNumber, 9), ElementsAre(0, 2, 4, 6, 8, 10));
  EXPECT_THAT(Ticks(Unit::kNumber, 0), ElementsAre(0, 0.2, 0.4, 0.6000000000000001, 0.8, 1));
  EXPECT_THAT(Ticks(Unit::kBytes, 300 << 20), ElementsAre(0, 64 << 20, 128 << 20, 192 << 20, 256 << 20, 320 << 20));
  EXPECT_EQ(Ticks(Unit::kShare, 0.93).back(), 1) << "shares end with the whole";
  EXPECT_LT(Ticks(Unit::kShare, 0.02).back(), 0.1) << "small ones can be told apart";
}

TEST(FormatValue, SaysTheUnit) {
  EXPECT_EQ(FormatValue(Unit::kBytes, 1.5 * (1 << 30)), "1.50 GiB");
  EXPECT_EQ(FormatValue(Unit::kBytesPerSecond, 4096), "4 KiB/s");
  EXPECT_EQ(FormatValue(Unit::kShare, 0.125), "12.5 %");
  EXPECT_EQ(FormatValue(Unit::kSeconds, 0.0016), "1.6 ms");
  EXPECT_EQ(FormatValue(Unit::kNumber, 3), "3");
}

TEST(Draw, BreaksALineWhereSamplesAreMissing) {
  const auto at = [](int step, double value) { return Sample{kBegin + step * kRange.step, value}; };
  const std::string svg = Draw({.title = "t",
                                .unit = Unit::kNumber,
                                .lines = {{"a", {at(0, 1), at(1, 1), at(5, 1), at(6, 1)}}},
                                .range = kRange,
                                .zone = absl::UTCTimeZone()});
  const std::string path = svg.substr(svg.find("d=\"") + 3, svg.find("\"><title>") - svg.find("d=\"") - 3);
  EXPECT_EQ(std::ranges::count(path, 'M'), 2);
  EXPECT_EQ(std::ranges::count(path, 'L'), 2);
  // 22:13:20 to 23:13:20.
  EXPECT_THAT(svg, HasSubstr(">22:20<"));
  EXPECT_THAT(svg, HasSubstr(">23:10<"));
  EXPECT_THAT(svg, Not(HasSubstr(">23:20<")));
}

TEST(Page, HasChartAndFiguresOfWhatHasDataAndNamesTheRest) {
  Report report{.title = "VM <b>", .about = "", .range = kRange, .zone = absl::UTCTimeZone(), .panels = {}};
  report.panels.push_back({{"Full", "about", Unit::kNumber, {{"up{x=\"<\"}", "", ""}}},
                           {{"a&b", {{kBegin, 2}, {kBegin + absl::Seconds(15), 4}}}}});
  report.panels.push_back({{"Empty", "", Unit::kNumber, {}}, {}});
  const std::string page = Page(report);
  EXPECT_THAT(page, HasSubstr("VM &lt;b&gt;"));
  EXPECT_THAT(page, Not(HasSubstr("<b>")));
  EXPECT_THAT(page, HasSubstr("a&amp;b</td><td>2</td><td>3</td><td>4</td><td>4</td>"));
  EXPECT_THAT(page, HasSubstr("up{x=&quot;&lt;&quot;}"));
  EXPECT_THAT(page, HasSubstr("Without data in that time: Empty."));
  EXPECT_THAT(page, Not(HasSubstr("<script")));
  EXPECT_THAT(page, Not(HasSubstr("http")));
}

}  // namespace
}  // namespace hypertier::tierctl

// SPDX-License-Identifier: Apache-2.0
#include "host-service/tierctl/report/draw.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <pugixml.hpp>

#include "host-service/tierctl/report/figures.h"
#include "host-service/tierctl/report/html.h"
#include "host-service/tierctl/report/markup.h"
#include "host-service/tierctl/report/svg.h"
#include "host-service/tierctl/report/ticks.h"

namespace hypertier::tierctl::report {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr double kGap = std::numeric_limits<double>::quiet_NaN();
constexpr double kMiB = 0x1p20;

Chart SomeChart(std::vector<Line> lines, Unit unit = Unit::kBytes) {
  Chart chart;
  chart.title = "FMEM";
  chart.about = "About.";
  chart.unit = unit;
  for (std::size_t i = 0; i < lines[0].values.size(); ++i) chart.x.push_back(static_cast<double>(i));
  chart.x_ticks = {{0, "00:00"}};
  chart.lines = std::move(lines);
  return chart;
}

std::size_t Count(const std::string& text, const std::string& what) {
  std::size_t count = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++count;
  return count;
}

// The d of the first path of this class.
std::string Path(const std::string& body, const std::string& style) {
  pugi::xml_document document;
  EXPECT_TRUE(document.load_string(("<g>" + body + "</g>").c_str()));
  for (const auto& path : document.child("g").children("path")) {
    if (path.attribute("class").value() == style && Count(path.attribute("d").value(), "L") > 0) {
      return path.attribute("d").value();
    }
  }
  return "";
}

std::vector<std::string> Labels(const std::vector<Tick>& ticks) {
  std::vector<std::string> labels;
  for (const Tick& tick : ticks) labels.push_back(tick.label);
  return labels;
}

TEST(Ticks, BytesAreAtPowersOfTwoAndEndAboveTheMost) {
  EXPECT_THAT(Labels(ValueTicks(Unit::kBytes, 384 * kMiB)), ElementsAre("0 B", "128 MiB", "256 MiB", "384 MiB"));
  EXPECT_THAT(Labels(ValueTicks(Unit::kBytes, 10 * 1024 * kMiB)),
              ElementsAre("0 B", "2 GiB", "4 GiB", "6 GiB", "8 GiB", "10 GiB"));
  EXPECT_THAT(Labels(ValueTicks(Unit::kShare, 0.3)), ElementsAre("0 %", "25 %", "50 %", "75 %", "100 %"));
  EXPECT_THAT(Labels(ValueTicks(Unit::kCpu, 0.043)), ElementsAre("0 %", "1 %", "2 %", "3 %", "4 %", "5 %"));
}

TEST(Ticks, AreFewWhateverTheFigures) {
  for (const Unit unit : {Unit::kBytes, Unit::kShare, Unit::kCpu}) {
    for (const double most : {-1.0, 0.0, 1e-9, 1.0, 1023.0, 1e6, 0x1p40, 1e18, kGap}) {
      const auto ticks = ValueTicks(unit, most);
      EXPECT_GE(ticks.size(), 2U) << most;
      EXPECT_LE(ticks.size(), 6U) << most;
      if (unit != Unit::kShare && most > 0 && most < 1e18) {
        EXPECT_GE(ticks.back().at, most * 0.999999) << most;
      }
    }
  }
}

TEST(Draw, AGapIsAGapAndNeverAZero) {
  const Drawing drawing = Draw(SomeChart({{"target", Look::kTarget, {kMiB, 2 * kMiB, kGap, kGap, 2 * kMiB, kMiB}}}));
  const std::string path = Path(drawing.body, "target line");
  EXPECT_EQ(Count(path, "M"), 2U) << path;
  EXPECT_EQ(Count(path, "L"), 2U) << path;
  EXPECT_THAT(path, Not(HasSubstr("nan")));
}

TEST(Draw, APointBetweenTwoGapsIsSeen) {
  const Drawing drawing = Draw(SomeChart({{"target", Look::kTarget, {kMiB, kMiB, kGap, kMiB, kGap, kMiB}}}));
  EXPECT_EQ(Count(Path(drawing.body, "target line"), "h0.1"), 2U);
}

TEST(Draw, TheScaleGoesFromZeroAtTheBottomToTheLastTickAtTheTop) {
  const Drawing drawing = Draw(SomeChart({{"target", Look::kTarget, {0, 4 * kMiB, 2 * kMiB}}}));
  // The legend takes 28, the plot 190; from 84 to 856.
  EXPECT_EQ(Path(drawing.body, "target line"), "M84.0,218.0L470.0,28.0L856.0,123.0");
}

TEST(Draw, WhatIsLevelTakesTwoPoints) {
  const Drawing drawing = Draw(SomeChart({{"target", Look::kTarget, Values(1000, kMiB)}}));
  EXPECT_EQ(Count(Path(drawing.body, "target line"), "L"), 1U);
}

TEST(Draw, StackedLinesLieOnTopOfEachOther) {
  Chart chart = SomeChart({{"one", Look::kStack, {kMiB, kMiB, kGap}}, {"two", Look::kStack, {3 * kMiB, kGap, kGap}}});
  chart.stacked = true;
  const std::string body = Draw(chart).body;
  EXPECT_EQ(Path(body, "s0 area solid"), "M84.0,170.5L470.0,170.5L470.0,218.0L84.0,218.0Z");
  EXPECT_EQ(Path(body, "s1 area solid"), "M84.0,28.0L470.0,170.5L470.0,170.5L84.0,170.5Z");
}

TEST(Draw, SaysItInWords) {
  EXPECT_EQ(Describe(SomeChart({{"target", Look::kTarget, {kMiB, kGap, 3 * kMiB, 2 * kMiB}},
                                {"nothing", Look::kLimit, {kGap, kGap, kGap, kGap}}})),
            "About. target: 1 MiB to 3 MiB, at the end 2 MiB.");
}

TEST(Markup, NothingOfOthersIsMarkup) {
  EXPECT_EQ(Escape("<script>alert('1')</script>&\""), "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;&quot;");
  EXPECT_EQ(Escape("a\x01\x1b[m\xff\xe2\x80\xae"
                   "b"),
            "a\\u{1}\\u{1b}[m\\xff\\u{202e}b");
  EXPECT_EQ(Escape("\xef\xbf\xbe\xef\xbf\xbf"), "\\u{fffe}\\u{ffff}");
  EXPECT_EQ(Escape(std::string(5000, 'x')).size(), 1000U);
  EXPECT_EQ(Shorten("äöü", 3), "äöü");
  EXPECT_EQ(Shorten("äöüß", 3), "äö…");
  EXPECT_EQ(Shorten("", 3), "");
}

Document HostileDocument() {
  const std::string name = "</style><script>x()</script>\"'&\x01\xff]]>--";
  Document document;
  document.title = "VM " + name;
  document.facts = {{"Tenant", name}};
  document.tables = {{name, {"", "Mean"}, {{name, name}}}};
  Chart chart = SomeChart({{name, Look::kResident, {kMiB, kGap, kMiB}}});
  chart.title = name;
  chart.x_title = name;
  document.charts = {chart, chart};
  return document;
}

TEST(Files, HostileNamesMakeNoMarkupAndTheFileStaysWellFormed) {
  for (const std::string& text : {Html(HostileDocument()), Svg(HostileDocument())}) {
    EXPECT_THAT(text, Not(HasSubstr("<script")));
    EXPECT_THAT(text, Not(HasSubstr("\x01")));
    EXPECT_EQ(Count(text, "</style>"), 1U);
    pugi::xml_document parsed;
    const auto result = parsed.load_string(text.c_str());
    EXPECT_TRUE(result) << result.description() << " at " << text.substr(static_cast<std::size_t>(result.offset), 80);
  }
}

TEST(Files, NeedNothingFromElsewhere) {
  for (std::string text : {Html(HostileDocument()), Svg(HostileDocument())}) {
    // Names of XML, not addresses to fetch.
    for (const char* name : {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xhtml"}) {
      for (std::size_t at = 0; (at = text.find(name)) != std::string::npos;) text.erase(at, std::strlen(name));
    }
    for (const char* outside : {"http://", "https://", "src=", "href=", "url(", "@import", "<link"}) {
      EXPECT_THAT(text, Not(HasSubstr(outside)));
    }
  }
}

TEST(Files, SayToScreenReadersWhatChartsShow) {
  const std::string html = Html(HostileDocument());
  EXPECT_EQ(Count(html, "role=\"img\""), 2U);
  EXPECT_THAT(html, HasSubstr("aria-labelledby=\"chart1-title chart1-about\""));
  EXPECT_THAT(html, HasSubstr("<desc id=\"chart2-about\">About."));
  EXPECT_THAT(html, HasSubstr("prefers-color-scheme: dark"));
  EXPECT_THAT(Svg(HostileDocument()), HasSubstr("prefers-color-scheme: dark"));
}

TEST(FiguresOfValues, AreOfWhatThereIs) {
  EXPECT_FALSE(FiguresOf({kGap, kGap}).has_value());
  const auto figures = FiguresOf({kGap, 4, 2, kGap, 3});
  ASSERT_TRUE(figures.has_value());
  EXPECT_EQ(figures->mean, 3);
  EXPECT_EQ(figures->least, 2);
  EXPECT_EQ(figures->most, 4);
  EXPECT_EQ(figures->last, 3);
  EXPECT_EQ(CountAboveZero({kGap, 0, 1, -1, 2}), 2U);
  EXPECT_EQ(FormatMinutes(0), "0 min");
  EXPECT_EQ(FormatMinutes(90), "1.5 min");
  EXPECT_EQ(FormatMinutes(3600), "1 h");
  EXPECT_EQ(FormatMinutes(15000), "4 h 10 min");
  EXPECT_EQ(FormatFigure(Unit::kShare, 0.9812), "98.1 %");
  EXPECT_EQ(FormatFigure(Unit::kBytes, -1), "0 B");
  EXPECT_EQ(FormatFigure(Unit::kBytes, 1.5 * kMiB), "1.50 MiB");
}

}  // namespace
}  // namespace hypertier::tierctl::report

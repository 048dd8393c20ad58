// SPDX-License-Identifier: Apache-2.0
#include "host-service/tierctl/top/view.h"

#include <gtest/gtest.h>

namespace hypertier::tierctl::top {
namespace {

TEST(View, ScrollsByLinesAndPagesAndStaysWithinTheRows) {
  View view;
  view.Press(Key::kUp, 100, 10);
  EXPECT_EQ(view.top, 0U);
  view.Press(Key::kDown, 100, 10);
  EXPECT_EQ(view.top, 1U);
  view.Press(Key::kPageDown, 100, 10);
  EXPECT_EQ(view.top, 11U);
  view.Press(Key::kEnd, 100, 10);
  EXPECT_EQ(view.top, 90U);
  view.Press(Key::kPageDown, 100, 10);
  EXPECT_EQ(view.top, 90U);
  view.Press(Key::kPageUp, 100, 10);
  EXPECT_EQ(view.top, 80U);
  view.Press(Key::kHome, 100, 10);
  EXPECT_EQ(view.top, 0U);
  view.Press(Key::kEnd, 5, 10);
  EXPECT_EQ(view.top, 0U) << "all fits";
}

TEST(View, KeepsTheLastPageFullWhenRowsGo) {
  View view;
  view.top = 90;
  view.Clamp(50, 10);
  EXPECT_EQ(view.top, 40U);
}

TEST(View, CyclesTheSortAndFoldsAndStartsAtTheTopThen) {
  View view;
  view.top = 5;
  view.Press(Key::kSort, 100, 10);
  EXPECT_EQ(view.sort, Sort::kFmem);
  EXPECT_EQ(view.top, 0U);
  view.Press(Key::kSort, 100, 10);
  EXPECT_EQ(view.sort, Sort::kHits);
  view.Press(Key::kSort, 100, 10);
  EXPECT_EQ(view.sort, Sort::kName);
  view.Press(Key::kFold, 100, 10);
  EXPECT_TRUE(view.folded);
}

}  // namespace
}  // namespace hypertier::tierctl::top

// SPDX-License-Identifier: Apache-2.0
#include "common/id_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hypertier {
namespace {

using ::testing::ElementsAre;

TEST(IdList, ReadsWhatSysfsWritesAndNothingElse) {
  EXPECT_THAT(*ParseIdList("0-2,5,7-8\n"), ElementsAre(0, 1, 2, 5, 7, 8));
  for (const char* bad : {"", "\n", "a", "3-1", "1,1", "2,1", "0-", "-1", "0-99999999", "1,,2", "0-8192"}) {
    EXPECT_FALSE(ParseIdList(bad).ok()) << bad;
  }
}

}  // namespace
}  // namespace hypertier

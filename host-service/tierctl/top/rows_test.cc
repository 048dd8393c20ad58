// SPDX-License-Identifier: Apache-2.0
#include "host-service/tierctl/top/rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host-service/tierctl/top/test_picture.h"

namespace hypertier::tierctl::top {
namespace {

using ::testing::ElementsAre;

// Tenants in brackets.
std::vector<std::string> Names(const Picture& picture, const View& view) {
  std::vector<std::string> names;
  for (const Row& row : Arrange(picture, view)) {
    names.push_back(row.vm != nullptr ? row.vm->display_name() : "[" + std::string(row.tenant) + "]");
  }
  return names;
}

TEST(Arrange, PutsVmsUnderTheirTenantsAndThoseOfNobodyLast) {
  EXPECT_THAT(Names(TestPicture(), {}),
              ElementsAre("[acme]", "web-1", "web-2", "web-3", "[globex]", "db-1", "[]", "lost"));
}

TEST(Arrange, SortsByFmemWithTheLargestFirst) {
  EXPECT_THAT(Names(TestPicture(), {.sort = Sort::kFmem}),
              ElementsAre("[acme]", "web-2", "web-3", "web-1", "[globex]", "db-1", "[]", "lost"));
}

TEST(Arrange, SortsByHitsWithTheWorstFirstAndTheUnknownLast) {
  EXPECT_THAT(Names(TestPicture(), {.sort = Sort::kHits}),
              ElementsAre("[acme]", "web-3", "web-1", "web-2", "[globex]", "db-1", "[]", "lost"));
}

TEST(Arrange, LeavesTenantsAloneWhenFolded) {
  EXPECT_THAT(Names(TestPicture(), {.folded = true}), ElementsAre("[acme]", "[globex]", "[]"));
}

TEST(Arrange, CountsWhatATenantsVmsHave) {
  Picture picture = TestPicture();
  v1::Vm absurd = TestVm("absurd", "globex", UINT64_MAX);
  Add(picture, absurd);
  const std::vector<Row> rows = Arrange(picture, {.folded = true});
  EXPECT_EQ(rows[0].vms, 3U);
  EXPECT_EQ(rows[0].charged.fmem(), 9 * kGiB);
  EXPECT_EQ(rows[0].targets.smem(), 12 * kGiB);
  EXPECT_NE(rows[0].terms, nullptr);
  EXPECT_EQ(rows[1].charged.fmem(), UINT64_MAX) << "sums do not wrap";
  EXPECT_EQ(rows[1].terms, nullptr);
}

}  // namespace
}  // namespace hypertier::tierctl::top

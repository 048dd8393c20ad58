// SPDX-License-Identifier: Apache-2.0
#include "host-service/libvirt/resync.h"

#include <gmock/gmock.h>

#include <algorithm>

namespace hypertier {
namespace {

using namespace std::chrono_literals;

class ResyncTest : public ::testing::Test {
 protected:
  const Resync::Clock::time_point begun_{};
  Resync resync_{1s, 5s};

  static DomainInfo Domain(const std::string& uuid, const std::string& xml) {
    return {.uuid = uuid, .name = "n" + uuid, .state = DomainState::kRunning, .xml = xml, .answered = true};
  }
  std::vector<DomainInfo> TakeSorted() {
    std::vector<DomainInfo> all = resync_.Take();
    std::sort(all.begin(), all.end(), [](const DomainInfo& a, const DomainInfo& b) { return a.uuid < b.uuid; });
    return all;
  }
};

TEST_F(ResyncTest, IsCompleteOnceEveryListedDomainHasAnswered) {
  EXPECT_FALSE(resync_.complete()) << "nothing has been listed";
  resync_.Expect("a", "na");
  resync_.Expect("b", "nb");
  resync_.Listed(begun_);
  EXPECT_FALSE(resync_.complete());
  resync_.Answered(Domain("a", "<a/>"), begun_);
  resync_.Failed("b");
  EXPECT_TRUE(resync_.complete());
  const auto all = TakeSorted();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_TRUE(all[0].answered);
  EXPECT_EQ(all[0].xml, "<a/>");
  EXPECT_FALSE(all[1].answered);
  EXPECT_EQ(all[1].name, "nb");
  EXPECT_EQ(all[1].xml, "");
}

TEST_F(ResyncTest, KeepsTheNewerNewsOfADomainAndForgetsOneThatWent) {
  resync_.Answered(Domain("a", "<early event/>"), begun_);
  resync_.Expect("a", "na");
  resync_.Expect("b", "nb");
  resync_.Listed(begun_);
  resync_.Answered(Domain("a", "<newer/>"), begun_);
  resync_.Gone("b", begun_);
  EXPECT_TRUE(resync_.complete());
  const auto all = TakeSorted();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].xml, "<newer/>");
}

TEST_F(ResyncTest, IsDueWhenNothingAnswersAnyMoreAndAtTheLimitInAnyCase) {
  for (int i = 0; i < 20; ++i) resync_.Expect(std::to_string(i), "n");
  resync_.Listed(begun_);
  EXPECT_EQ(resync_.due(), begun_ + 1s);
  for (int i = 0; i < 10; ++i) {
    resync_.Answered(Domain(std::to_string(i), "<d/>"), begun_ + i * 900ms);
    EXPECT_EQ(resync_.due(), std::min(begun_ + i * 900ms + 1s, begun_ + 5s));
  }
}

}  // namespace
}  // namespace hypertier

// SPDX-License-Identifier: Apache-2.0
#include "host-service/tierctl/top/layout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <clocale>

#include "host-service/tierctl/text_width.h"
#include "host-service/tierctl/top/test_picture.h"

namespace hypertier::tierctl::top {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class LayoutTest : public ::testing::Test {
 protected:
  void SetUp() override { utf8_ = std::setlocale(LC_CTYPE, "C.UTF-8") != nullptr; }
  void TearDown() override { std::setlocale(LC_CTYPE, "C"); }

  std::string Text(const Picture& picture, Size size, const Glyphs& glyphs = kAscii) {
    std::string text;
    for (const Line& line : Layout(picture, Arrange(picture, view_), view_, size, glyphs).lines) {
      text += line.text() + "\n";
    }
    return text;
  }

  bool utf8_ = false;
  View view_;
};

TEST_F(LayoutTest, ShowsAHostOnEightyColumns) {
  EXPECT_EQ(Text(TestPicture(), {80, 12}),
            "tierctl top  5 VMs  1 tenant  policy hotness                                    \n"
            "FMEM   64G  charged ###----------   16G  25%  reserved #######------   32G  50% \n"
            "SMEM   64G  charged ###----------   16G  25%  reserved #######------   32G  50% \n"
            "TENANT, VM      FMEM   charged SMEM   charged HITS STATE                        \n"
            "- Acme Corp.    #|------    9G ##|-----   12G      3 VMs  acme                  \n"
            "  web-1         #+|-----    2G #+|-----    4G  90% idle  near enough to 4 GiB   \n"
            "  web-2         ##++|---    4G #+|-----    4G    - idle  near enough to 4 GiB   \n"
            "  web-3         ##+|----    3G #+|-----    4G  50% idle  near enough to 4 GiB   \n"
            "- globex        #|------    8G #|------    4G      1 VM                         \n"
            "  db-1          ####+++|    8G #+|-----    4G  70% idle  near enough to 4 GiB   \n"
            "- no tenant     |-------    1G #|------    4G      1 VM                         \n"
            "1-7 of 8  by name  h help  q quit                                               \n");
}

// Whatever others say, and however small the terminal is.
TEST_F(LayoutTest, FillsEveryScreenExactly) {
  Picture picture = TestPicture();
  picture.tenants[0].set_display_name("漢字漢字漢字漢字漢字 \x1b[31m\n");
  picture.tenants[0].add_problems(std::string(10000, 'p'));
  picture.host->mutable_maintenance()->set_reason("swap\ra DIMM");
  picture.host->add_problems(std::string(300, '\xff'));
  picture.trouble = "connection\nrefused";
  v1::Vm vm = TestVm("e\u0301\u0301\u200d\u202e\xff 🙂🙂🙂🙂🙂🙂🙂", "acme", UINT64_MAX, 1e300);
  vm.mutable_tiers(0)->set_state(v1::TIER_STATE_SHORT);
  vm.mutable_tiers(0)->set_shortfall_bytes(UINT64_MAX);
  vm.mutable_tiers(1)->set_reason(std::string(5000, 'r'));
  Add(picture, vm);
  for (const bool help : {false, true}) {
    view_.help = help;
    for (const Glyphs& glyphs : {kAscii, kBlocks}) {
      if (glyphs.utf8 && !utf8_) continue;
      for (std::size_t width = 0; width <= 210; ++width) {
        for (const std::size_t height : {0, 1, 3, 7, 10, 24}) {
          const Frame frame = Layout(picture, Arrange(picture, view_), view_, {width, height}, glyphs);
          ASSERT_EQ(frame.lines.size(), width == 0 ? 0 : height);
          for (const Line& line : frame.lines) {
            ASSERT_EQ(Columns(line.text()), width) << line.text();
            ASSERT_EQ(line.text().find_first_of("\x1b\n\r"), std::string::npos) << line.text();
          }
        }
      }
    }
  }
}

TEST_F(LayoutTest, SaysPlainlyThatNobodyAnswersAndThatTheHostIsFrozen) {
  Picture picture = TestPicture();
  picture.trouble = "connection refused";
  picture.trouble_age = std::chrono::seconds(12);
  picture.host->mutable_maintenance()->set_reason("swap a DIMM");
  const std::string text = Text(picture, {100, 20});
  EXPECT_THAT(text, HasSubstr("DISCONNECTED for 12 s, trying again: connection refused"));
  EXPECT_THAT(text, HasSubstr("MAINTENANCE, no target changes: swap a DIMM"));
  EXPECT_THAT(text, HasSubstr("web-1")) << "what was known last stays";
}

TEST_F(LayoutTest, SaysWhenHostAndTenantsAreNotHeardOf) {
  Picture picture = TestPicture();
  EXPECT_THAT(Text(picture, {100, 20}), Not(HasSubstr("not heard of")));
  picture.qos_age = std::chrono::seconds(70);
  EXPECT_THAT(Text(picture, {100, 20}), HasSubstr("Host and tenants not heard of for 70 s: no answer"));
}

TEST_F(LayoutTest, ShowsStateAndReasonOfTheTierThatIsWorthALook) {
  Picture picture;
  picture.synced = true;
  v1::Vm vm = TestVm("web-1", "", 2 * kGiB);
  vm.mutable_tiers(0)->set_state(v1::TIER_STATE_GROWING);
  vm.mutable_tiers(1)->set_state(v1::TIER_STATE_SHORT);
  vm.mutable_tiers(1)->set_shortfall_bytes(2 << 20);
  vm.mutable_tiers(1)->set_reason("on the way to 1 GiB");
  Add(picture, vm);
  v1::Vm plain;
  plain.set_display_name("old");
  plain.set_management(v1::MANAGEMENT_UNMANAGED);
  plain.set_reason("not two-tier");
  Add(picture, plain);
  const std::string text = Text(picture, {120, 10});
  EXPECT_THAT(text, HasSubstr("smem short by 2 MiB  on the way to 1 GiB"));
  EXPECT_THAT(text, HasSubstr("unmanaged            not two-tier"));
}

TEST_F(LayoutTest, ShowsWhatATenantReserved) {
  Picture picture = TestPicture();
  for (const v1::TierKind kind : {v1::TIER_KIND_FMEM, v1::TIER_KIND_SMEM}) {
    v1::TenantTier& tier = *picture.tenants[0].add_tiers();
    tier.set_kind(kind);
    tier.set_reservation_bytes(kind == v1::TIER_KIND_FMEM ? kGiB : 0);
    tier.set_limit_bytes(18 * kGiB);
  }
  EXPECT_THAT(Text(picture, {120, 12}), HasSubstr("- Acme Corp.         ######|-----       9G/9G "));
  EXPECT_THAT(Text(picture, {120, 12}), HasSubstr("3 VMs  acme  reserved 1G/0B"));
}

TEST_F(LayoutTest, DrawsTheSameInBlocks) {
  if (!utf8_) GTEST_SKIP() << "no locale C.UTF-8";
  EXPECT_THAT(Text(TestPicture(), {80, 12}, kBlocks), HasSubstr("  web-1         █▒│─────    2G █▒│─────    4G"));
}

TEST_F(LayoutTest, ScrollsAndKeepsTheLastPageFull) {
  Picture picture;
  picture.synced = true;
  for (int i = 0; i < 1000; ++i) Add(picture, TestVm(std::to_string(1000 + i), "acme", kGiB));
  view_.top = 5000;
  const std::string text = Text(picture, {80, 10});
  EXPECT_THAT(text, HasSubstr("  1999 "));
  EXPECT_THAT(text, HasSubstr("995-1001 of 1001"));
  view_.folded = true;
  EXPECT_THAT(Text(picture, {80, 10}), HasSubstr("\n+ acme "));
}

TEST_F(LayoutTest, SaysThatNothingIsKnownYet) {
  Picture picture;
  EXPECT_THAT(Text(picture, {80, 10}), HasSubstr("Waiting for the list of VMs."));
  picture.synced = true;
  EXPECT_THAT(Text(picture, {80, 10}), HasSubstr("No VMs, no tenants."));
}

}  // namespace
}  // namespace hypertier::tierctl::top

// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/audit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hypertier::sim {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// 100 GiB of FMEM; two VMs with 40 GiB reserved each, of one tenant that may have 90.
class AuditTest : public ::testing::Test {
 protected:
  AuditTest() {
    scenario_.capacity = {Bytes::GiB(100), Bytes::GiB(100)};
    scenario_.deadline = 2;
    scenario_.tenants.push_back({"acme", {}});
    scenario_.tenants[0].policy.fmem().limit = Bytes::GiB(90);
    for (const char* name : {"a", "b"}) {
      Group& group = scenario_.groups.emplace_back();
      group.name = name;
      group.cells = {Bytes::GiB(100), Bytes::GiB(100)};
      group.policy.fmem().reservation = Bytes::GiB(40);
    }
    vms_[1].group = 1;
  }

  void Set(std::size_t vm, std::uint64_t held, std::uint64_t due, std::uint64_t target, std::uint64_t charge) {
    vms_[vm].tiers.fmem() = {Bytes::GiB(held), Bytes::GiB(due), Bytes::GiB(target), Bytes::GiB(charge)};
  }

  std::vector<std::string> After(int periods) {
    Audit audit(scenario_);
    std::vector<std::string> broken;
    for (int i = 0; i < periods; ++i) broken = audit.Check(vms_);
    unmet_ = audit.unmet(0, TierId::kFmem);
    return broken;
  }

  Scenario scenario_;
  std::vector<VmTruth> vms_{2};
  Audit::Unmet unmet_;
};

TEST_F(AuditTest, FindsMoreHeldThanThereIs) {
  Set(0, 50, 0, 50, 50);
  Set(1, 51, 0, 51, 51);
  EXPECT_THAT(After(1), ElementsAre("fmem: the host holds 101 GiB, where 100 GiB is the most",
                                    "fmem: tenant acme holds 101 GiB, where 90 GiB is the most"));
}

TEST_F(AuditTest, FindsAReservationThatIsNotOrderedAlthoughThereIsRoom) {
  Set(0, 10, 40, 10, 10);
  EXPECT_THAT(After(2), IsEmpty());
  EXPECT_THAT(After(3), ElementsAre(HasSubstr("a[0] has been told 10 GiB for 3 s, where 40 GiB of its reservation are "
                                              "wanted and there is room")));
  EXPECT_EQ(unmet_.worst, Bytes::GiB(30));
  EXPECT_EQ(unmet_.longest, 3);
}

TEST_F(AuditTest, GivesTimeWhileOthersGiveBack) {
  Set(0, 10, 40, 10, 10);
  Set(1, 80, 40, 50, 80);
  EXPECT_THAT(After(10), IsEmpty());
  EXPECT_EQ(unmet_.longest, 10);
}

TEST_F(AuditTest, FindsThatOthersMayKeepWhatSomebodyNeedsOfItsReservation) {
  Set(0, 10, 40, 10, 10);
  Set(1, 80, 40, 80, 80);
  EXPECT_THAT(After(3), ElementsAre(HasSubstr("others may keep what is not reserved for them")));
}

TEST_F(AuditTest, CannotBlameTheHostForAVmThatIgnoresItsTarget) {
  scenario_.groups[1].faults.ignores_targets = true;
  Set(0, 10, 40, 10, 10);
  Set(1, 80, 40, 40, 80);
  EXPECT_THAT(After(10), IsEmpty());
}

TEST_F(AuditTest, LeavesSharesToDecideWhereMoreIsWantedThanThereIs) {
  scenario_.tenants[0].policy.fmem().limit = Bytes::GiB(70);
  Set(0, 30, 40, 30, 30);
  Set(1, 40, 40, 40, 40);
  EXPECT_THAT(After(10), IsEmpty());
  EXPECT_EQ(unmet_.longest, 0);
}

}  // namespace
}  // namespace hypertier::sim

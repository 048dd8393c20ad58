// SPDX-License-Identifier: Apache-2.0
#include "host-service/qos/admission.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hypertier::qos {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

PerTier<TierPolicy> Wants(std::uint64_t fmem_gib, std::uint64_t smem_gib = 0) {
  return {{.reservation = Bytes::GiB(fmem_gib)}, {.reservation = Bytes::GiB(smem_gib)}};
}

// 100 GiB of FMEM and 400 of SMEM. "a" has 30 of FMEM reserved for itself and at most 50, "b" nothing and no limit.
class AdmissionTest : public ::testing::Test {
 protected:
  AdmissionTest() {
    host_.capacity = {Bytes::GiB(100), Bytes::GiB(400)};
    host_.tenants = {{"a", {{.reservation = Bytes::GiB(30), .limit = Bytes::GiB(50)}, {}}}, {"b", {}}};
  }
  void Add(std::size_t tenant, const PerTier<TierPolicy>& policy) {
    Vm& vm = host_.vms.emplace_back();
    vm.tenant = tenant;
    vm.policy = policy;
  }

  Snapshot host_;
};

TEST_F(AdmissionTest, WhatFitsIsAdmittedToTheLastByte) {
  EXPECT_THAT(WouldBeUnmet(host_, 1, Wants(70, 400)), IsEmpty());
  Add(1, Wants(70, 400));
  EXPECT_THAT(Unmet(host_), IsEmpty());
  EXPECT_EQ(Reserved(host_), host_.capacity);
  // Out of its tenant's own reservation.
  EXPECT_THAT(WouldBeUnmet(host_, 0, Wants(30)), IsEmpty());
}

TEST_F(AdmissionTest, WhatDoesNotFitTheHostIsRefusedWithNumbers) {
  Add(1, Wants(60));
  EXPECT_THAT(WouldBeUnmet(host_, 1, Wants(20, 500)),
              ElementsAre("fmem: 110 GiB are reserved on this host, which has 100 GiB",
                          "smem: 500 GiB are reserved on this host, which has 400 GiB"));
}

TEST_F(AdmissionTest, ATenantsLimitHolds) {
  Add(0, Wants(40));
  EXPECT_THAT(WouldBeUnmet(host_, 0, Wants(11)),
              ElementsAre("fmem: 51 GiB are reserved by the VMs of tenant a, whose limit is 50 GiB"));
  EXPECT_THAT(WouldBeUnmet(host_, 0, Wants(10)), IsEmpty());
}

TEST_F(AdmissionTest, WhatIsWrongAlreadyIsToldButNotHeldAgainstOthers) {
  Add(1, Wants(90));
  EXPECT_THAT(Unmet(host_), ElementsAre("fmem: 120 GiB are reserved on this host, which has 100 GiB"));
  EXPECT_THAT(WouldBeUnmet(host_, 1, Wants(0, 10)), IsEmpty());
  EXPECT_THAT(WouldBeUnmet(host_, 0, Wants(20)), IsEmpty());
  EXPECT_EQ(Reserved(host_).fmem(), Bytes::GiB(120));
}

TEST_F(AdmissionTest, AReservationAboveItsOwnLimitIsRefused) {
  PerTier<TierPolicy> policy = Wants(8);
  policy.fmem().limit = Bytes::GiB(4);
  EXPECT_THAT(WouldBeUnmet(host_, 1, policy),
              ElementsAre("fmem: a reservation of 8 GiB is above the VM's own limit of 4 GiB"));
}

}  // namespace
}  // namespace hypertier::qos

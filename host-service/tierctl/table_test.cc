// SPDX-License-Identifier: Apache-2.0
#include "host-service/tierctl/table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hypertier::tierctl {
namespace {

using ::testing::HasSubstr;

v1::Vm Managed() {
  v1::Vm vm;
  vm.set_display_name("web-1");
  vm.set_tenant("acme");
  vm.set_management(v1::MANAGEMENT_MANAGED);
  v1::Tier* tier = vm.add_tiers();
  tier->set_kind(v1::TIER_KIND_FMEM);
  tier->set_cell_bytes(256ULL << 20);
  tier->set_target_bytes(128ULL << 20);
  tier->set_shortfall_bytes(2ULL << 20);
  tier->set_state(v1::TIER_STATE_SHORT);
  return vm;
}

TEST(FormatVms, ShowsATierARowAndADashForWhatIsUnknown) {
  const std::string text = FormatVms({Managed()}, false);
  EXPECT_THAT(text, HasSubstr("web-1  acme    fmem  256 MiB  128 MiB        -         -  short by 2 MiB\n"));
}

TEST(FormatVms, ShowsHowTiersMoveWhereThereIsRoom) {
  v1::Vm vm = Managed();
  vm.set_provisioner(v1::PROVISIONER_VIRTIO_MEM);
  vm.mutable_tiers(0)->set_granularity_bytes(2ULL << 20);
  vm.mutable_tiers(0)->set_pace_bytes_per_second(512ULL << 20);
  EXPECT_THAT(FormatVms({vm}, true), HasSubstr("RESIDENT   STEP       PACE  PROVISIONER  STATE\n"));
  EXPECT_THAT(FormatVms({vm}, true), HasSubstr("-  2 MiB  512 MiB/s  virtio-mem   short by 2 MiB\n"));
  EXPECT_THAT(FormatVm(vm), HasSubstr("  tiers by   virtio-mem\n"));
}

TEST(FormatVms, ShowsAnUnmanagedVmWithItsReason) {
  v1::Vm vm;
  vm.set_display_name("old");
  vm.set_management(v1::MANAGEMENT_UNMANAGED);
  vm.set_reason("not two-tier: 0 guest NUMA cells");
  EXPECT_THAT(FormatVms({vm}, false), HasSubstr("unmanaged\n\nold: not two-tier: 0 guest NUMA cells\n"));
}

TEST(FormatVm, ShowsWhatIsPromisedAndWhyTheTargetIsWhatItIs) {
  v1::Vm vm = Managed();
  vm.set_policy_mode(v1::POLICY_MODE_AUTO);
  vm.add_policy_problems("class \"gold\": the configuration has no [class.gold]; it is as if the VM had no class");
  v1::Tier& tier = *vm.mutable_tiers(0);
  tier.set_reservation_bytes(64ULL << 20);
  tier.set_limit_bytes(256ULL << 20);
  tier.set_shares(2.5);
  tier.set_reason("128 MiB: 64 MiB claimed and 64 MiB of what nobody needs");
  const std::string text = FormatVm(vm);
  EXPECT_THAT(text, HasSubstr("  policy     auto\n"));
  EXPECT_THAT(text, HasSubstr("  TIER  RESERVED    LIMIT  SHARES  TARGET\n"
                              "  fmem    64 MiB  256 MiB     2.5  128 MiB: 64 MiB claimed and 64 MiB of what nobody "
                              "needs\n"
                              "  class \"gold\""));
}

TEST(FormatTable, LetsNoNameActOnTheTerminal) {
  EXPECT_EQ(FormatTable({{"A", "B"}, {"x\x1b[2J\n", "y"}}, {}), "A                B\nx\\u{1b}[2J\\u{a}  y\n");
}

TEST(FormatTable, LeavesNoTrailingBlanks) {
  EXPECT_EQ(FormatTable({{"A", "B"}, {"long", ""}}, {}), "A     B\nlong\n");
}

}  // namespace
}  // namespace hypertier::tierctl

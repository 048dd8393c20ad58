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
  const std::string text = FormatVms({Managed()});
  EXPECT_THAT(text, HasSubstr("web-1  acme    fmem  256 MiB  128 MiB        -         -  short by 2 MiB\n"));
}

TEST(FormatVms, ShowsAnUnmanagedVmWithItsReason) {
  v1::Vm vm;
  vm.set_display_name("old");
  vm.set_management(v1::MANAGEMENT_UNMANAGED);
  vm.set_reason("not two-tier: 0 guest NUMA cells");
  EXPECT_THAT(FormatVms({vm}), HasSubstr("unmanaged\n\nold: not two-tier: 0 guest NUMA cells\n"));
}

TEST(FormatTable, LeavesNoTrailingBlanks) {
  EXPECT_EQ(FormatTable({{"A", "B"}, {"long", ""}}, {}), "A     B\nlong\n");
}

}  // namespace
}  // namespace hypertier::tierctl

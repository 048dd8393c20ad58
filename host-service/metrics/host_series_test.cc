// SPDX-License-Identifier: Apache-2.0
#include "host-service/metrics/host_series.h"

#include <gmock/gmock.h>
#include <prometheus/text_serializer.h>

#include <sstream>

namespace hypertier::metrics {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// A host of 10 GiB FMEM and 40 GiB SMEM, with tenant acme, and VMs of it and of others.
class HostSeriesTest : public testing::Test {
 protected:
  HostSeriesTest() {
    fleet_.connected = fleet_.synced = true;
    host_.policy = "hotness";
    host_.capacity = PerTier<Bytes>{Bytes(10'000), Bytes(40'000)};
    TenantRecord acme;
    acme.id = "acme";
    acme.terms.fmem() = {policy::Amount::Of(Bytes(3'000)), policy::Amount::Of(Bytes(6'000)), {}};
    fleet_.tenants = std::make_shared<const control::TenantMap>(control::TenantMap{{"acme", acme}});
  }

  control::VmRecord& Add(const std::string& tenant, Bytes reservation, Bytes target) {
    auto vm = std::make_shared<control::VmRecord>();
    vm->tenant = tenant;
    vm->state = DomainState::kRunning;
    vm->mode = policy::Mode::kAuto;
    vm->tiers.emplace();
    control::TierRecord& fmem = vm->tiers->fmem();
    fmem.policy.reservation = fmem.committed = reservation;
    fmem.target = fmem.charged = target;
    fleet_.vms.push_back(vm);
    return *vm;
  }

  std::string Text() {
    fleet_.host = std::make_shared<const control::HostRecord>(host_);
    Families families;
    AddHost(families, fleet_);
    std::ostringstream out;
    prometheus::TextSerializer().Serialize(out, std::move(families).Take());
    return out.str();
  }

  control::FleetSnapshot fleet_;
  control::HostRecord host_;
};

TEST_F(HostSeriesTest, SumsWhatASchedulerGoesBy) {
  control::VmRecord& ours = Add("acme", Bytes(4'000), Bytes(5'000));
  ours.tiers->fmem().resident = Bytes(5'100);
  ours.tiers->fmem().compliance = qos::Compliance::kViolating;
  ours.provisioner = domain::Provisioner::kDoubleBalloon;
  ours.agent.link = control::LinkState::kUp;
  control::VmRecord& other = Add("other", Bytes(2'000), Bytes(1'500));
  other.tiers->fmem().missing = Bytes(400);
  other.provisioner = domain::Provisioner::kVirtioMem;
  const std::string text = Text();
  for (const char* line : {
           "hypertier_host_degraded 0",
           "hypertier_host_maintenance 0",
           "hypertier_host_tier_capacity_bytes{tier=\"smem\"} 40000",
           "hypertier_host_tier_reservation_bytes{tier=\"fmem\"} 6000",
           "hypertier_host_tier_charged_bytes{tier=\"fmem\"} 6500",
           "hypertier_host_tier_burst_bytes{tier=\"fmem\"} 1000",
           "hypertier_host_tier_missing_bytes{tier=\"fmem\"} 400",
           "hypertier_host_tier_target_bytes{tier=\"fmem\"} 6500",
           "hypertier_host_tier_resident_bytes{tier=\"fmem\"} 5100",
           "hypertier_host_tier_free_bytes{tier=\"fmem\"} 3500",
           "hypertier_compliance_vms{tier=\"fmem\",compliance=\"violating\"} 1",
           "hypertier_compliance_vms{tier=\"smem\",compliance=\"violating\"} 0",
           "hypertier_agents{link=\"up\"} 1",
           "hypertier_agents{link=\"down\"} 0",
           "hypertier_tenant_tier_target_bytes{tenant=\"acme\",tier=\"fmem\"} 5000",
           "hypertier_tenant_tier_burst_bytes{tenant=\"acme\",tier=\"fmem\"} 1000",
           "hypertier_tenant_tier_missing_bytes{tenant=\"other\",tier=\"fmem\"} 400",
           "hypertier_tenant_tier_resident_bytes{tenant=\"acme\",tier=\"fmem\"} 5100",
           "hypertier_tenant_vms{tenant=\"other\"} 1",
           "hypertier_tenant_tier_reservation_bytes{tenant=\"acme\",tier=\"fmem\"} 3000",
           "hypertier_tenant_tier_vms_reservation_bytes{tenant=\"acme\",tier=\"fmem\"} 4000",
           "hypertier_tenant_tier_limit_bytes{tenant=\"acme\",tier=\"fmem\"} 6000",
       }) {
    EXPECT_THAT(text, HasSubstr(std::string(line) + "\n"));
  }
  // Without a limit, without terms, without accesses: nothing is made up.
  EXPECT_THAT(text, Not(HasSubstr("limit_bytes{tenant=\"acme\",tier=\"smem\"}")));
  EXPECT_THAT(text, Not(HasSubstr("reservation_bytes{tenant=\"other\"")));
  EXPECT_THAT(text, Not(HasSubstr("hit_ratio")));
}

TEST_F(HostSeriesTest, HitRatiosCountByAccesses) {
  for (const auto& [rate, ratio] : {std::pair{300.0, 1.0}, {100.0, 0.2}}) {
    auto placement = std::make_shared<agent::v1::PlacementReport>();
    placement->set_access_rate(rate);
    placement->set_hit_ratio(ratio);
    Add("acme", Bytes(), Bytes()).placement = placement;
  }
  EXPECT_THAT(Text(), HasSubstr("hypertier_host_fmem_hit_ratio 0.8\n"));
}

TEST_F(HostSeriesTest, AHostIsDegradedWhenItsPromisesDoNotFitOrNothingIsKnownOrPlanned) {
  const auto degraded = [this] { return Text().find("\nhypertier_host_degraded 1\n") != std::string::npos; };
  EXPECT_FALSE(degraded());
  fleet_.connected = false;
  EXPECT_TRUE(degraded());
  fleet_.connected = true;
  host_.policy.clear();
  EXPECT_TRUE(degraded());
  host_.policy = "static";
  host_.capacity.reset();
  EXPECT_TRUE(degraded());
  EXPECT_THAT(Text(), Not(HasSubstr("capacity_bytes{")));
  host_.capacity = PerTier<Bytes>{Bytes(10'000), Bytes(40'000)};
  // A typing error in a file must not empty a cloud of its hosts.
  host_.config_problem = "line 3";
  EXPECT_FALSE(degraded());
  Add("other", Bytes(8'000), Bytes(8'000));
  EXPECT_TRUE(degraded()) << "3000 of acme and 8000 are more than 10000";
}

TEST_F(HostSeriesTest, ATenantAboveItsLimitClosesTheHostToNobodyElse) {
  Add("acme", Bytes(7'000), Bytes(7'000));
  EXPECT_THAT(Text(), HasSubstr("hypertier_host_degraded 0\n"));
}

TEST_F(HostSeriesTest, WhatIsShutOffHoldsNothing) {
  Add("acme", Bytes(4'000), Bytes(5'000)).state = DomainState::kShutOff;
  const std::string text = Text();
  EXPECT_THAT(text, HasSubstr("hypertier_host_tier_target_bytes{tier=\"fmem\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("hypertier_tenant_vms{tenant=\"acme\"} 0\n"));
}

TEST_F(HostSeriesTest, MaintenanceShows) {
  host_.maintenance.emplace();
  EXPECT_THAT(Text(), HasSubstr("hypertier_host_maintenance 1\n"));
}

}  // namespace
}  // namespace hypertier::metrics

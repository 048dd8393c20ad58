// SPDX-License-Identifier: Apache-2.0
#include "host-service/metrics/collector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/text_serializer.h>

#include <set>
#include <sstream>

#include "host-service/ledger/fake_ledger.h"
#include "host-service/metrics/table.h"

namespace hypertier::metrics {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class FixedSource : public control::SnapshotSource {
 public:
  control::SnapshotPtr Snapshot() const override { return snapshot; }
  std::shared_ptr<control::FleetSnapshot> snapshot = std::make_shared<control::FleetSnapshot>();
};

class CollectorTest : public ::testing::Test {
 protected:
  std::string Text(bool per_vm = true) const {
    const Collector::Sources sources{.fleet = &source_,
                                     .periods = &periods_,
                                     .events = &events_,
                                     .libvirt = &libvirt_,
                                     .rpcs = &rpcs_,
                                     .ledger = &ledger_};
    std::ostringstream out;
    prometheus::TextSerializer().Serialize(out, Collector(sources, {.version = "1.2.3", .per_vm = per_vm}).Collect());
    return out.str();
  }

  FixedSource source_;
  control::PeriodStats periods_;
  EventCounts events_;
  LibvirtCallStats libvirt_;
  RpcStats rpcs_;
  FakeLedger ledger_;
};

TEST(MetricTable, NamesAreUniqueAndFollowTheRules) {
  std::set<std::string_view> names;
  for (const MetricRow<Metric>& row : kTable) {
    EXPECT_TRUE(names.insert(row.definition.name).second) << row.definition.name;
    EXPECT_EQ(MetricFault(row.definition), "") << row.definition.name;
  }
}

TEST_F(CollectorTest, ShowsWhatIsKnownAndLeavesOutWhatIsNot) {
  auto vm = std::make_shared<control::VmRecord>();
  vm->uuid = "u1";
  vm->name = "web1";
  vm->tenant = "acme \"quoted\"";
  vm->state = DomainState::kRunning;
  vm->provisioner = domain::Provisioner::kDoubleBalloon;
  vm->management = control::Management::kManaged;
  vm->tiers.emplace();
  vm->tiers->fmem().cell = Bytes::GiB(1);
  vm->tiers->fmem().target = Bytes::MiB(512);
  vm->tiers->fmem().balloon = Bytes::MiB(500);
  vm->tiers->fmem().charged = Bytes::MiB(600);
  vm->agent.link = control::LinkState::kUp;
  vm->agent.link_resets = 3;
  vm->agent.oom_deflates = 2;
  vm->agent.memory_pressure = 0.25;
  agent::v1::PlacementReport placement;
  placement.set_hit_ratio(0.75);
  placement.set_exchanged_bytes(8192);
  placement.set_sampling_cpu_ns(1'500'000'000);
  placement.set_refused_pages(10);
  placement.add_refusals()->set_reason(agent::v1::PlacementReport::Refusal::REASON_PINNED);
  placement.mutable_refusals(0)->set_pages(4);
  placement.add_curve()->set_fmem_bytes(Bytes::MiB(256).count());
  placement.mutable_curve(0)->set_share(0.8);
  placement.add_curve()->set_fmem_bytes(Bytes::MiB(768).count());
  placement.mutable_curve(1)->set_share(1);
  vm->placement = std::make_shared<const agent::v1::PlacementReport>(placement);
  auto plain = std::make_shared<control::VmRecord>();
  plain->uuid = "u2";
  plain->name = "plain";
  source_.snapshot->vms = {plain, vm};
  source_.snapshot->connected = true;
  source_.snapshot->counts = {.succeeded = 7, .failed = 1, .cancelled = 0, .running = 4};
  rpcs_.Count(RpcMethod::kResizeVm, 11);
  rpcs_.Observe(RpcMethod::kResizeVm, std::chrono::milliseconds(2));
  periods_.Ended(absl::Milliseconds(250), absl::Milliseconds(4));
  events_.Count(control::EventKind::kLinkReset);
  libvirt_.Ended(LibvirtCall::kRead, std::chrono::milliseconds(20), true);
  libvirt_.TimedOut(LibvirtCall::kAttach);

  const std::string text = Text();
  for (const char* line : {"hypertier_build_info{version=\"1.2.3\"} 1",
                           "hypertier_libvirt_connected 1",
                           "hypertier_vms{management=\"managed\"} 1",
                           "hypertier_vms{management=\"waiting\"} 0",
                           "hypertier_vms{management=\"unmanaged\"} 1",
                           "hypertier_vm_info{vm=\"u1\",name=\"web1\",tenant=\"acme \\\"quoted\\\"\"} 1",
                           "hypertier_vm_tier_cell_bytes{vm=\"u1\",tier=\"fmem\"} 1073741824",
                           "hypertier_vm_tier_target_bytes{vm=\"u1\",tier=\"fmem\"} 536870912",
                           "hypertier_vm_tier_balloon_bytes{vm=\"u1\",tier=\"fmem\"} 524288000",
                           "hypertier_vm_tier_charged_bytes{vm=\"u1\",tier=\"fmem\"} 629145600",
                           "hypertier_vm_agent_up{vm=\"u1\"} 1",
                           "hypertier_vm_link_resets_total{vm=\"u1\"} 3",
                           "hypertier_vm_oom_deflates_total{vm=\"u1\"} 2",
                           "hypertier_vm_fmem_hit_ratio{vm=\"u1\"} 0.75",
                           "hypertier_vm_placement_info{vm=\"u1\",source=\"none\"} 1",
                           "hypertier_vm_moved_bytes_total{vm=\"u1\",how=\"exchange\"} 8192",
                           "hypertier_vm_placement_cpu_seconds_total{vm=\"u1\",stage=\"sampling\"} 1.5",
                           "hypertier_operations_total{state=\"succeeded\"} 7",
                           "hypertier_operations_running 4",
                           "hypertier_rpc_total{method=\"ResizeVm\",code=\"OUT_OF_RANGE\"} 1",
                           "# TYPE hypertier_rpc_total counter",
                           "hypertier_vm_refused_pages_total{vm=\"u1\",reason=\"pinned\"} 4",
                           "hypertier_vm_refused_pages_total{vm=\"u1\",reason=\"other\"} 6",
                           "hypertier_vm_refused_pages_total{vm=\"u1\",reason=\"shared\"} 0",
                           "hypertier_vm_memory_pressure_ratio{vm=\"u1\"} 0.25",
                           "hypertier_vm_expected_hit_ratio{vm=\"u1\",cell_percent=\"25\"} 0.8",
                           "hypertier_vm_expected_hit_ratio{vm=\"u1\",cell_percent=\"50\"} 0.9",
                           "hypertier_vm_expected_hit_ratio{vm=\"u1\",cell_percent=\"100\"} 1",
                           "hypertier_rpc_duration_seconds_bucket{method=\"ResizeVm\",le=\"0.001\"} 0",
                           "hypertier_rpc_duration_seconds_bucket{method=\"ResizeVm\",le=\"0.003\"} 1",
                           "hypertier_rpc_duration_seconds_bucket{method=\"ResizeVm\",le=\"+Inf\"} 1",
                           "hypertier_rpc_duration_seconds_count{method=\"ResizeVm\"} 1",
                           "hypertier_rpc_duration_seconds_sum{method=\"ResizeVm\"} 0.002",
                           "hypertier_period_lag_seconds 0.25",
                           "hypertier_plan_duration_seconds_count 1",
                           "hypertier_vm_events_total{kind=\"link_reset\"} 1",
                           "hypertier_vm_events_total{kind=\"paused\"} 0",
                           "hypertier_libvirt_call_failures_total{call=\"read\"} 1",
                           "hypertier_libvirt_call_timeouts_total{call=\"attach\"} 1",
                           "hypertier_ledger_writable 1",
                           "# TYPE hypertier_vms gauge"}) {
    EXPECT_THAT(text, HasSubstr("\n" + std::string(line) + "\n"));
  }
  EXPECT_THAT(text, Not(HasSubstr("hypertier_vm_tier_resident_bytes"))) << "nobody has measured";
  EXPECT_THAT(text, Not(HasSubstr("vm=\"u2\",tier"))) << "it has no tiers";
}

TEST_F(CollectorTest, AGuestMakesNoLabelsUp) {
  auto vm = std::make_shared<control::VmRecord>();
  vm->uuid = "u1";
  vm->tiers.emplace();
  agent::v1::PlacementReport placement;
  placement.set_source("pebs-4711");
  vm->placement = std::make_shared<const agent::v1::PlacementReport>(placement);
  source_.snapshot->vms = {vm};
  EXPECT_THAT(Text(), HasSubstr("\nhypertier_vm_placement_info{vm=\"u1\",source=\"other\"} 1\n"));
  EXPECT_THAT(Text(), Not(HasSubstr("4711")));
  EXPECT_THAT(Text(), Not(HasSubstr("hypertier_vm_memory_pressure_ratio"))) << "it has not said";
}

TEST_F(CollectorTest, WhatNoAgentHasSaidIsNoZero) {
  const auto vm = [](const char* uuid, domain::Provisioner provisioner, DomainState state) {
    auto record = std::make_shared<control::VmRecord>();
    record->uuid = uuid;
    record->state = state;
    record->provisioner = provisioner;
    record->tiers.emplace();
    return record;
  };
  source_.snapshot->vms = {
      vm("silent", domain::Provisioner::kDoubleBalloon, DomainState::kRunning),
      vm("needs-none", domain::Provisioner::kVirtioMem, DomainState::kRunning),
      vm("off", domain::Provisioner::kDoubleBalloon, DomainState::kShutOff),
  };
  const std::string text = Text();
  EXPECT_THAT(text, HasSubstr("\nhypertier_vm_agent_up{vm=\"silent\"} 0\n"));
  EXPECT_THAT(text, Not(HasSubstr("hypertier_vm_agent_up{vm=\"needs-none\"}")));
  EXPECT_THAT(text, Not(HasSubstr("hypertier_vm_agent_up{vm=\"off\"}")));
  EXPECT_THAT(text, Not(HasSubstr("hypertier_vm_oom_deflate"))) << "a counter that begins at 0 again would look reset";
}

TEST_F(CollectorTest, WhatHypertierdItselfTakesIsThere) {
  const auto value = [text = Text()](const std::string& name) {
    const std::size_t at = text.find("\n" + name + " ");
    return at == std::string::npos ? -1 : std::stod(text.substr(at + name.size() + 2));
  };
  const double now = absl::ToDoubleSeconds(absl::Now() - absl::UnixEpoch());
  EXPECT_NEAR(value("hypertier_process_start_time_seconds"), now, 60);
  EXPECT_GT(value("hypertier_process_resident_memory_bytes"), 1 << 20);
  EXPECT_GE(value("hypertier_process_open_fds"), 3);
  EXPECT_GE(value("hypertier_process_cpu_seconds_total"), 0);
}

TEST_F(CollectorTest, SeriesOfVmsCanBeTurnedOff) {
  auto vm = std::make_shared<control::VmRecord>();
  vm->uuid = "u1";
  vm->tenant = "acme";
  vm->state = DomainState::kRunning;
  vm->tiers.emplace();
  vm->tiers->fmem().resident = Bytes(77);
  source_.snapshot->vms = {vm};
  EXPECT_THAT(Text(), HasSubstr("vm=\"u1\""));
  const std::string text = Text(false);
  EXPECT_THAT(text, Not(HasSubstr("vm=\"u1\"")));
  EXPECT_THAT(text, HasSubstr("hypertier_host_tier_resident_bytes{tier=\"fmem\"} 77\n"));
  EXPECT_THAT(text, HasSubstr("hypertier_tenant_tier_resident_bytes{tenant=\"acme\",tier=\"fmem\"} 77\n"));
}

TEST_F(CollectorTest, ALedgerThatTakesNothingShows) {
  ledger_.broken = absl::UnavailableError("full");
  EXPECT_THAT(Text(), HasSubstr("hypertier_ledger_writable 0\n"));
}

TEST_F(CollectorTest, AnEmptyFleetShowsThatItIsEmpty) {
  const std::string text = Text();
  EXPECT_THAT(text, HasSubstr("hypertier_libvirt_connected 0"));
  EXPECT_THAT(text, HasSubstr("hypertier_vms{management=\"managed\"} 0"));
}

}  // namespace
}  // namespace hypertier::metrics

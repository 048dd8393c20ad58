// SPDX-License-Identifier: Apache-2.0
#include "host-service/metrics/collector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/text_serializer.h>

#include <set>
#include <sstream>

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
  std::string Text() const {
    std::ostringstream out;
    prometheus::TextSerializer().Serialize(out, Collector(&source_, &rpcs_, "1.2.3").Collect());
    return out.str();
  }

  FixedSource source_;
  RpcStats rpcs_;
};

TEST(MetricTable, EveryMetricIsDefinedOnceByPrometheusNamingRules) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kDefinitions.size(); ++i) {
    const Definition& definition = kDefinitions[i];
    const std::string_view name = definition.name;
    EXPECT_EQ(static_cast<std::size_t>(definition.metric), i) << name;
    EXPECT_TRUE(names.insert(name).second) << name;
    EXPECT_TRUE(name.starts_with("hypertier_")) << name;
    EXPECT_EQ(name.ends_with("_total"), definition.counter) << name;
    const bool names_unit = definition.unit.empty() || name.find("_" + std::string(definition.unit)) != name.npos;
    EXPECT_TRUE(names_unit) << name;
    EXPECT_TRUE(definition.help.ends_with(".")) << name;
  }
}

TEST_F(CollectorTest, ShowsWhatIsKnownAndLeavesOutWhatIsNot) {
  auto vm = std::make_shared<control::VmRecord>();
  vm->uuid = "u1";
  vm->name = "web1";
  vm->tenant = "acme \"quoted\"";
  vm->management = control::Management::kManaged;
  vm->tiers.emplace();
  vm->tiers->fmem().cell = Bytes::GiB(1);
  vm->tiers->fmem().target = Bytes::MiB(512);
  vm->tiers->fmem().balloon = Bytes::MiB(500);
  vm->tiers->fmem().charged = Bytes::MiB(600);
  vm->agent.link = control::LinkState::kUp;
  vm->agent.link_resets = 3;
  vm->agent.oom_deflates = 2;
  agent::v1::PlacementReport placement;
  placement.set_hit_ratio(0.75);
  placement.set_exchanged_bytes(8192);
  placement.set_sampling_cpu_ns(1'500'000'000);
  vm->placement = std::make_shared<const agent::v1::PlacementReport>(placement);
  auto plain = std::make_shared<control::VmRecord>();
  plain->uuid = "u2";
  plain->name = "plain";
  source_.snapshot->vms = {plain, vm};
  source_.snapshot->connected = true;
  source_.snapshot->counts = {.succeeded = 7, .failed = 1, .cancelled = 0, .running = 4};
  rpcs_.Count(RpcMethod::kResizeVm, 11);

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
                           "# TYPE hypertier_vms gauge"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
  EXPECT_THAT(text, Not(HasSubstr("hypertier_vm_tier_resident_bytes"))) << "nobody has measured";
  EXPECT_THAT(text, Not(HasSubstr("vm=\"u2\",tier"))) << "it has no tiers";
}

TEST_F(CollectorTest, AnEmptyFleetShowsThatItIsEmpty) {
  const std::string text = Text();
  EXPECT_THAT(text, HasSubstr("hypertier_libvirt_connected 0"));
  EXPECT_THAT(text, HasSubstr("hypertier_vms{management=\"managed\"} 0"));
}

}  // namespace
}  // namespace hypertier::metrics

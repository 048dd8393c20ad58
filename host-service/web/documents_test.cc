// SPDX-License-Identifier: Apache-2.0
#include "host-service/web/documents.h"

#include <gmock/gmock.h>

#include "host-service/web/fleet_fixture.h"

namespace hypertier::web {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const About kAbout{.version = "1.2.3", .host_name = "node1", .now = absl::FromUnixSeconds(1'800'000'000)};

TEST(DocumentsTest, AVmOfTheListHasItsFiguresToTheByte) {
  auto vm = std::make_shared<control::VmRecord>(*TwoTierVm("u1", "one", Bytes(104'857'600), Bytes(41'947'136)));
  control::TierRecord& fmem = vm->tiers->fmem();
  fmem.shortfall = Bytes(1);
  fmem.missing = Bytes(2);
  fmem.displaced = Bytes(3);
  fmem.charged = Bytes(4);
  fmem.reason = "its limit";
  fmem.compliance = qos::Compliance::kViolating;
  EXPECT_THAT(
      StatusDocument(FleetOf({vm}), kAbout),
      HasSubstr(
          R"("vms":[{"uuid":"u1","name":"one","tenant":"acme","state":"running","management":"managed","reason":"",)"
          R"("mode":"static","provisioner":"double_balloon","operation":"","agent_link":"up","hit_ratio":null,"tiers":[)"
          R"({"tier":"fmem","state":"idle","compliance":"violating","cell_bytes":1073741824,"target_bytes":104857600,)"
          R"("balloon_bytes":968884224,"resident_bytes":41947136,"charged_bytes":4,"reservation_bytes":8388608,)"
          R"("limit_bytes":1073741824,"shares":1,"missing_bytes":2,"shortfall_bytes":1,"displaced_bytes":3,)"
          R"("reason":"its limit"},)"));
}

TEST(DocumentsTest, TheHostSumsUpTheVmsThatRun) {
  auto off = std::make_shared<control::VmRecord>(*TwoTierVm("u2", "two", Bytes::MiB(100), Bytes::MiB(100)));
  off->state = DomainState::kShutOff;
  auto planned = std::make_shared<control::VmRecord>(*TwoTierVm("u3", "three", Bytes::MiB(100), Bytes::MiB(30)));
  planned->mode = policy::Mode::kAuto;
  const std::string text =
      StatusDocument(FleetOf({TwoTierVm("u1", "one", Bytes::MiB(200), Bytes::MiB(50)), off, planned}), kAbout);
  EXPECT_THAT(text,
              HasSubstr(R"({"version":"1.2.3","time":"2027-01-15T08:00:00.000Z","snapshot":7,"host":{"name":"node1",)"
                        R"("connected":true,"synced":true,"policy":"hotness","default_mode":"static",)"
                        R"("degraded":false,"problems":[],"maintenance":null,)"));
  EXPECT_THAT(text, HasSubstr(R"({"tier":"fmem","capacity_bytes":4294967296,)"));
  EXPECT_THAT(text, HasSubstr(R"("free_bytes":3980394496,"target_bytes":314572800,"charged_bytes":314572800,)"
                              R"("resident_bytes":83886080,"burst_bytes":96468992,"missing_bytes":0})"));
  EXPECT_THAT(text, HasSubstr(R"({"id":"acme","display_name":"","vms":2,)"));
}

TEST(DocumentsTest, WhatThereIsNotIsNullAndSaysWhy) {
  auto plain = std::make_shared<control::VmRecord>();
  plain->uuid = "u1";
  plain->name = "plain";
  plain->reason = "it is not two-tier";
  control::FleetSnapshot fleet = FleetOf({plain});
  control::HostRecord host;
  host.off = "the host's tiers are not known";
  fleet.host = std::make_shared<const control::HostRecord>(host);
  fleet.connected = false;
  fleet.disconnect_reason = "libvirtd has gone";
  const std::string text = StatusDocument(fleet, kAbout);
  EXPECT_THAT(text, HasSubstr(R"("degraded":true,"problems":["no connection to libvirt: libvirtd has gone",)"
                              R"("nothing is planned: the host's tiers are not known"])"));
  EXPECT_THAT(text, HasSubstr(R"({"tier":"fmem","capacity_bytes":null,"reservation_bytes":null,)"));
  EXPECT_THAT(text, HasSubstr(R"("reason":"it is not two-tier","mode":"static","provisioner":null,)"));
  EXPECT_THAT(text, HasSubstr(R"("tiers":[]}]})"));
}

TEST(DocumentsTest, AHostThatReservesMoreThanItHasIsDegraded) {
  auto vm = std::make_shared<control::VmRecord>(*TwoTierVm("u1", "one", Bytes::MiB(1), Bytes::MiB(1)));
  vm->tiers->fmem().committed = Bytes::GiB(5);
  vm->tiers->fmem().policy.reservation = Bytes::GiB(5);
  const std::string text = StatusDocument(FleetOf({vm}), kAbout);
  EXPECT_THAT(text, HasSubstr(R"("degraded":true)"));
  EXPECT_THAT(text, Not(HasSubstr(R"("problems":[],"maintenance")")));
}

TEST(DocumentsTest, AVmInFullHasItsEventsCurveAndLastHour) {
  auto vm = std::make_shared<control::VmRecord>(*TwoTierVm("u1", "<b>", Bytes::MiB(100), Bytes::MiB(40)));
  auto placement = std::make_shared<agent::v1::PlacementReport>();
  placement->set_source("pebs");
  placement->set_hit_ratio(0.75);
  auto& point = *placement->add_curve();
  point.set_fmem_bytes(4096);
  point.set_share(0.5);
  vm->placement = placement;
  vm->events = std::make_shared<const std::vector<control::VmEvent>>(std::vector<control::VmEvent>{
      {control::EventKind::kTargetsSet, absl::FromUnixSeconds(1'800'000'000), "fmem \xff</script>"}});
  const control::FleetSnapshot fleet = FleetOf({vm});
  Timelines lines;
  lines.Take(fleet, absl::FromUnixSeconds(1'800'000'000));
  const std::string text = VmDocument(fleet, *vm, kAbout, lines.Vm("u1"));
  EXPECT_THAT(text, HasSubstr("\"name\":\"\\u003cb\\u003e\""));
  EXPECT_THAT(text, HasSubstr(R"("source":"pebs")"));
  EXPECT_THAT(text, HasSubstr(R"("curve":[{"fmem_bytes":4096,"share":0.5}])"));
  EXPECT_THAT(text, HasSubstr("\"events\":[{\"kind\":\"targets_set\",\"time\":\"2027-01-15T08:00:00.000Z\","
                              "\"message\":\"fmem \\ufffd\\u003c/script\\u003e\"}]"));
  EXPECT_THAT(text,
              HasSubstr(R"("timeline":{"interval_seconds":30,"times":["2027-01-15T08:00:00.000Z"],)"
                        R"("fmem_target_bytes":[104857600],"fmem_resident_bytes":[41943040],)"
                        R"("smem_target_bytes":[104857600],"smem_resident_bytes":[41943040],"hit_ratio":[0.75]})"));
}

}  // namespace
}  // namespace hypertier::web

// SPDX-License-Identifier: Apache-2.0
#include "host-service/domain/shape.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host-service/domain/describe.h"
#include "host-service/domain/test_xml.h"

namespace hypertier::domain {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kPlain = R"(<domain type='kvm'>
  <name>plain</name>
  <uuid>4dea22b3-1d52-d8f3-2516-782e98ab3fa0</uuid>
  <memory unit='GiB'>1</memory>
  <vcpu placement='static'>4</vcpu>
  <os>
    <type arch='x86_64' machine='q35'>hvm</type>
  </os>
  <!-- kept -->
  <features><acpi/></features>
  <cpu mode='host-passthrough'><topology sockets='1' cores='4' threads='1'/></cpu>
  <devices>
    <disk type='file' device='disk'><source file='/images/a&amp;b.qcow2'/><target dev='vda' bus='virtio'/></disk>
  </devices>
</domain>)";

ShapeOptions Options() {
  ShapeOptions options;
  options.cells = {Bytes::MiB(256), Bytes::MiB(1024)};
  options.targets = {Bytes::MiB(192), Bytes::MiB(512)};
  return options;
}

std::string Shape(std::string_view xml, const ShapeOptions& options = Options()) {
  auto shaped = ShapeDomain(xml, options);
  EXPECT_TRUE(shaped.ok()) << shaped.status();
  return shaped.value_or("");
}

TEST(ShapeDomain, MakesAPlainDomainTwoTier) {
  ShapeOptions options = Options();
  options.tenant = "acme";
  options.host_nodes = {"0", "2-3"};
  const std::string xml = Shape(kPlain, options);
  const auto d = DescribeDomain(xml);
  ASSERT_TRUE(d.ok());
  ASSERT_TRUE(d->cells.has_value()) << d->not_tiered;
  EXPECT_EQ(*d->cells, options.cells);
  EXPECT_EQ(d->boot_balloons, (PerTier<Bytes>{Bytes::MiB(64), Bytes::MiB(512)}));
  EXPECT_EQ(d->tenant, "acme");
  EXPECT_TRUE(d->has_agent_channel);
  EXPECT_TRUE(d->free_page_reporting);
  EXPECT_EQ(d->backing, Description::Backing::kMemfd);
  EXPECT_THAT(xml, HasSubstr("<memory unit=\"KiB\">1310720</memory>"));
  EXPECT_THAT(xml, HasSubstr("<currentMemory unit=\"KiB\">720896</currentMemory>"));
  EXPECT_THAT(xml, HasSubstr("cpus=\"0-3\""));
  EXPECT_THAT(xml, HasSubstr("autodeflate=\"on\""));
  EXPECT_THAT(xml, HasSubstr("<memnode cellid=\"1\" mode=\"strict\" nodeset=\"2-3\""));
  EXPECT_THAT(xml, HasSubstr("<latency initiator=\"0\" target=\"1\" type=\"access\" value=\"250\""));
  EXPECT_THAT(xml,
              HasSubstr("<bandwidth initiator=\"0\" target=\"1\" type=\"access\" value=\"37748736\" unit=\"KiB\""));
}

TEST(ShapeDomain, KeepsEverythingElse) {
  const std::string xml = Shape(kPlain);
  for (const char* kept : {"<!-- kept -->", "<topology sockets=\"1\"", "/images/a&amp;b.qcow2", "<acpi"}) {
    EXPECT_THAT(xml, HasSubstr(kept));
  }
}

TEST(ShapeDomain, ShapingTwiceIsTheSameAsOnce) {
  ShapeOptions options = Options();
  options.host_nodes = {"0", "1"};
  const std::string once = Shape(kPlain, options);
  EXPECT_EQ(Shape(once, options), once);
}

TEST(ShapeDomain, ResizesADomainThatIsTwoTierAlready) {
  ShapeOptions other = Options();
  other.cells = {Bytes::MiB(512), Bytes::MiB(512)};
  other.targets = {};
  EXPECT_EQ(Shape(Shape(kPlain), other), Shape(kPlain, other));
}

TEST(ShapeDomain, KeepsForeignSmbiosStrings) {
  const std::string xml = Shape(Replace(kPlain, "<os>",
                                        "<sysinfo type='smbios'><system><entry name='serial'>7</entry></system>"
                                        "<oemStrings><entry>mine</entry></oemStrings></sysinfo><os>"));
  EXPECT_THAT(xml, HasSubstr("<entry>mine</entry>"));
  EXPECT_THAT(xml, HasSubstr("<entry name=\"serial\">7</entry>"));
}

TEST(ShapeDomain, WritesThePolicyThatDescribeDomainReads) {
  ShapeOptions options = Options();
  options.tenant = "acme";
  options.policy = {policy::Mode::kAuto,
                    "gold",
                    {{policy::Amount::Percent(12.5), policy::Amount::Of(Bytes::GiB(4)), 2.5},
                     {policy::Amount::Of(Bytes::MiB(1536)), policy::Amount::Of(Bytes(5 * 4096)), {}}}};
  options.move_rate = Bytes::MiB(64);
  const auto shaped = ShapeDomain(kPlain, options);
  ASSERT_TRUE(shaped.ok()) << shaped.status();
  const auto described = DescribeDomain(*shaped);
  EXPECT_EQ(described->tenant, "acme");
  EXPECT_EQ(described->policy, options.policy);
  EXPECT_EQ(described->move_rate, Bytes::MiB(64));
  EXPECT_TRUE(described->policy_problems.empty());
  // Twice is the same as once; and what is not said again stays.
  EXPECT_EQ(*ShapeDomain(*shaped, options), *shaped);
  EXPECT_EQ(DescribeDomain(*ShapeDomain(*shaped, Options()))->policy, options.policy);
}

TEST(ShapeDomain, RefusesWhatTiersCannotLiveWithAndNamesElementAndRemedy) {
  const std::tuple<std::string_view, std::string_view, const char*> cases[] = {
      {"type='kvm'", "type='xen'", "<domain type>"},
      {"arch='x86_64'", "arch='aarch64'", "<os><type arch>"},
      {"<features>", "<memoryBacking><hugepages/></memoryBacking><features>", "hugepages"},
      {"<features>", "<memoryBacking><locked/></memoryBacking><features>", "locked"},
      {"<features>", "<memoryBacking><allocation mode='immediate'/></memoryBacking><features>", "ondemand"},
      {"</os>", "<smbios mode='host'/></os>", "mode='sysinfo'"},
      {"<devices>", "<devices><memballoon model='none'/>", "use model='virtio'"},
      {"<devices>", "<devices><memory model='dimm'/>", "<devices><memory>"},
      {"<devices>", "<devices><hostdev mode='subsystem' type='pci'/>", "passed-through"},
      {"<devices>", "<devices><hostdev mode='subsystem' type='mdev' model='vfio-pci'/>", "passed-through"},
      {"<devices>", "<launchSecurity type='sev'/><devices>", "encrypted"},
      {"<topology", "<numa><cell id='0' cpus='0-3' memory='1'/></numa><topology", "<cpu><numa>"},
      {"<topology", "<numa><cell id='0' cpus='0-1'/><cell id='1' cpus='2-3'/></numa><topology", "<cpu><numa>"},
      {"<features>", "<numatune><memory mode='strict' nodeset='0'/></numatune><features>", "--fmem-node"},
  };
  for (const auto& [from, to, why] : cases) {
    const auto shaped = ShapeDomain(Replace(kPlain, from, to), Options());
    ASSERT_FALSE(shaped.ok()) << to;
    EXPECT_EQ(shaped.status().code(), absl::StatusCode::kFailedPrecondition) << to;
    EXPECT_THAT(std::string(shaped.status().message()), HasSubstr(why)) << to;
  }
}

TEST(ShapeDomain, RefusesImpossibleSizes) {
  const std::tuple<Bytes, Bytes, absl::StatusCode> cases[] = {
      {Bytes::MiB(0), Bytes::MiB(0), absl::StatusCode::kInvalidArgument},
      {Bytes::MiB(257), Bytes::MiB(128), absl::StatusCode::kInvalidArgument},
      {Bytes::MiB(256), Bytes::MiB(258), absl::StatusCode::kOutOfRange},
      {Bytes::MiB(256), Bytes(Bytes::MiB(128).count() + 1), absl::StatusCode::kInvalidArgument},
      {Bytes::MiB(256), Bytes::MiB(32), absl::StatusCode::kOutOfRange},
  };
  for (const auto& [cell, target, code] : cases) {
    ShapeOptions options = Options();
    options.cells.fmem() = cell;
    options.targets.fmem() = target;
    EXPECT_EQ(ShapeDomain(kPlain, options).status().code(), code) << FormatBytes(cell) << " " << FormatBytes(target);
  }
}

TEST(ShapeDomain, RefusesWhatIsNoDomain) {
  for (const char* text : {"", "<domain", "<domain/>", "<pool><name>x</name></pool>"}) {
    EXPECT_EQ(ShapeDomain(text, Options()).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
}

}  // namespace
}  // namespace hypertier::domain

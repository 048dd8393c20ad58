// SPDX-License-Identifier: Apache-2.0
#include "host-service/domain/virtio_mem.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/text.h"
#include "host-service/domain/describe.h"
#include "host-service/domain/shape.h"
#include "host-service/domain/test_xml.h"

namespace hypertier::domain {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// As libvirt 9.0 prints a running one, shortened. SMEM's device comes first, to show that it need not be second.
constexpr std::string_view kLiveVirtioMem = R"(<domain type='qemu' id='1'>
  <name>vm</name>
  <uuid>6695eb01-f6a4-8304-79aa-97f2502e193f</uuid>
  <maxMemory slots='3' unit='KiB'>1703936</maxMemory>
  <memory unit='KiB'>655360</memory>
  <memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>
  <vcpu placement='static'>2</vcpu>
  <cpu mode='maximum'>
    <numa>
      <cell id='0' cpus='0-1' memory='196608' unit='KiB'/>
      <cell id='1' memory='65536' unit='KiB'/>
    </numa>
  </cpu>
  <devices>
    <memory model='virtio-mem'>
      <target>
        <size unit='KiB'>262144</size>
        <node>1</node>
        <block unit='KiB'>2048</block>
        <requested unit='KiB'>65536</requested>
        <current unit='KiB'>131072</current>
      </target>
      <alias name='virtiomem0'/>
      <address type='pci' domain='0x0000' bus='0x03' slot='0x00' function='0x0'/>
    </memory>
    <memory model='virtio-mem'>
      <target>
        <size unit='KiB'>131072</size>
        <node>0</node>
        <block unit='KiB'>2048</block>
        <requested unit='KiB'>131072</requested>
        <current unit='KiB'>131072</current>
      </target>
      <alias name='virtiomem1'/>
    </memory>
    <memballoon model='none'/>
  </devices>
</domain>)";

TEST(DescribeDomain, KnowsATierByItsCellAndItsVirtioMemDevice) {
  const Description d = Describe(kLiveVirtioMem);
  ASSERT_TRUE(d.cells.has_value()) << d.not_tiered;
  EXPECT_EQ(d.provisioner(), Provisioner::kVirtioMem);
  EXPECT_EQ(*d.cells, (PerTier<Bytes>{Bytes::MiB(320), Bytes::MiB(320)}));
  EXPECT_EQ(d.virtio_mem->smem(), (VirtioMemDevice{Bytes::MiB(256), Bytes::MiB(2), Bytes::MiB(64), Bytes::MiB(128)}));
  EXPECT_EQ(d.virtio_mem->fmem(), (VirtioMemDevice{Bytes::MiB(128), Bytes::MiB(2), Bytes::MiB(128), Bytes::MiB(128)}));
  EXPECT_EQ(d.Base(TierId::kFmem), Bytes::MiB(192));
  EXPECT_EQ(d.Granularity(TierId::kFmem), Bytes::MiB(2));
  EXPECT_EQ(d.backends, (std::vector<MemoryBackend>{{TierId::kFmem, "ram-node0", Bytes::MiB(192)},
                                                    {TierId::kSmem, "ram-node1", Bytes::MiB(64)},
                                                    {TierId::kSmem, "virtiomem0", Bytes::MiB(256)},
                                                    {TierId::kFmem, "virtiomem1", Bytes::MiB(128)}}));
}

TEST(DescribeDomain, SaysWhatIsWrongWithVirtioMemThatMakesNoTwoTiers) {
  const std::pair<std::string, const char*> cases[] = {
      {Replace(kLiveVirtioMem, "<node>0</node>", "<node>1</node>"), "0 virtio-mem devices for fmem (guest node 0)"},
      {Replace(kLiveVirtioMem, "<node>0</node>", "<node>2</node>"), "guest node other than 0 and 1"},
      {Replace(kLiveVirtioMem, "<block unit='KiB'>2048</block>", ""), "no readable <block>"},
      {Replace(kLiveVirtioMem, "<block unit='KiB'>2048</block>", "<block>0</block>"), "contradict each other"},
      {Replace(kLiveVirtioMem, "<requested unit='KiB'>65536", "<requested unit='KiB'>-1"), "no readable <requested>"},
      {Replace(kLiveVirtioMem, "<current unit='KiB'>131072", "<current unit='GiB'>1"), "contradict each other"},
  };
  for (const auto& [xml, why] : cases) {
    const Description d = Describe(xml);
    EXPECT_FALSE(d.cells.has_value()) << why;
    EXPECT_THAT(d.not_tiered, AllOf(HasSubstr(why), HasSubstr("--provisioner virtio-mem")));
  }
}

TEST(WithRequested, ChangesNothingButTheRequestedSizeOfTheTiersDevice) {
  const auto device = WithRequested(kLiveVirtioMem, TierId::kSmem, Bytes::MiB(32));
  ASSERT_TRUE(device.ok()) << device.status();
  EXPECT_THAT(*device, AllOf(HasSubstr("<requested unit=\"KiB\">32768</requested>"), HasSubstr("virtiomem0"),
                             HasSubstr("<size unit=\"KiB\">262144</size>"), HasSubstr("bus=\"0x03\"")));
  EXPECT_THAT(*device, Not(HasSubstr("virtiomem1")));
  EXPECT_EQ(WithRequested("<domain/>", TierId::kSmem, Bytes()).status().code(), absl::StatusCode::kFailedPrecondition);
}

constexpr std::string_view kUntiered = R"(<domain type='kvm'>
  <name>plain</name>
  <memory unit='GiB'>1</memory>
  <vcpu>4</vcpu>
  <os><type arch='x86_64' machine='q35'>hvm</type></os>
  <devices><memballoon model='virtio'/></devices>
</domain>)";

ShapeOptions VirtioMemOptions() {
  ShapeOptions options;
  options.provisioner = Provisioner::kVirtioMem;
  options.cells = {Bytes::MiB(448), Bytes::MiB(576)};
  options.targets = {Bytes::MiB(384), std::nullopt};
  options.host_nodes = {"", "2-3"};
  return options;
}

TEST(ShapeDomain, MakesAPlainDomainOneWithVirtioMem) {
  const auto xml = ShapeDomain(kUntiered, VirtioMemOptions());
  ASSERT_TRUE(xml.ok()) << xml.status();
  const Description d = Describe(*xml);
  ASSERT_TRUE(d.cells.has_value()) << d.not_tiered;
  EXPECT_EQ(*d.cells, VirtioMemOptions().cells);
  // A quarter of all memory, and what a device of whole 128 MiB leaves.
  EXPECT_EQ(d.Base(TierId::kFmem), Bytes::MiB(320));
  EXPECT_EQ(d.Base(TierId::kSmem), Bytes::MiB(64));
  EXPECT_EQ(d.virtio_mem->fmem(), (VirtioMemDevice{Bytes::MiB(128), Bytes::MiB(2), Bytes::MiB(64), Bytes()}));
  EXPECT_EQ(d.virtio_mem->smem(), (VirtioMemDevice{Bytes::MiB(512), Bytes::MiB(2), Bytes::MiB(512), Bytes()}));
  EXPECT_FALSE(d.has_agent_channel);
  EXPECT_THAT(*xml, AllOf(HasSubstr("<maxMemory slots=\"3\""), HasSubstr("<memory unit=\"KiB\">1048576</memory>"),
                          HasSubstr("<currentMemory unit=\"KiB\">1048576</currentMemory>"),
                          HasSubstr("<nodemask>2-3</nodemask>"), Not(HasSubstr("hypertier:v1"))));
}

TEST(ShapeDomain, ShapedTwiceOrForTheOtherProvisionerIsAsShapedOnce) {
  ShapeOptions options = VirtioMemOptions();
  options.host_nodes = {};
  const std::string once = *ShapeDomain(kUntiered, options);
  EXPECT_EQ(*ShapeDomain(once, options), once);
  ShapeOptions balloons = options;
  balloons.provisioner = Provisioner::kDoubleBalloon;
  const std::string other = *ShapeDomain(once, balloons);
  EXPECT_THAT(other, AllOf(Not(HasSubstr("virtio-mem")), Not(HasSubstr("maxMemory")), HasSubstr("hypertier:v1")));
  const Description d = Describe(*ShapeDomain(other, VirtioMemOptions()));
  EXPECT_EQ(d.provisioner(), Provisioner::kVirtioMem);
  EXPECT_FALSE(d.boot_balloons.has_value());
}

TEST(ShapeDomain, RefusesSizesThatVirtioMemCannotHave) {
  const auto refusal = [](auto change) {
    ShapeOptions options = VirtioMemOptions();
    change(options);
    const auto shaped = ShapeDomain(kUntiered, options);
    EXPECT_FALSE(shaped.ok());
    return ToString(shaped.status().message());
  };
  EXPECT_THAT(refusal([](ShapeOptions& o) { o.bases.fmem() = Bytes::MiB(32); }), HasSubstr("fmem base: 32 MiB is not"));
  EXPECT_THAT(refusal([](ShapeOptions& o) { o.bases.smem() = Bytes::MiB(576); }), HasSubstr("smem base: 576 MiB"));
  EXPECT_THAT(refusal([](ShapeOptions& o) { o.bases.smem() = Bytes::MiB(100); }), HasSubstr("a base of 192 MiB fits"));
  EXPECT_THAT(refusal([](ShapeOptions& o) { o.targets.fmem() = Bytes::MiB(256); }), HasSubstr("fmem target: 256 MiB"));
  EXPECT_THAT(refusal([](ShapeOptions& o) { o.targets.fmem() = Bytes::MiB(321); }), HasSubstr("multiple of 2 MiB"));
  EXPECT_THAT(refusal([](ShapeOptions& o) { o.cells.smem() = Bytes::MiB(64); }), HasSubstr("smem base"));
  EXPECT_THAT(refusal([](ShapeOptions& o) {
                o.provisioner = Provisioner::kDoubleBalloon;
                o.bases.fmem() = Bytes::MiB(192);
              }),
              HasSubstr("only virtio-mem has a base"));
}

}  // namespace
}  // namespace hypertier::domain

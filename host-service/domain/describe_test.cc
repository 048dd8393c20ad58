// SPDX-License-Identifier: Apache-2.0
#include "host-service/domain/describe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host-service/domain/test_xml.h"

namespace hypertier::domain {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// As libvirt 9.0 prints a running two-tier domain, shortened.
constexpr std::string_view kLive = R"(
<domain type='qemu' id='3'>
  <name>web-1</name>
  <uuid>4DEA22B3-1D52-D8F3-2516-782E98AB3FA0</uuid>
  <metadata>
    <nova:instance xmlns:nova="http://openstack.org/xmlns/libvirt/nova/1.1">
      <nova:owner><nova:user uuid="u">joe</nova:user><nova:project uuid="a1b2">shop</nova:project></nova:owner>
    </nova:instance>
  </metadata>
  <memory unit='KiB'>786432</memory>
  <currentMemory unit='KiB'>524288</currentMemory>
  <memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>
  <vcpu placement='static'>2</vcpu>
  <sysinfo type='smbios'>
    <oemStrings>
      <entry>something else</entry>
      <entry>hypertier:v1 fmem-node=0 smem-node=1 fmem-balloon=134217728 smem-balloon=134217728</entry>
    </oemStrings>
  </sysinfo>
  <os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type></os>
  <cpu mode='custom'>
    <numa>
      <cell id='0' cpus='0-1' memory='262144' unit='KiB' memAccess='shared'/>
      <cell id='1' memory='524288' unit='KiB' memAccess='shared'/>
    </numa>
  </cpu>
  <devices>
    <channel type='unix'>
      <source mode='bind' path='/run/libvirt/qemu/channel/3-web-1/org.hypertier.agent.0'/>
      <target type='virtio' name='org.hypertier.agent.0' state='disconnected'/>
    </channel>
    <memballoon model='virtio' autodeflate='on' freePageReporting='on'/>
  </devices>
</domain>)";

TEST(DescribeDomain, ReadsCellsTenantBackingAndChannelOfALiveDomain) {
  const Description d = Describe(kLive);
  EXPECT_EQ(d.uuid, "4dea22b3-1d52-d8f3-2516-782e98ab3fa0");
  EXPECT_EQ(d.name, "web-1");
  EXPECT_EQ(d.tenant, "a1b2");
  ASSERT_TRUE(d.cells.has_value()) << d.not_tiered;
  EXPECT_EQ(*d.cells, (PerTier<Bytes>{Bytes::MiB(256), Bytes::MiB(512)}));
  EXPECT_EQ(d.boot_balloons, (PerTier<Bytes>{Bytes::MiB(128), Bytes::MiB(128)}));
  EXPECT_EQ(d.backing, Description::Backing::kMemfd);
  EXPECT_TRUE(d.free_page_reporting);
  EXPECT_TRUE(d.has_agent_channel);
  EXPECT_EQ(d.agent_socket, "/run/libvirt/qemu/channel/3-web-1/org.hypertier.agent.0");
}

TEST(DescribeDomain, PrefersOurOwnTenantOverNovas) {
  const Description d =
      Describe(Replace(kLive, "<metadata>", "<metadata><ht:vm xmlns:ht='urn:hypertier:vm:1' tenant='acme'/>"));
  EXPECT_EQ(d.tenant, "acme");
}

TEST(DescribeDomain, ReadsWhatTheVmIsPromised) {
  const Description d = Describe(Replace(kLive, "<metadata>", R"(<metadata>
    <ht:vm xmlns:ht='urn:hypertier:vm:1' mode='auto' class='gold' move-rate='64MiB'>
      <ht:fmem reservation='25%' limit='4GiB' shares='2.5'/><ht:smem reservation='1GiB'/>
    </ht:vm>)"));
  EXPECT_EQ(d.tenant, "a1b2");
  EXPECT_THAT(d.policy_problems, IsEmpty());
  const policy::Terms terms{{policy::Amount::Percent(25), policy::Amount::Of(Bytes::GiB(4)), 2.5},
                            {policy::Amount::Of(Bytes::GiB(1)), {}, {}}};
  EXPECT_EQ(d.policy, (policy::VmTerms{policy::Mode::kAuto, "gold", terms}));
  EXPECT_EQ(d.move_rate, Bytes::MiB(64));
  EXPECT_EQ(Describe(kLive).policy, policy::VmTerms{});
  EXPECT_EQ(Describe(kLive).move_rate, std::nullopt);
}

TEST(DescribeDomain, LeavesOutOfThePolicyWhatCannotBeReadAndSaysWhy) {
  const Description d = Describe(Replace(kLive, "<metadata>", R"(<metadata>
    <ht:vm xmlns:ht='urn:hypertier:vm:1' mode='none' move-rate='0'>
      <ht:fmem reservation='120%' limit='much' shares='0'/><ht:smem shares='3'/>
    </ht:vm>)"));
  EXPECT_THAT(d.policy_problems,
              ElementsAre(HasSubstr("metadata <vm> mode"), HasSubstr("metadata <fmem> reservation: \"120%\""),
                          HasSubstr("metadata <fmem> limit"), HasSubstr("metadata <fmem> shares"),
                          HasSubstr("metadata <vm> move-rate: 0 would")));
  EXPECT_EQ(d.move_rate, std::nullopt);
  EXPECT_EQ(d.policy.terms.fmem(), policy::TierTerms{});
  EXPECT_EQ(d.policy.terms.smem().shares, 3.0);
}

TEST(DescribeDomain, ReadsTheExtraSpecsOfNovasFlavor) {
  const Description d = Describe(Replace(kLive, "<nova:owner>", R"(<nova:flavor name='gold.4c16g'>
    <nova:memory>16384</nova:memory><nova:extraSpecs>
      <nova:extraSpec name='resources:CUSTOM_FMEM_MB'>2048</nova:extraSpec>
      <nova:extraSpec name='resources:CUSTOM_SMEM_MB'>14336</nova:extraSpec>
      <nova:extraSpec name='hypertier:fmem_max_mb'>4096</nova:extraSpec>
      <nova:extraSpec name='hypertier:smem_shares'>2</nova:extraSpec>
      <nova:extraSpec name='hypertier:qos_class'>gold</nova:extraSpec>
      <nova:extraSpec name='hypertier:policy'>auto</nova:extraSpec>
      <nova:extraSpec name='hypertier:migrate_mbps'>48</nova:extraSpec>
      <nova:extraSpec name='hw:cpu_policy'>shared</nova:extraSpec>
    </nova:extraSpecs></nova:flavor><nova:owner>)"));
  const auto mib = [](std::uint64_t n) { return policy::Amount::Of(Bytes::MiB(n)); };
  EXPECT_EQ(d.nova_policy,
            (policy::VmTerms{policy::Mode::kAuto, "gold", {{mib(2048), mib(4096), {}}, {mib(14336), {}, 2.0}}}));
  EXPECT_EQ(d.move_rate, Bytes::MiB(48));
  EXPECT_THAT(d.policy_problems, IsEmpty());
  EXPECT_EQ(d.tenant, "a1b2");
  EXPECT_EQ(d.policy, policy::VmTerms{});
}

TEST(DescribeDomain, LeavesOutExtraSpecsThatCannotBeReadAndSaysWhy) {
  const Description d = Describe(Replace(kLive, "<nova:owner>", R"(<nova:flavor><nova:extraSpecs>
      <nova:extraSpec name='resources:CUSTOM_FMEM_MB'>2 GiB</nova:extraSpec>
      <nova:extraSpec name='hypertier:policy'>none</nova:extraSpec>
      <nova:extraSpec name='hypertier:fmem_shares'>-1</nova:extraSpec>
      <nova:extraSpec name='hypertier:migrate_mbps'>0</nova:extraSpec>
      <nova:extraSpec/>
    </nova:extraSpecs></nova:flavor><nova:owner>)"));
  EXPECT_THAT(d.policy_problems, ElementsAre(HasSubstr("extra spec resources:CUSTOM_FMEM_MB: \"2 GiB\""),
                                             HasSubstr("extra spec hypertier:fmem_shares"),
                                             HasSubstr("extra spec hypertier:migrate_mbps: 0")));
  EXPECT_EQ(d.move_rate, std::nullopt);
  EXPECT_EQ(d.nova_policy, (policy::VmTerms{policy::Mode::kStatic, "", {}}));
}

TEST(DescribeDomain, SaysWhyADomainIsNotTwoTier) {
  const std::pair<std::pair<std::string_view, std::string_view>, const char*> cases[] = {
      {{"<numa>", "<x>"}, "does not parse"},
      {{"<cell id='1'", "<cell id='1' cpus='1'"}, "cell 1 has CPUs (1)"},
      {{"memballoon model='virtio'", "memballoon model='none'"}, "virtio is needed"},
      {{"<cell id='1' memory='524288' unit='KiB' memAccess='shared'/>", ""}, "1 guest NUMA cells"},
      {{"memory='524288' unit='KiB' memAcc", "memory='lots' unit='KiB' memAcc"}, "no readable memory size"},
  };
  for (const auto& [change, why] : cases) {
    const auto d = DescribeDomain(Replace(kLive, change.first, change.second));
    const std::string text = d.ok() ? d->not_tiered : std::string(d.status().message());
    EXPECT_THAT(text, HasSubstr(why));
    EXPECT_FALSE(d.ok() && d->cells.has_value());
  }
}

TEST(DescribeDomain, RefusesWhatIsNoDomain) {
  EXPECT_FALSE(DescribeDomain("").ok());
  EXPECT_FALSE(DescribeDomain("<pool/>").ok());
  EXPECT_FALSE(DescribeDomain("\xff\xfe garbage").ok());
}

}  // namespace
}  // namespace hypertier::domain

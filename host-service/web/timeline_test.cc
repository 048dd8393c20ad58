// SPDX-License-Identifier: Apache-2.0
#include "host-service/web/timeline.h"

#include <gmock/gmock.h>
#include <malloc.h>

#include "host-service/web/fleet_fixture.h"

namespace hypertier::web {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr absl::Time kBegin = absl::FromUnixSeconds(1'800'000'000);

TEST(TimelineTest, KeepsWhatWasSampledOldestFirst) {
  Timelines lines;
  lines.Take(FleetOf({TwoTierVm("u1", "one", Bytes::MiB(100), Bytes::MiB(40))}), kBegin);
  lines.Take(FleetOf({TwoTierVm("u1", "one", Bytes::MiB(60), Bytes::MiB(50))}), kBegin + kSampleInterval);
  const Timeline line = lines.Vm("u1");
  EXPECT_THAT(line.times, ElementsAre(kBegin, kBegin + kSampleInterval));
  ASSERT_THAT(line.samples, SizeIs(2));
  EXPECT_EQ(line.samples[0].target.fmem(), Bytes::MiB(100));
  EXPECT_EQ(line.samples[0].resident.fmem(), Bytes::MiB(40));
  EXPECT_EQ(line.samples[1].target.fmem(), Bytes::MiB(60));
  EXPECT_EQ(line.samples[1].resident.fmem(), Bytes::MiB(50));
  EXPECT_EQ(lines.taken(), 2U);
}

TEST(TimelineTest, WhatIsNotKnownStaysUnknown) {
  auto vm = std::make_shared<control::VmRecord>(*TwoTierVm("u1", "one", Bytes::MiB(100), Bytes::MiB(40)));
  vm->tiers->smem().target.reset();
  vm->tiers->smem().resident.reset();
  vm->placement = nullptr;
  Timelines lines;
  lines.Take(FleetOf({vm}), kBegin);
  const Sample sample = lines.Vm("u1").samples.at(0);
  EXPECT_EQ(sample.target.smem(), std::nullopt);
  EXPECT_EQ(sample.resident.smem(), std::nullopt);
  EXPECT_EQ(sample.hit_ratio, std::nullopt);
}

TEST(TimelineTest, ForgetsWhatIsOlderThanAnHour) {
  Timelines lines;
  for (int i = 0; i < 200; ++i) {
    lines.Take(FleetOf({TwoTierVm("u1", "one", Bytes::MiB(1 + i), Bytes::MiB(1))}), kBegin + i * kSampleInterval);
  }
  const Timeline line = lines.Vm("u1");
  ASSERT_THAT(line.samples, SizeIs(kSamples));
  EXPECT_EQ(line.samples.front().target.fmem(), Bytes::MiB(81));
  EXPECT_EQ(line.samples.back().target.fmem(), Bytes::MiB(200));
  EXPECT_EQ(line.times.front(), kBegin + 80 * kSampleInterval);
  EXPECT_THAT(lines.Host().samples, SizeIs(kSamples));
}

TEST(TimelineTest, AVmThatWentIsForgottenAndBeginsAnewWhenItComesBack) {
  const auto one = TwoTierVm("u1", "one", Bytes::MiB(100), Bytes::MiB(40));
  const auto two = TwoTierVm("u2", "two", Bytes::MiB(10), Bytes::MiB(4));
  Timelines lines;
  lines.Take(FleetOf({one, two}), kBegin);
  lines.Take(FleetOf({two}), kBegin + kSampleInterval);
  EXPECT_THAT(lines.Vm("u1").samples, IsEmpty());
  lines.Take(FleetOf({one, two}), kBegin + 2 * kSampleInterval);
  EXPECT_THAT(lines.Vm("u1").times, ElementsAre(kBegin + 2 * kSampleInterval));
  EXPECT_THAT(lines.Vm("u2").samples, SizeIs(3));
  EXPECT_THAT(lines.Vm("nobody").samples, IsEmpty());
}

TEST(TimelineTest, TheHostsLineIsTheSumOfItsVms) {
  Timelines lines;
  lines.Take(FleetOf({TwoTierVm("u1", "one", Bytes::MiB(100), Bytes::MiB(40)),
                      TwoTierVm("u2", "two", Bytes::MiB(10), Bytes::MiB(4))}),
             kBegin);
  const Sample sample = lines.Host().samples.at(0);
  EXPECT_EQ(sample.target.fmem(), Bytes::MiB(110));
  EXPECT_EQ(sample.resident.fmem(), Bytes::MiB(44));
}

TEST(TimelineTest, FiguresThatCannotBeKeptAreBoundedOrUnknown) {
  auto vm = std::make_shared<control::VmRecord>(*TwoTierVm("u1", "one", Bytes::Max(), Bytes::GiB(5000)));
  auto placement = std::make_shared<agent::v1::PlacementReport>();
  placement->set_hit_ratio(1e300);
  vm->placement = placement;
  Timelines lines;
  lines.Take(FleetOf({vm}), kBegin);
  const Sample sample = lines.Vm("u1").samples.at(0);
  const Bytes most = Bytes::KiB(UINT32_MAX - 1);
  EXPECT_EQ(sample.target.fmem(), most);
  EXPECT_EQ(sample.resident.fmem(), most);
  EXPECT_EQ(sample.hit_ratio, std::nullopt);
}

TEST(TimelineTest, AnHourOfAVmTakesNoMoreThanTwoAndAHalfKiB) {
  std::vector<control::VmPtr> vms;
  for (int i = 0; i < 1000; ++i) {
    vms.push_back(TwoTierVm("00000000-0000-0000-0000-00000000" + std::to_string(1000 + i), "vm", {}, {}));
  }
  const control::FleetSnapshot fleet = FleetOf(vms);
  Timelines lines;
  const std::size_t before = mallinfo2().uordblks;
  for (int i = 0; i < 130; ++i) lines.Take(fleet, kBegin + i * kSampleInterval);
  const std::size_t used = mallinfo2().uordblks - before;
  // 0: a sanitizer's allocator, which mallinfo2 does not know.
  EXPECT_LE(used, 1000U * 2560U);
}

}  // namespace
}  // namespace hypertier::web

// SPDX-License-Identifier: Apache-2.0
#include "host-service/config/reload.h"

#include <gmock/gmock.h>

namespace hypertier {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Reload, TakesOverAllThatARunningHypertierdCan) {
  Config wanted;
  wanted.qos.policy = "static";
  wanted.qos.period = absl::Seconds(9);
  wanted.residency.slack = Bytes::MiB(1);
  wanted.classes["gold"].fmem().shares = 4;
  wanted.log.level = "debug";
  const Reloaded reloaded = Reload(Config(), wanted);
  EXPECT_THAT(reloaded.need_restart, IsEmpty());
  EXPECT_EQ(reloaded.config.qos.policy, "static");
  EXPECT_EQ(reloaded.config.qos.period, absl::Seconds(9));
  EXPECT_EQ(reloaded.config.residency.slack, Bytes::MiB(1));
  EXPECT_EQ(reloaded.config.classes.at("gold").fmem().shares, 4);
  EXPECT_EQ(reloaded.config.log.level, "debug");
}

TEST(Reload, NamesWhatNeedsARestartAndKeepsIt) {
  Config wanted;
  wanted.listen.metrics = "127.0.0.1:1";
  wanted.libvirt.workers = 9;
  wanted.qos.smem_nodes = "2";
  wanted.qos.fmem_reserve = Bytes::GiB(2);
  const Reloaded reloaded = Reload(Config(), wanted);
  EXPECT_THAT(reloaded.need_restart, ElementsAre("listen.metrics", "libvirt.workers", "qos.smem_nodes"));
  EXPECT_EQ(reloaded.config.listen.metrics, Config().listen.metrics);
  EXPECT_EQ(reloaded.config.libvirt.workers, Config().libvirt.workers);
  EXPECT_EQ(reloaded.config.qos.smem_nodes, "");
  EXPECT_EQ(reloaded.config.qos.fmem_reserve, Bytes::GiB(2));
}

TEST(Reload, WhatFitsANewIntervalWaitsWithIt) {
  Config wanted;
  wanted.agent.report_interval = absl::Milliseconds(200);
  wanted.agent.stale_after = absl::Milliseconds(500);
  const Reloaded reloaded = Reload(Config(), wanted);
  EXPECT_THAT(reloaded.need_restart, ElementsAre("agent.report_interval_ms", "agent.stale_after_ms"));
  EXPECT_EQ(reloaded.config.agent.stale_after, Config().agent.stale_after);
}

}  // namespace
}  // namespace hypertier

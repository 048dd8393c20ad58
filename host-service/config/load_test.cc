// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "common/text.h"
#include "host-service/config/config.h"
#include "host-service/config/keys.h"

namespace hypertier {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// Every value as the reference shows it: two configurations with the same are the same.
std::string Values(const Config& config) {
  std::string text;
  for (const config::Key& key : config::Keys()) {
    text += std::string(key.name) + " = " + config::FormatValue(key, config) + "\n";
  }
  return text;
}

std::string ErrorOf(std::string_view text) {
  const auto config = LoadConfig(text, "h.toml");
  EXPECT_EQ(config.status().code(), absl::StatusCode::kInvalidArgument) << text;
  return ToString(config.status().message());
}

TEST(LoadConfig, GivesTheDefaultsForAnEmptyFile) {
  const auto config = LoadConfig("", "h.toml");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(Values(*config), Values(Config()));
}

TEST(LoadConfig, ReadsEveryKey) {
  const auto config = LoadConfig(R"(
    [listen]
    grpc = "127.0.0.1:9840"
    socket_mode = "0600"
    socket_group = "libvirt"
    metrics = ""
    status = "localhost:9900"
    [metrics]
    per_vm = false
    [libvirt]
    uri = "test:///default"
    run_dir = "/tmp/run"
    call_timeout_ms = 250
    workers = 2
    [state]
    ledger = "/tmp/l.sqlite"
    [agent]
    report_interval_ms = 500
    stale_after_ms = 1000
    attach_channel = false
    [resize]
    timeout_s = 60
    fmem_floor = 134217728
    smem_floor = "1.5MiB"
    [residency]
    period_ms = 200
    slack = "0"
    [qos]
    policy = "proportional"
    period_ms = 500
    default_mode = "auto"
    fmem_capacity = "64GiB"
    smem_capacity = "1TiB"
    fmem_nodes = "0-1"
    smem_nodes = "2,4"
    fmem_reserve = "2GiB"
    smem_reserve = "3GiB"
    [class.gold]
    fmem_reservation = "25%"
    smem_limit = "4GiB"
    fmem_shares = 4
    [class.best-effort]
    [log]
    level = "debug"
    format = "json"
  )",
                                 "h.toml");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->listen.grpc, "127.0.0.1:9840");
  EXPECT_EQ(config->listen.socket_mode, 0600U);
  EXPECT_EQ(config->listen.socket_group, "libvirt");
  EXPECT_EQ(config->listen.metrics, "");
  EXPECT_EQ(config->listen.status, "localhost:9900");
  EXPECT_FALSE(config->metrics.per_vm);
  EXPECT_EQ(config->libvirt.uri, "test:///default");
  EXPECT_EQ(config->libvirt.run_dir, "/tmp/run");
  EXPECT_EQ(config->libvirt.call_timeout, absl::Milliseconds(250));
  EXPECT_EQ(config->libvirt.workers, 2);
  EXPECT_EQ(config->state.ledger, "/tmp/l.sqlite");
  EXPECT_EQ(config->agent.report_interval, absl::Milliseconds(500));
  EXPECT_EQ(config->agent.stale_after, absl::Seconds(1));
  EXPECT_FALSE(config->agent.attach_channel);
  EXPECT_EQ(config->resize.timeout, absl::Minutes(1));
  EXPECT_EQ(config->resize.fmem_floor, Bytes::MiB(128));
  EXPECT_EQ(config->resize.smem_floor, Bytes::KiB(1536));
  EXPECT_EQ(config->residency.period, absl::Milliseconds(200));
  EXPECT_EQ(config->residency.slack, Bytes());
  EXPECT_EQ(config->qos.policy, "proportional");
  EXPECT_EQ(config->qos.period, absl::Milliseconds(500));
  EXPECT_EQ(config->qos.default_mode, "auto");
  EXPECT_EQ(config->qos.fmem_capacity, Bytes::GiB(64));
  EXPECT_EQ(config->qos.smem_capacity, Bytes::GiB(1024));
  EXPECT_EQ(config->qos.fmem_nodes, "0-1");
  EXPECT_EQ(config->qos.smem_nodes, "2,4");
  EXPECT_EQ(config->qos.fmem_reserve, Bytes::GiB(2));
  EXPECT_EQ(config->qos.smem_reserve, Bytes::GiB(3));
  const policy::Terms gold{{policy::Amount::Percent(25), {}, 4.0}, {{}, policy::Amount::Of(Bytes::GiB(4)), {}}};
  EXPECT_EQ(config->classes, (policy::Classes{{"gold", gold}, {"best-effort", {}}}));
  EXPECT_EQ(config->log.level, "debug");
  EXPECT_EQ(config->log.format, "json");
}

TEST(LoadConfig, ReportsEveryErrorAtOnceEachWithItsPlace) {
  const std::string errors = ErrorOf(
      "[listen]\n"
      "grcp = \"x\"\n"
      "metrics = 9841\n"
      "[libvirt]\n"
      "workers = 0\n"
      "[log]\n"
      "level = \"loud\"\n");
  EXPECT_EQ(errors,
            "h.toml:2:1: listen.grcp: unknown key; did you mean listen.grpc?\n"
            "h.toml:3:11: listen.metrics: wrong type; write a text in quotes, e.g. \"127.0.0.1:9841\"\n"
            "h.toml:5:11: libvirt.workers: 0 is out of range; write 1 to 64 threads\n"
            "h.toml:7:9: log.level: \"loud\" is none of the choices; write one of \"trace\", \"debug\", \"info\", "
            "\"warning\", \"error\", \"critical\", \"off\"");
}

TEST(LoadConfig, NamesThePlaceOfASyntaxError) {
  EXPECT_THAT(ErrorOf("[log]\nlevel = info\n"), StartsWith("h.toml:2:"));
  EXPECT_THAT(ErrorOf("[log\n"), StartsWith("h.toml:1:"));
  EXPECT_THAT(ErrorOf("[log]\nlevel = \"info\"\nlevel = \"info\"\n"), StartsWith("h.toml:3:"));
  EXPECT_THAT(ErrorOf(std::string_view("\xff\xfe\0", 3)), StartsWith("h.toml:1:"));
}

TEST(LoadConfig, RefusesEachBadValueNamingKeyAndRemedy) {
  const std::tuple<const char*, const char*, const char*> cases[] = {
      {"listen.grpc = \"0.0.0.0:9840\"", "listen.grpc", "tls.*"},
      {"listen.status = \"9842\"", "listen.status", "host:port"},
      {"listen.socket_mode = \"0999\"", "listen.socket_mode", "octal"},
      {"listen.socket_mode = 660", "listen.socket_mode", "in quotes"},
      {"libvirt.uri = \"qemu\"", "libvirt.uri", "qemu:///system"},
      {"state.ledger = \"ledger.sqlite\"", "state.ledger", "absolute path"},
      {"agent.attach_channel = 1", "agent.attach_channel", "true or false"},
      {"agent.report_interval_ms = 1.5", "agent.report_interval_ms", "whole number"},
      {"agent.report_interval_ms = 4000", "agent.stale_after_ms", "two report intervals"},
      {"agent.stale_after_ms = 1999", "agent.stale_after_ms", "two report intervals"},
      {"resize.timeout_s = 0", "resize.timeout_s", "write 1 to"},
      {"resize.fmem_floor = \"64 bananas\"", "resize.fmem_floor", "unknown unit"},
      {"resize.fmem_floor = -1", "resize.fmem_floor", "negative"},
      {"resize.fmem_floor = \"2000TiB\"", "resize.fmem_floor", "too much"},
      {"resize.fmem_floor = true", "resize.fmem_floor", "64MiB"},
      {"log.format = \"xml\"", "log.format", "\"json\""},
      {"qos.policy = \"fair\"", "qos.policy", "\"hotness\""},
      {"qos.default_mode = \"none\"", "qos.default_mode", "auto or static"},
      {"qos.fmem_nodes = \"1-0\"", "qos.fmem_nodes", "\"0-1,4\""},
      {"qos.period_ms = 20", "qos.period_ms", "write 200 to"},
      {"class = 3", "class", "[class.NAME]"},
      {"class.gold = 3", "class.gold", "[class.NAME]"},
      {"[class.gold]\nfmem_weight = 3", "class.gold.fmem_weight", "fmem_shares"},
      {"[class.gold]\nfmem_shares = 0", "class.gold.fmem_shares", "from 0.001"},
      {"[class.gold]\nfmem_limit = 4", "class.gold.fmem_limit", "in quotes"},
      {"[class.gold]\nfmem_limit = \"120%\"", "class.gold.fmem_limit", "0% to 100%"},
      {"listen = 3", "listen", "[listen]"},
      {"grpc = \"x\"", "grpc", "did you mean listen.grpc?"},
      {"[resise]\ntimeout_s = 5", "resise.timeout_s", "did you mean resize.timeout_s?"},
      {"tls.cert = \"/x\"", "tls.cert", "unknown key"},
      {"[empty]", "empty", "unknown key"},
      {"listen.grpc.deep = 1", "listen.grpc", "wrong type"},
  };
  for (const auto& [text, key, remedy] : cases) {
    const std::string error = ErrorOf(text);
    EXPECT_THAT(error, HasSubstr(std::string(": ") + key + ": ")) << text;
    EXPECT_THAT(error, HasSubstr(remedy)) << text;
    EXPECT_EQ(std::count(error.begin(), error.end(), '\n'), 0) << error;
  }
}

TEST(LoadConfigFile, ReadsTheExampleWhichHoldsTheDefaults) {
  const auto config = LoadConfigFile(HYPERTIER_EXAMPLE_CONFIG);
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(Values(*config), Values(Config()));
}

TEST(LoadConfigFile, SaysWhichFileItCannotRead) {
  const auto missing = LoadConfigFile("/nowhere/h.toml");
  EXPECT_EQ(missing.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(ToString(missing.status().message()), HasSubstr("/nowhere/h.toml"));
  EXPECT_EQ(LoadConfigFile("/tmp").status().code(), absl::StatusCode::kUnavailable);
}

TEST(ConfigReference, NamesEveryKeyAndIsItselfAValidFileOfDefaults) {
  std::string text;
  // Meanings are indented; the rest is TOML.
  const std::string reference = ConfigReference();
  for (std::size_t begin = 0; begin < reference.size();) {
    const std::size_t end = reference.find('\n', begin);
    if (reference[begin] != ' ') text += reference.substr(begin, end - begin + 1);
    begin = end + 1;
  }
  const auto config = LoadConfig(text, "reference");
  ASSERT_TRUE(config.ok()) << config.status() << text;
  EXPECT_EQ(Values(*config), Values(Config()));
  for (const config::Key& key : config::Keys()) {
    EXPECT_THAT(text, HasSubstr("\n" + std::string(key.name.substr(key.name.find('.') + 1)) + " = "));
    EXPECT_FALSE(key.meaning.empty());
  }
}

}  // namespace
}  // namespace hypertier

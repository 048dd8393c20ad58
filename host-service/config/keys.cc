// SPDX-License-Identifier: Apache-2.0
#include "host-service/config/keys.h"

#include <fmt/format.h>

#include <array>

#include "host-service/config/checks.h"

namespace hypertier {
namespace config {
namespace {

// The access function of a member of Config.
#define FIELD(member)            \
  [](Config & config) -> auto& { \
    return config.member;        \
  }

constexpr absl::Duration kMillisecond = absl::Milliseconds(1);
constexpr absl::Duration kSecond = absl::Seconds(1);

const std::array kKeys = {
    Key{"listen.grpc", "address",
        "Where the gRPC API listens: unix:/path, or host:port. An address that other hosts can reach is refused: this "
        "version "
        "has no TLS.",
        TextKey{FIELD(listen.grpc), CheckGrpcAddress}},
    Key{"listen.socket_mode", "octal", "Permissions of the unix socket: who may use the API.",
        ModeKey{FIELD(listen.socket_mode)}},
    Key{"listen.socket_group", "group", "Group that owns the unix socket. Empty: hypertierd's own.",
        TextKey{FIELD(listen.socket_group), nullptr}},
    Key{"listen.metrics", "host:port", "Where Prometheus reads /metrics. Empty: nowhere.",
        TextKey{FIELD(listen.metrics), CheckMetricsAddress}},
    Key{"listen.status", "host:port",
        "Where browsers find the status page: for reading only, without a password. Empty: nowhere.",
        TextKey{FIELD(listen.status), CheckStatusAddress}},

    Key{"metrics.per_vm", "true, false",
        "Whether /metrics has series of each VM (about 55 a VM), or of the host and its tenants only.",
        BoolKey{FIELD(metrics.per_vm)}},

    Key{"libvirt.uri", "URI", "libvirt connection whose domains are managed.", TextKey{FIELD(libvirt.uri), CheckUri}},
    Key{"libvirt.run_dir", "path", "Where that libvirt keeps <domain>.pid.",
        TextKey{FIELD(libvirt.run_dir), CheckAbsolutePath}},
    Key{"libvirt.call_timeout_ms", "ms",
        "After this long without an answer a domain counts as busy, and the others go on without it.",
        DurationKey{FIELD(libvirt.call_timeout), kMillisecond, 100, 600'000}},
    Key{"libvirt.workers", "threads",
        "Calls to libvirt at a time. libvirtd serves 5 of one client (max_client_requests), one of which is for the "
        "list.",
        IntegerKey{FIELD(libvirt.workers), 1, 64}},

    Key{"state.ledger", "path",
        "SQLite file that keeps targets and operations across restarts. Its directory must exist.",
        TextKey{FIELD(state.ledger), CheckAbsolutePath}},

    Key{"agent.report_interval_ms", "ms", "How often a guest's agent reports.",
        DurationKey{FIELD(agent.report_interval), kMillisecond, 100, 60'000}},
    Key{"agent.stale_after_ms", "ms",
        "Without a report for this long a guest's figures are stale. At least twice agent.report_interval_ms.",
        DurationKey{FIELD(agent.stale_after), kMillisecond, 200, 600'000}},
    Key{"agent.attach_channel", "true, false", "Attach the agent's channel to running two-tier domains that lack it.",
        BoolKey{FIELD(agent.attach_channel)}},

    Key{"resize.timeout_s", "s", "An unfinished resize is called failed after this long. Its targets stay in force.",
        DurationKey{FIELD(resize.timeout), kSecond, 1, 30 * 86'400}},
    Key{"resize.fmem_floor", "size", "Least FMEM of a guest: below it the kernel and its agent cannot live.",
        BytesKey{FIELD(resize.fmem_floor), Bytes::GiB(1024)}},
    Key{"resize.smem_floor", "size", "Least SMEM of a guest.", BytesKey{FIELD(resize.smem_floor), Bytes::GiB(1024)}},

    Key{"residency.period_ms", "ms", "How often the memory that each VM really holds is measured on the host.",
        DurationKey{FIELD(residency.period), kMillisecond, 100, 60'000}},
    Key{"residency.slack", "size",
        "What a VM may hold beyond its target and still comply: page tables and buffers of QEMU that live in guest "
        "memory.",
        BytesKey{FIELD(residency.slack), Bytes::GiB(64)}},

    Key{"qos.policy", "name",
        "How memory that nobody reserved is lent: static (not at all), proportional (by shares) or hotness (where it "
        "serves the most accesses). off: no VM's targets are changed but by ResizeVm.",
        TextKey{FIELD(qos.policy), CheckQosPolicy}},
    Key{"qos.period_ms", "ms", "How often targets are planned.",
        DurationKey{FIELD(qos.period), kMillisecond, 200, 60'000}},
    Key{"qos.default_mode", "name",
        "Of a VM that nobody says it of: auto (targets are planned) or static (they stay as ResizeVm left them).",
        TextKey{FIELD(qos.default_mode), CheckQosMode}},
    Key{"qos.fmem_capacity", "size", "FMEM of this host. 0: that of its nodes.",
        BytesKey{FIELD(qos.fmem_capacity), Bytes::GiB(1 << 20)}},
    Key{"qos.smem_capacity", "size", "SMEM of this host. 0: that of its nodes.",
        BytesKey{FIELD(qos.smem_capacity), Bytes::GiB(1 << 20)}},
    Key{"qos.fmem_nodes", "nodes",
        "NUMA nodes of FMEM, e.g. \"0-1\". Empty: those of the kernel's fastest memory tier.",
        TextKey{FIELD(qos.fmem_nodes), CheckNodes}},
    Key{"qos.smem_nodes", "nodes", "NUMA nodes of SMEM. Empty: those of all other memory tiers.",
        TextKey{FIELD(qos.smem_nodes), CheckNodes}},
    Key{"qos.fmem_reserve", "size",
        "FMEM that is never given to guests: the host's kernel, QEMU's own memory, other services.",
        BytesKey{FIELD(qos.fmem_reserve), Bytes::GiB(1 << 20)}},
    Key{"qos.smem_reserve", "size", "SMEM that is never given to guests.",
        BytesKey{FIELD(qos.smem_reserve), Bytes::GiB(1 << 20)}},
    Key{"qos.confine", "true, false",
        "Move what a violating VM holds of FMEM beyond its target to the host's SMEM nodes, and back once it has given "
        "back. Needs nodes of both tiers.",
        BoolKey{FIELD(qos.confine)}},
    Key{"qos.on_violation", "name",
        "What is done about a VM that stays violating, beside telling it and lending it nothing: report (no more), "
        "pause "
        "or destroy.",
        TextKey{FIELD(qos.on_violation), CheckOnViolation}},
    Key{"qos.violation_grace_s", "s",
        "How long it must have been violating for qos.on_violation. Longer than guests take to boot: until its agent "
        "runs, a guest cannot give back.",
        DurationKey{FIELD(qos.violation_grace), kSecond, 1, 86'400}},

    Key{"log.level", "name", "trace, debug, info, warning, error, critical or off.",
        TextKey{FIELD(log.level), CheckLogLevel}},
    Key{"log.format", "name", "text or json.", TextKey{FIELD(log.format), CheckLogFormat}},
};

#undef FIELD

struct Format {
  Config& config;

  std::string operator()(const TextKey& key) const { return fmt::format("\"{}\"", key.field(config)); }
  std::string operator()(const ModeKey& key) const { return fmt::format("\"{:04o}\"", key.field(config)); }
  std::string operator()(const BoolKey& key) const { return key.field(config) ? "true" : "false"; }
  std::string operator()(const IntegerKey& key) const { return fmt::format("{}", key.field(config)); }
  std::string operator()(const DurationKey& key) const { return fmt::format("{}", key.field(config) / key.unit); }
  std::string operator()(const BytesKey& key) const {
    const std::uint64_t bytes = key.field(config).count();
    for (const auto& [shift, unit] : {std::pair{30, "GiB"}, {20, "MiB"}, {10, "KiB"}}) {
      if (bytes != 0 && bytes % (std::uint64_t{1} << shift) == 0) return fmt::format("\"{}{}\"", bytes >> shift, unit);
    }
    return fmt::format("\"{}\"", bytes);
  }
};

}  // namespace

std::span<const Key> Keys() {
  return kKeys;
}

std::string FormatValue(const Key& key, Config config) {
  return std::visit(Format{config}, key.kind);
}

}  // namespace config

std::string ConfigReference() {
  std::string text;
  std::string_view section;
  for (const config::Key& key : config::Keys()) {
    const std::size_t dot = key.name.find('.');
    if (key.name.substr(0, dot) != section) {
      section = key.name.substr(0, dot);
      text += fmt::format("{}[{}]\n", text.empty() ? "" : "\n", section);
    }
    const std::string assignment = fmt::format("{} = {}", key.name.substr(dot + 1), config::FormatValue(key, Config()));
    text += fmt::format("{:<52}  # {}\n    {}\n", assignment, key.unit, key.meaning);
  }
  text += R"(
# A class is a bundle of terms with a name that VMs can be given (metadata, nova, gRPC). All keys may be left out.
# [class.gold]
# fmem_reservation = "25%"                            # size or percentage of the VM's cell: guaranteed
# fmem_limit = "4GiB"                                 # size or percentage: never exceeded
# fmem_shares = 4                                     # weight, 0.001 up
# smem_reservation, smem_limit, smem_shares           # likewise
)";
  return text;
}

}  // namespace hypertier

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/bytes.h"
#include "host-service/policy/resolve.h"

namespace hypertier {

// What hypertierd is told by its file. The initial values are the defaults; keys.cc says what each means and what it
// may be.
struct Config {
  struct Listen {
    // "unix:/path" or "host:port".
    std::string grpc = "unix:/run/hypertier/hypertierd.sock";
    // Of the socket, as for chmod(2).
    unsigned socket_mode = 0660;
    // Name of the group that owns the socket; empty: hypertierd's own.
    std::string socket_group;
    // "host:port"; empty: no metrics.
    std::string metrics = "127.0.0.1:9841";
    // "host:port"; empty: no status page.
    std::string status = "127.0.0.1:9842";
  } listen;

  struct Metrics {
    bool per_vm = true;
  } metrics;

  struct Libvirt {
    std::string uri = "qemu:///system";
    std::string run_dir = "/run/libvirt/qemu";
    absl::Duration call_timeout = absl::Seconds(5);
    int workers = 4;
  } libvirt;

  struct State {
    std::string ledger = "/var/lib/hypertier/ledger.sqlite";
  } state;

  struct Agent {
    absl::Duration report_interval = absl::Seconds(1);
    absl::Duration stale_after = absl::Seconds(5);
    bool attach_channel = true;
  } agent;

  struct Resize {
    absl::Duration timeout = absl::Hours(1);
    Bytes fmem_floor = Bytes::MiB(64);
    Bytes smem_floor;
  } resize;

  struct Residency {
    absl::Duration period = absl::Seconds(1);
    Bytes slack = Bytes::MiB(8);
  } residency;

  struct Qos {
    // "off", or a burst policy of qos/burst.h.
    std::string policy = "hotness";
    absl::Duration period = absl::Seconds(2);
    // Of a VM that nobody says it of: policy::ModeName.
    std::string default_mode = "static";
    // Of the host; 0: found.
    Bytes fmem_capacity;
    Bytes smem_capacity;
    // Lists as sysfs writes them; empty: found.
    std::string fmem_nodes;
    std::string smem_nodes;
    Bytes fmem_reserve = Bytes::GiB(1);
    Bytes smem_reserve;
    bool confine = true;
    // "report", "pause" or "destroy".
    std::string on_violation = "report";
    absl::Duration violation_grace = absl::Minutes(1);
  } qos;

  // [class.NAME]
  policy::Classes classes;

  struct Log {
    // One of spdlog's names.
    std::string level = "info";
    // "text" or "json".
    std::string format = "text";
  } log;
};

// Reads a configuration. `path` is for messages only. InvalidArgument carries every error there is, each on a line of
// its own: "path:line:column: key: what is wrong; remedy".
absl::StatusOr<Config> LoadConfig(std::string_view text, std::string_view path);

// The same from a file. NotFound, PermissionDenied or Unavailable when it cannot be read.
absl::StatusOr<Config> LoadConfigFile(const std::string& path);

// A table of every key with its default, unit and meaning, for `hypertierd --help-config`.
std::string ConfigReference();

}  // namespace hypertier

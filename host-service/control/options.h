// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "common/bytes.h"
#include "common/tier.h"
#include "host-service/policy/resolve.h"
#include "host-service/qos/burst.h"

namespace hypertier::control {

// What the operator can set of the engine (section.key of hypertierd.toml), and fixed times that tests shorten.
struct EngineOptions {
  // agent.attach_channel: add the agent's port to running two-tier domains that have none.
  bool attach_channel = true;
  // agent.stale_after_ms: without a report for so long an agent counts as gone.
  absl::Duration stale_after = absl::Seconds(5);
  // resize.timeout_s: default and maximum of ResizeVm's timeout.
  absl::Duration resize_timeout = absl::Hours(1);
  // resize.fmem_floor, resize.smem_floor: the lowest target that ResizeVm accepts.
  PerTier<Bytes> floors{Bytes::MiB(64), Bytes()};
  // residency.slack: by how much a tier's residency may exceed its target and still count as reached. Covers QEMU's own
  // pages inside the cell's mapping and huge pages that the host splits late.
  Bytes slack = Bytes::MiB(8);

  // qos.*: how the host's memory is divided among VMs.
  struct Qos {
    // Null: not at all.
    std::shared_ptr<const qos::BurstPolicy> policy;
    // As configured; "" or "off": not at all.
    std::string policy_name;
    absl::Duration period = absl::Seconds(2);
    policy::Mode default_mode = policy::Mode::kStatic;
    policy::Classes classes;
    // What VMs may have; not known: nothing is planned.
    std::optional<PerTier<Bytes>> capacity;
    // Why nothing is planned, for people.
    std::string off = "qos.policy of hypertierd's configuration is off";

    bool Plans() const { return policy != nullptr && capacity.has_value(); }
  } qos;
  // A VM that has not come nearer to its target for so long is violating: it keeps what it was to give back, and others
  // give back in its place. Two periods.
  absl::Duration overstay_patience = absl::Seconds(4);
  // A guest that ran out of memory counts as pressed for so long.
  absl::Duration pressed = absl::Seconds(30);

  // What is done about a VM that keeps more than its target; docs/qos.md.
  struct Enforcement {
    // qos.confine, where the host has nodes of both tiers: its excess of FMEM is moved to SMEM's nodes.
    bool confine = false;
    enum class Action { kReport, kPause, kDestroy };
    // qos.on_violation: once it has been violating for `grace` (qos.violation_grace_s), which a guest that boots is
    // given, too.
    Action action = Action::kReport;
    absl::Duration grace = absl::Minutes(1);
    // After a step of confinement that failed; otherwise a confined VM is looked at each period.
    absl::Duration retry = absl::Seconds(30);
  } enforcement;

  // A virtio-mem device of which nothing was unplugged for so long, and should be, is short. QEMU tells of changes once
  // a second; a driver that finds nothing more to unplug says so to nobody, and tries again after 50 s.
  absl::Duration unplug_patience = absl::Seconds(5);

  // Targets are handed over so often until a report shows their generation.
  absl::Duration resend_every = absl::Seconds(1);
  // ... and so often after the guest has refused it.
  absl::Duration resend_refused_every = absl::Seconds(30);
  // A guest's word (a total set by virsh, a generation from before) makes us write the ledger at most so often for one
  // VM, so that a lying guest cannot keep the disk busy.
  absl::Duration guest_writes_every = absl::Seconds(2);
  // First and largest pause between two attempts to attach the agent's channel.
  absl::Duration attach_retry_min = absl::Seconds(30);
  absl::Duration attach_retry_max = absl::Minutes(10);
  // First and largest pause between two Rediscards of one VM.
  absl::Duration rediscard_min = absl::Seconds(5);
  absl::Duration rediscard_max = absl::Minutes(5);
  // How long an operation whose guest is at its target waits for a measurement before it counts residency as unknown.
  absl::Duration residency_patience = absl::Seconds(10);
  // Ended operations are forgotten after this.
  absl::Duration keep_operations = absl::Hours(1);
  // ... or earlier, oldest first, beyond this many.
  std::size_t max_ended_operations = 16384;
  // Newest records of the audit log that are kept.
  std::size_t keep_audit = 10'000;
  // Targets of a domain that a full list of libvirt no longer has are kept for so long: a list can be short for a
  // moment while libvirtd starts, and forgetting is final.
  absl::Duration keep_absent = absl::Hours(1);
};

}  // namespace hypertier::control

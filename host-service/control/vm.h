// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "host-service/control/guest_report.h"
#include "host-service/control/model.h"
#include "host-service/control/pace.h"
#include "host-service/control/rediscard.h"
#include "host-service/domain/describe.h"
#include "host-service/policy/resolve.h"
#include "host-service/qos/overstay.h"

namespace hypertier::control {

// The link to the agent and what the guest said of itself.
struct VmLink {
  // Socket that the link was opened on; empty: not opened.
  std::string socket;
  LinkState state = LinkState::kDown;
  // Why it is down, as the channel or the guest put it.
  std::string down_reason;
  // FEATURE_BALLOONS is in use; otherwise why not, in the guest's words.
  bool balloons = false;
  std::string balloons_unavailable;
  std::string agent_version;
  std::string kernel_release;
  // Kept while the link is down: a different one afterwards means that the guest has rebooted.
  std::string boot_id;
  std::uint32_t protocol_version = 0;
  std::vector<std::string> features;
  std::uint64_t resets = 0;
  std::uint64_t implausible_figures = 0;
  // Since when the present session is up (mono).
  absl::Duration up_since;
  absl::Duration last_report_mono = -absl::InfiniteDuration();
  // Since when a report is being waited for (mono): the last one, the session's begin or the domain's resumption.
  absl::Duration quiet_since;
  absl::Time last_report_wall = absl::InfinitePast();
  // The newest report of this boot of the guest. Kept while the link is down (the balloons do not move away with the
  // agent).
  std::optional<GuestReport> report;
  // Of the newest report, as the channel cleaned it; null while there is none.
  std::shared_ptr<const agent::v1::PlacementReport> placement;
};

// The targets in force of a VM.
struct VmTargets {
  PerTier<Bytes> bytes;
  // 0: the guest's own from its boot; not ours, not in the ledger.
  std::uint64_t generation = 0;
  bool in_ledger = false;
};

// What has been asked of the guest.
struct VmAsked {
  // Last SetBalloons handed to the channel, and when (mono); generation 0: none since the domain started.
  std::uint64_t generation = 0;
  absl::Duration at = -absl::InfiniteDuration();
  // A report has shown it.
  bool confirmed = false;
  // The guest said no to this generation; 0: to none.
  std::uint64_t refused = 0;
  // Why it could not be handed over when that was last tried; empty when it could.
  std::string error;
};

struct VmResidency {
  std::optional<PerTier<Bytes>> bytes;
  // When the newest measurement began (mono).
  absl::Duration taken = -absl::InfiniteDuration();
  // Why the newest attempt failed; empty when it did not.
  std::string error;
};

// What the host does by itself against a VM that keeps more FMEM than its target.
struct VmConfinement {
  bool running = false;
  // The step that runs is of a process that has gone.
  bool outdated = false;
  // Nothing is moved before then, after a step that failed (mono).
  absl::Duration next = -absl::InfiniteDuration();
  // Of the FMEM cell, on the host's SMEM nodes as last seen; absent: not looked at since the VM started.
  std::optional<Bytes> displaced;
  // What the running step may move there, or the last has moved: it has not been seen there yet.
  Bytes unseen;
  // Since when it has been violating, or was last paused or destroyed for it (mono).
  std::optional<absl::Duration> violating_since;
  // What was displaced then.
  Bytes displaced_then;
  // What is being done about it, and why; empty: nothing.
  std::string punishment;

  // Of another process there is nothing to know; one step at a time all the same.
  void Restart() {
    const bool under_way = running;
    *this = {};
    running = outdated = under_way;
  }
};

struct VmAttach {
  bool running = false;
  absl::Duration next = -absl::InfiniteDuration();
  absl::Duration pause;
  std::string error;
};

// A VM in control's hands. Only the engine changes it.
struct Vm {
  std::string uuid;
  std::string name;
  DomainState state = DomainState::kUnknown;
  // libvirt has described it at least once.
  bool met = false;
  // Absent while libvirt has not given an XML that can be read; then description_error says why.
  std::optional<domain::Description> description;
  std::string description_error;

  VmLink link;
  VmAttach attach;
  std::optional<VmTargets> targets;
  VmAsked asked;
  // Largest credible generation that this guest has ever shown us; ours must exceed it.
  std::uint64_t seen_generation = 0;
  // The guest booted while we watched and has not yet shown our targets: a total that it reports is left over from
  // before the boot and is not adopted.
  bool fresh_boot = false;
  // A reboot was announced by libvirt; the new boot_id that follows is no second reboot.
  bool reboot_announced = false;
  // Balloon targets of the total that we adopted or chose not to; the same again is no news.
  std::optional<PerTier<Bytes>> known_total;
  // When the guest's word last made us write the ledger (mono).
  absl::Duration guest_write = -absl::InfiniteDuration();
  // The last report showed our targets as its own (they need not be reached).
  bool agreed = false;
  // The most that the guest can hold of each tier by what it has confirmed; see charge.h.
  PerTier<Bytes> ceiling;

  // A shortfall was told. It is over when the balloon is where it is to be, not each time that placement has made room
  // for a bit of it.
  PerTier<bool> short_told;

  // With virtio-mem: each tier's device as it was last seen, and since when (mono) it has been like that.
  struct Moved {
    domain::VirtioMemDevice device;
    absl::Duration since;
  };
  PerTier<Moved> moved;
  // How fast each tier follows its target.
  PerTier<Pace> pace;

  VmResidency residency;
  RediscardPolicy rediscard;
  // Since when each tier's balloon has been at its target without a break (mono); absent: it is not.
  PerTier<std::optional<absl::Duration>> at_target_since;

  // Its domain's word, or that of its grant.
  std::string tenant;
  // What the VM is promised, of all that was said about it.
  policy::Promise promise;
  // Of the planned targets, in words; empty where nobody plans them.
  PerTier<std::string> reasons;
  // What it reserved and wants, as last planned; nothing where nobody plans them.
  PerTier<Bytes> claims;
  // By what it may hold, for the planner; and by what it was seen to hold, for people. A guest that has just booted may
  // hold all its cells, and is not to be blamed for it.
  PerTier<qos::Overstay> overstay;
  PerTier<qos::Overstay> excess;
  // As last looked at; absent: not known.
  PerTier<std::optional<qos::Compliance>> compliance;
  VmConfinement confinement;
  // The guest ran out of memory not long before (mono).
  absl::Duration pressed_until = -absl::InfiniteDuration();

  // Id of the running operation, or "", and when it fails for being late (mono).
  std::string operation;
  absl::Duration operation_deadline;
  std::shared_ptr<const std::vector<VmEvent>> events = std::make_shared<const std::vector<VmEvent>>();

  bool TwoTier() const { return description && description->cells; }
  const PerTier<Bytes>& cells() const { return *description->cells; }
  // QEMU is there: the guest may own memory.
  bool Alive() const {
    return state == DomainState::kRunning || state == DomainState::kPaused || state == DomainState::kSuspended;
  }
  // What the guest can use of a tier as it says; only with a report of the tier.
  Bytes Usable(TierId tier) const { return cells()[tier] - link.report->tiers[tier]->balloon; }
  bool Reports(TierId tier) const { return link.report && link.report->tiers[tier]; }
};

// Adds an event, dropping the oldest beyond 16.
inline void AddEvent(Vm& vm, EventKind kind, absl::Time time, std::string message,
                     std::optional<TierId> tier = std::nullopt) {
  constexpr std::size_t kMost = 16;
  auto events = std::make_shared<std::vector<VmEvent>>();
  const std::size_t keep = std::min(vm.events->size(), kMost - 1);
  events->reserve(keep + 1);
  events->assign(vm.events->end() - static_cast<std::ptrdiff_t>(keep), vm.events->end());
  events->push_back({kind, time, std::move(message), tier});
  vm.events = std::move(events);
}

// The largest target of a two-tier VM that is at most `wanted` and can be met exactly; its base where that is more.
inline Bytes MeetableTarget(const Vm& vm, TierId tier, Bytes wanted) {
  const Bytes base = vm.description->Base(tier);
  const std::uint64_t step = vm.description->Granularity(tier).count();
  return base + Bytes((std::min(wanted, vm.cells()[tier]) - base).count() / step * step);
}

// Balloon sizes that carry `targets`.
inline PerTier<Bytes> BalloonsFor(const PerTier<Bytes>& cells, const PerTier<Bytes>& targets) {
  return {cells.fmem() - targets.fmem(), cells.smem() - targets.smem()};
}

}  // namespace hypertier::control

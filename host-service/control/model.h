// SPDX-License-Identifier: Apache-2.0
//
// What hypertierd knows of its VMs, as values. Control owns the changing state; everybody else sees these records,
// immutable, in a FleetSnapshot.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/bytes.h"
#include "common/tier.h"
#include "host-service/domain/describe.h"
#include "host-service/ledger/ledger.h"
#include "host-service/libvirt/hypervisor.h"
#include "host-service/policy/resolve.h"
#include "host-service/qos/overstay.h"
#include "hypertier/agent/v1/agent.pb.h"

namespace hypertier::control {

// Whether hypertierd governs a VM; see Management in hypertier/v1/vm.proto.
enum class Management { kManaged, kWaiting, kUnmanaged };

// Link to the agent; see Agent.LinkState in hypertier/v1/vm.proto.
enum class LinkState { kDown, kUp, kStale };

// What a tier's balloon is doing, as the guest says.
enum class GuestTierState { kUnknown, kIdle, kShrinking, kGrowing, kShort };

enum class EventKind {
  kAgentConnected,
  kAgentLost,
  kLinkReset,
  kTargetsSet,
  kTargetsAdopted,
  kOomDeflate,
  kShortfall,
  kShortfallEnded,
  kReboot,
  kRediscard,
  kViolating,
  kViolatingEnded,
  kConfined,
  kConfinedEnded,
  kPaused,
  kDestroyed,
};
inline constexpr std::size_t kEventKinds = static_cast<std::size_t>(EventKind::kDestroyed) + 1;

struct VmEvent {
  EventKind kind = EventKind::kAgentConnected;
  absl::Time time;
  std::string message;
  // Where it is about one of them.
  std::optional<TierId> tier = std::nullopt;

  friend bool operator==(const VmEvent&, const VmEvent&) = default;
};

// One tier of a two-tier VM; the fields are those of Tier in hypertier/v1/vm.proto.
struct TierRecord {
  GuestTierState state = GuestTierState::kUnknown;
  Bytes cell;
  std::optional<Bytes> target;
  std::optional<Bytes> balloon;
  std::optional<Bytes> resident;
  Bytes shortfall;
  Bytes floor;
  Bytes charged;
  // What nobody else can count on, whether or not it is in use: its reservation (what is always there, where that
  // is more); where nobody plans its target, that.
  Bytes committed;
  std::optional<Bytes> free;
  // What its target is below what it reserved and wants, as last planned.
  Bytes missing;
  // Of the cell's memory, on the host's nodes of the other tier: confined.
  Bytes displaced;
  qos::TierPolicy policy;
  std::string reason;
  // Absent: not known.
  std::optional<qos::Compliance> compliance;
  // Targets are multiples of it beyond what is always there.
  Bytes granularity;
  // Bytes a second of the running or last change; absent: nothing has moved yet.
  std::optional<Bytes> pace;

  friend bool operator==(const TierRecord&, const TierRecord&) = default;
};

struct AgentRecord {
  LinkState link = LinkState::kDown;
  std::string version;
  std::string kernel_release;
  std::uint32_t protocol_version = 0;
  std::vector<std::string> features;
  // InfinitePast: never.
  absl::Time last_report = absl::InfinitePast();
  std::uint64_t link_resets = 0;
  std::string transport;
  // Absent before its first report.
  std::optional<std::uint64_t> oom_deflates;
  std::optional<Bytes> oom_deflated;
  // Share of time in which its programs wait for memory, as it says; absent while it does not.
  std::optional<double> memory_pressure;
  // Figures of reports that were impossible (larger than the cell, tiers twice or unknown) and were bounded or left
  // out.
  std::uint64_t implausible_figures = 0;

  friend bool operator==(const AgentRecord&, const AgentRecord&) = default;
};

struct VmRecord {
  std::string uuid;
  std::string name;
  std::string tenant;
  DomainState state = DomainState::kUnknown;
  Management management = Management::kUnmanaged;
  // Empty when managed.
  std::string reason;
  // Absent for a domain that is not two-tier.
  std::optional<PerTier<TierRecord>> tiers;
  // Absent like them.
  std::optional<domain::Provisioner> provisioner;
  AgentRecord agent;
  // As the guest says; null while it does not, or no longer.
  std::shared_ptr<const agent::v1::PlacementReport> placement;
  policy::Mode mode = policy::Mode::kStatic;
  // What was said about the VM and cannot be.
  std::vector<std::string> policy_problems;
  // Id of the running resize, or "".
  std::string operation;
  // When anything but the time of the last report last changed.
  absl::Time updated = absl::InfinitePast();
  // Oldest first. Shared between the records of one VM for as long as no event is added; never null.
  std::shared_ptr<const std::vector<VmEvent>> events = std::make_shared<const std::vector<VmEvent>>();
};

// By id.
using TenantMap = std::map<std::string, TenantRecord>;
// By UUID.
using VmPolicyMap = std::map<std::string, VmPolicyRecord>;

// What a cloud's scheduler has set aside here; by UUID.
using GrantMap = std::map<std::string, GrantRecord>;

// How the host's memory is divided; the fields are those of Host in hypertier/v1/qos.proto.
struct HostRecord {
  std::optional<PerTier<Bytes>> capacity;
  std::string policy;
  // Why nothing is planned; empty when it is.
  std::string off;
  policy::Classes classes;
  // Of a VM of which nobody says it.
  policy::Mode default_mode = policy::Mode::kStatic;
  // Absent: no target is kept from being changed.
  std::optional<MaintenanceRecord> maintenance;
  // Why the configuration on disk is not in force, or not all of it; "": it is.
  std::string config_problem;
};

// Progress of one tier that an operation named.
struct TierProgress {
  Bytes start;
  Bytes current;
  Bytes target;
  // Zero when it cannot be measured.
  Bytes resident;
  Bytes shortfall;

  friend bool operator==(const TierProgress&, const TierProgress&) = default;
};

struct Operation {
  OperationRecord record;
  PerTier<std::optional<TierProgress>> tiers;
  // What it waits for, in words; empty once ended.
  std::string status_message;
};

inline bool Ended(OperationRecord::State state) {
  return state != OperationRecord::State::kPending && state != OperationRecord::State::kRunning;
}

}  // namespace hypertier::control

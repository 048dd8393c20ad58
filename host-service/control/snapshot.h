// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "host-service/control/model.h"

namespace hypertier::control {

using VmPtr = std::shared_ptr<const VmRecord>;
using OperationPtr = std::shared_ptr<const Operation>;

// Where a VM is in FleetSnapshot::vms. Rebuilt only when VMs come, go or are renamed, and shared between snapshots
// otherwise.
struct FleetIndex {
  static constexpr std::size_t kAmbiguous = static_cast<std::size_t>(-1);
  absl::flat_hash_map<std::string, std::size_t> by_uuid;
  // kAmbiguous: several VMs bear the name (for a moment, while one is renamed).
  absl::flat_hash_map<std::string, std::size_t> by_name;
};

// Operations that ended since the process began, by how.
struct OperationCounts {
  std::uint64_t succeeded = 0;
  std::uint64_t failed = 0;
  std::uint64_t cancelled = 0;
  // Not ended now.
  std::uint64_t running = 0;
};

// Everything hypertierd knows at one moment. Immutable, and so readable from any thread; unchanged VMs are the very
// same objects in the next snapshot, so that a reader finds changes by comparing pointers.
class FleetSnapshot {
 public:
  // Grows with each snapshot.
  std::uint64_t version = 0;
  // The hypervisor has delivered a full list at least once; before that nothing is known.
  bool synced = false;
  bool connected = false;
  // Why not connected, in words.
  std::string disconnect_reason = "hypertierd has just started";
  // In the order of name, then uuid.
  std::vector<VmPtr> vms;
  std::shared_ptr<const FleetIndex> index = std::make_shared<const FleetIndex>();
  // Newest first: descending id. Never null.
  std::shared_ptr<const std::vector<OperationPtr>> operations = std::make_shared<const std::vector<OperationPtr>>();
  OperationCounts counts;
  // None of these is ever null.
  std::shared_ptr<const HostRecord> host = std::make_shared<const HostRecord>();
  std::shared_ptr<const TenantMap> tenants = std::make_shared<const TenantMap>();
  // What was said over gRPC.
  std::shared_ptr<const VmPolicyMap> policies = std::make_shared<const VmPolicyMap>();
  std::shared_ptr<const GrantMap> grants = std::make_shared<const GrantMap>();

  // By "vms/{uuid}", "vms/{domain name}", a UUID or a domain name; a UUID goes before a name. NotFound with the remedy;
  // FailedPrecondition where several domains bear the name; InvalidArgument for an empty name.
  absl::StatusOr<VmPtr> FindVm(const std::string& name) const;

  // By "operations/{id}" or the id alone.
  absl::StatusOr<OperationPtr> FindOperation(const std::string& name) const;
};

using SnapshotPtr = std::shared_ptr<const FleetSnapshot>;

// Where snapshots come from. Thread-safe.
class SnapshotSource {
 public:
  virtual ~SnapshotSource() = default;
  // The newest one; never null.
  virtual SnapshotPtr Snapshot() const = 0;
};

// The index of `vms`.
std::shared_ptr<const FleetIndex> BuildIndex(const std::vector<VmPtr>& vms);

// Unavailable: there has been no full list of domains; why, and what to do.
absl::Status NothingKnown(const std::string& disconnect_reason);

// `text` without `prefix` in front, where it has it.
std::string WithoutPrefix(const std::string& text, const std::string& prefix);

}  // namespace hypertier::control

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/bytes.h"
#include "common/tier.h"

namespace hypertier {

// The targets in force of one VM.
struct TargetRecord {
  std::string uuid;
  // Tier targets (not balloon sizes).
  PerTier<Bytes> targets;
  // Of the last SetBalloons that carries them. Never decreases for a VM.
  std::uint64_t generation = 0;
  absl::Time changed;
};

// A resize.
struct OperationRecord {
  enum class State { kPending, kRunning, kSucceeded, kFailed, kCancelled };
  // Without "operations/".
  std::string id;
  std::string uuid;
  State state = State::kPending;
  // Only the tiers that the request named.
  PerTier<std::optional<Bytes>> targets;
  // Usable bytes of each tier when it began.
  PerTier<Bytes> start;
  std::uint64_t generation = 0;
  absl::Time created;
  absl::Time updated;
  absl::Time deadline;
  // Meaningful once ended.
  absl::Time ended;
  absl::Status error;
};

// What must survive a restart of hypertierd. Each method is one transaction: it is on disk when it returns OK. Not
// thread-safe: control's only.
class Ledger {
 public:
  virtual ~Ledger() = default;

  virtual absl::StatusOr<std::vector<TargetRecord>> LoadTargets() = 0;
  // Newest first.
  virtual absl::StatusOr<std::vector<OperationRecord>> LoadOperations() = 0;

  // New targets, with the operation that asked for them if there is one, and with the older operation that it ends if
  // there is one.
  virtual absl::Status SetTargets(const TargetRecord& targets, const OperationRecord* begun,
                                  const OperationRecord* superseded) = 0;
  // New state of an operation.
  virtual absl::Status UpdateOperation(const OperationRecord& operation) = 0;
  // The domain is undefined: its targets are forgotten.
  virtual absl::Status ForgetVm(const std::string& uuid) = 0;
  // Forgets operations that ended before `before`.
  virtual absl::Status ForgetOperations(absl::Time before) = 0;
};

}  // namespace hypertier

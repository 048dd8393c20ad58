// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "common/duration_histogram.h"

namespace hypertier::metrics {

// The methods of HyperTierService and QosService.
enum class RpcMethod {
  kListVms,
  kGetVm,
  kResizeVm,
  kListOperations,
  kGetOperation,
  kCancelOperation,
  kWatchVms,
  kGetHost,
  kListTenants,
  kGetTenant,
  kCreateTenant,
  kUpdateTenant,
  kDeleteTenant,
  kGetVmPolicy,
  kUpdateVmPolicy,
  kCheckAdmission,
  kPlanPreview,
  kExplainVm,
  kSetGrants,
  kSetMaintenance,
  kListAuditRecords,
};

// In the order of RpcMethod.
inline constexpr std::array<std::string_view, 21> kRpcMethodNames = {
    "ListVms",      "GetVm",          "ResizeVm",        "ListOperations", "GetOperation", "CancelOperation",
    "WatchVms",     "GetHost",        "ListTenants",     "GetTenant",      "CreateTenant", "UpdateTenant",
    "DeleteTenant", "GetVmPolicy",    "UpdateVmPolicy",  "CheckAdmission", "PlanPreview",  "ExplainVm",
    "SetGrants",    "SetMaintenance", "ListAuditRecords"};

// gRPC status codes by number.
inline constexpr std::array<std::string_view, 17> kRpcCodeNames = {
    "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
    "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
    "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
    "DATA_LOSS", "UNAUTHENTICATED"};

// Calls answered, by method and status code, and how long that took. Thread-safe without a lock.
class RpcStats {
 public:
  void Count(RpcMethod method, int code) {
    const std::size_t known =
        code >= 0 && static_cast<std::size_t>(code) < kRpcCodeNames.size() ? static_cast<std::size_t>(code) : 2;
    counts_[static_cast<std::size_t>(method)][known].fetch_add(1, std::memory_order_relaxed);
  }

  void Observe(RpcMethod method, std::chrono::nanoseconds duration) {
    durations_[static_cast<std::size_t>(method)].Observe(duration);
  }

  const DurationHistogram& duration(std::size_t method) const { return durations_[method]; }
  std::uint64_t Get(std::size_t method, std::size_t code) const {
    return counts_[method][code].load(std::memory_order_relaxed);
  }

 private:
  std::array<std::array<std::atomic<std::uint64_t>, kRpcCodeNames.size()>, kRpcMethodNames.size()> counts_{};
  std::array<DurationHistogram, kRpcMethodNames.size()> durations_;
};

// One call, from its arrival on. Copied to where it is answered.
class RpcCall {
 public:
  // `stats` outlives the call.
  RpcCall(RpcStats* stats, RpcMethod method) : stats_(stats), method_(method) {}

  // Once; `code` is gRPC's.
  void Answered(int code) const {
    stats_->Count(method_, code);
    stats_->Observe(method_, std::chrono::steady_clock::now() - arrived_);
  }

 private:
  RpcStats* stats_;
  RpcMethod method_;
  std::chrono::steady_clock::time_point arrived_ = std::chrono::steady_clock::now();
};

}  // namespace hypertier::metrics

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "host-service/control/backend.h"
#include "host-service/control/engine.h"
#include "host-service/control/event_queue.h"
#include "host-service/control/period_stats.h"
#include "host-service/libvirt/hypervisor.h"

namespace hypertier::control {

// Control's thread: takes what happens off one queue, lets the Engine decide, and publishes a snapshot after each
// batch. Everything public is thread-safe; the things that report to it (hypervisor, channel, residency) may do so from
// before Start until after Stop.
class Controller : public Backend, public HypervisorEvents {
 public:
  // The engine's world without what Controller fills in itself.
  Controller(EngineOptions options, EngineWorld world);
  ~Controller() override;

  // Reads the ledger and starts the thread. On error nothing runs.
  absl::Status Start();
  // Ends the thread after what is queued; commands that come later are answered Unavailable. Whoever reports may be
  // gone afterwards.
  void Stop();

  // As the engine's. Any time after Start.
  void Configure(EngineOptions options);
  void ReportConfig(std::string problem);

  // Control's thread has gone round within this time: it is not stuck (for the watchdog).
  absl::Duration SinceLastRound() const;
  const PeriodStats& periods() const { return periods_; }

  // Backend.
  SnapshotPtr Snapshot() const override;
  void Resize(ResizeRequest request, Done<OperationPtr> done) override;
  void Cancel(std::string operation, Caller caller, Done<OperationPtr> done) override;
  void CreateTenant(TenantRecord tenant, Caller caller, Done<TenantRecord> done) override;
  void UpdateTenant(TenantEdit edit, Caller caller, Done<TenantRecord> done) override;
  void DeleteTenant(std::string id, std::string etag, Caller caller, Done<std::monostate> done) override;
  void UpdateVmPolicy(VmPolicyEdit edit, Caller caller, Done<VmPolicyRecord> done) override;
  void SetGrants(std::vector<GrantRecord> grants, Caller caller, Done<std::monostate> done) override;
  void SetMaintenance(bool active, Caller caller, Done<std::monostate> done) override;
  void PreviewPlan(PreviewRequest request, Done<std::vector<PlannedVm>> done) override;
  void Explain(std::string vm, Done<Explanation> done) override;
  void Audit(AuditQuery query, Done<std::vector<AuditRecord>> done) override;
  void Subscribe(std::function<void()> changed) override;

  // HypervisorEvents.
  void OnResync(std::vector<DomainInfo> domains) override;
  void OnDomain(DomainInfo domain) override;
  void OnDomainGone(const std::string& uuid) override;
  void OnReboot(const std::string& uuid) override;
  void OnDisconnected(const std::string& reason) override;
  // Result of DomainCommands::AttachAgentChannel.
  void OnAttached(const std::string& uuid, const absl::Status& status);
  // Result of DomainCommands::SetRequested.
  void OnRequested(const std::string& uuid, const absl::Status& status);

  // Results of ConfinementCommands and of DomainCommands::Pause and Destroy.
  void OnConfined(const std::string& uuid, absl::StatusOr<Confinement> confined);
  void OnPunished(const std::string& uuid, bool paused, const absl::Status& status);

  // From the channel; see channel/ for when each comes.
  void OnLinkUp(const std::string& uuid, const agent::v1::GuestHello& hello);
  void OnReport(const std::string& uuid, const agent::v1::Report& report);
  void OnCommandFailed(const std::string& uuid, std::uint64_t generation, const std::string& reason);
  void OnLinkDown(const std::string& uuid, const std::string& reason);
  void OnLinkReset(const std::string& uuid, const std::string& reason);

  // From the residency loop.
  void OnResidency(const std::string& uuid, absl::StatusOr<PerTier<Bytes>> resident, absl::Duration began);

 private:
  void Run();
  void Post(absl::AnyInvocable<void(Engine&, const Now&) &&> event);
  // Answers `done` with what `command`(engine, now) returns, once a snapshot that contains its effect is out.
  template <typename T, typename Command>
  void PostCommand(Command command, Done<T> done);
  void PublishAndAnswer(const Now& now);

  Engine engine_;
  EventQueue queue_;
  std::thread thread_;
  std::atomic<std::int64_t> last_round_ns_{0};
  PeriodStats periods_;

  // Control's thread only: answers to the commands of this batch.
  std::vector<absl::AnyInvocable<void() &&>> answers_;
  absl::Duration last_publish_ = -absl::InfiniteDuration();

  mutable std::mutex snapshot_mutex_;
  SnapshotPtr snapshot_;
  // Held while it is called, so that Subscribe({}) waits for a call under way.
  std::mutex subscriber_mutex_;
  std::function<void()> subscriber_;
};

}  // namespace hypertier::control

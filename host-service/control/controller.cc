// SPDX-License-Identifier: Apache-2.0
#include "host-service/control/controller.h"

#include <algorithm>

namespace hypertier::control {
namespace {

// How often the engine looks at what depends on time alone.
constexpr absl::Duration kTick = absl::Milliseconds(200);
// Snapshots that nobody waits for come at most so often: a thousand guests report a thousand times a second, and each
// snapshot copies the list of VMs.
constexpr absl::Duration kPublishEvery = absl::Milliseconds(20);

}  // namespace

Controller::Controller(EngineOptions options, EngineWorld world)
    : engine_(std::move(options), std::move(world)),
      queue_([this](const std::string& uuid, const agent::v1::Report& report) {
        engine_.HandleReport(uuid, report, ReadClocks());
      }),
      snapshot_(std::make_shared<const FleetSnapshot>()) {}

Controller::~Controller() {
  Stop();
}

absl::Status Controller::Start() {
  const Now now = ReadClocks();
  if (absl::Status loaded = engine_.Load(now); !loaded.ok()) return loaded;
  PublishAndAnswer(now);
  last_round_ns_ = absl::ToInt64Nanoseconds(now.mono);
  thread_ = std::thread([this] { Run(); });
  return absl::OkStatus();
}

void Controller::Stop() {
  queue_.Close();
  if (thread_.joinable()) thread_.join();
}

void Controller::Configure(EngineOptions options) {
  Post([options = std::move(options)](Engine& engine, const Now& now) mutable {
    engine.Configure(std::move(options), now);
  });
}

void Controller::ReportConfig(std::string problem) {
  Post([problem = std::move(problem)](Engine& engine, const Now&) mutable { engine.ReportConfig(std::move(problem)); });
}

absl::Duration Controller::SinceLastRound() const {
  return MonoNow() - absl::Nanoseconds(last_round_ns_.load());
}

void Controller::Run() {
  absl::Duration next_tick = MonoNow();
  bool unpublished = false;
  for (bool open = true; open;) {
    const absl::Duration wake = unpublished ? std::min(next_tick, last_publish_ + kPublishEvery) : next_tick;
    std::deque<EventQueue::Task> tasks = queue_.Take(std::max(wake - MonoNow(), absl::ZeroDuration()));
    // Closed: what was queued before is still done, so that every command gets its answer.
    open = !queue_.closed();
    if (!open) {
      for (EventQueue::Task& late : queue_.Take(absl::ZeroDuration())) tasks.push_back(std::move(late));
    }
    for (EventQueue::Task& task : tasks) std::move(task)();
    const Now now = ReadClocks();
    if (now.mono >= next_tick) {
      if (const auto lag = engine_.Tick(now)) periods_.Ended(*lag, MonoNow() - now.mono);
      next_tick = now.mono + kTick;
    }
    unpublished = unpublished || !tasks.empty();
    if (!open || !answers_.empty() || now.mono - last_publish_ >= kPublishEvery) {
      PublishAndAnswer(now);
      unpublished = false;
    }
    last_round_ns_ = absl::ToInt64Nanoseconds(MonoNow());
  }
}

void Controller::PublishAndAnswer(const Now& now) {
  SnapshotPtr next = engine_.Publish(now);
  last_publish_ = now.mono;
  bool changed = false;
  {
    const std::lock_guard lock(snapshot_mutex_);
    changed = snapshot_ != next;
    snapshot_ = std::move(next);
  }
  for (absl::AnyInvocable<void() &&>& answer : std::exchange(answers_, {})) std::move(answer)();
  if (!changed) return;
  const std::lock_guard lock(subscriber_mutex_);
  if (subscriber_) subscriber_();
}

SnapshotPtr Controller::Snapshot() const {
  const std::lock_guard lock(snapshot_mutex_);
  return snapshot_;
}

void Controller::Subscribe(std::function<void()> changed) {
  const std::lock_guard lock(subscriber_mutex_);
  subscriber_ = std::move(changed);
}

void Controller::Post(absl::AnyInvocable<void(Engine&, const Now&) &&> event) {
  queue_.Push([this, event = std::move(event)]() mutable { std::move(event)(engine_, ReadClocks()); });
}

template <typename T, typename Command>
void Controller::PostCommand(Command command, Done<T> done) {
  // Shared, because a refused push must still answer.
  auto answer = std::make_shared<Done<T>>(std::move(done));
  const bool queued = queue_.Push([this, command = std::move(command), answer]() mutable {
    answers_.push_back([result = absl::StatusOr<T>(command(engine_, ReadClocks())), answer]() mutable {
      std::move (*answer)(std::move(result));
    });
  });
  if (!queued) std::move (*answer)(absl::UnavailableError("hypertierd is stopping; try again in a moment"));
}

void Controller::Resize(ResizeRequest request, Done<OperationPtr> done) {
  PostCommand<OperationPtr>(
      [request = std::move(request)](Engine& engine, const Now& now) { return engine.Resize(request, now); },
      std::move(done));
}

void Controller::Cancel(std::string operation, Caller caller, Done<OperationPtr> done) {
  PostCommand<OperationPtr>([operation = std::move(operation), caller = std::move(caller)](
                                Engine& engine, const Now& now) { return engine.Cancel(operation, caller, now); },
                            std::move(done));
}

void Controller::CreateTenant(TenantRecord tenant, Caller caller, Done<TenantRecord> done) {
  PostCommand<TenantRecord>([tenant = std::move(tenant), caller = std::move(caller)](
                                Engine& engine, const Now& now) { return engine.CreateTenant(tenant, caller, now); },
                            std::move(done));
}

void Controller::UpdateTenant(TenantEdit edit, Caller caller, Done<TenantRecord> done) {
  PostCommand<TenantRecord>([edit = std::move(edit), caller = std::move(caller)](
                                Engine& engine, const Now& now) { return engine.UpdateTenant(edit, caller, now); },
                            std::move(done));
}

void Controller::DeleteTenant(std::string id, std::string etag, Caller caller, Done<std::monostate> done) {
  PostCommand<std::monostate>(
      [id = std::move(id), etag = std::move(etag), caller = std::move(caller)](
          Engine& engine, const Now& now) -> absl::StatusOr<std::monostate> {
        if (absl::Status status = engine.DeleteTenant(id, etag, caller, now); !status.ok()) return status;
        return std::monostate();
      },
      std::move(done));
}

void Controller::UpdateVmPolicy(VmPolicyEdit edit, Caller caller, Done<VmPolicyRecord> done) {
  PostCommand<VmPolicyRecord>([edit = std::move(edit), caller = std::move(caller)](
                                  Engine& engine, const Now& now) { return engine.UpdateVmPolicy(edit, caller, now); },
                              std::move(done));
}

void Controller::SetGrants(std::vector<GrantRecord> grants, Caller caller, Done<std::monostate> done) {
  PostCommand<std::monostate>(
      [grants = std::move(grants), caller = std::move(caller)](Engine& engine,
                                                               const Now& now) -> absl::StatusOr<std::monostate> {
        if (absl::Status status = engine.SetGrants(grants, caller, now); !status.ok()) return status;
        return std::monostate();
      },
      std::move(done));
}

void Controller::SetMaintenance(bool active, Caller caller, Done<std::monostate> done) {
  PostCommand<std::monostate>(
      [active, caller = std::move(caller)](Engine& engine, const Now& now) -> absl::StatusOr<std::monostate> {
        if (absl::Status status = engine.SetMaintenance(active, caller, now); !status.ok()) return status;
        return std::monostate();
      },
      std::move(done));
}

void Controller::PreviewPlan(PreviewRequest request, Done<std::vector<PlannedVm>> done) {
  PostCommand<std::vector<PlannedVm>>(
      [request = std::move(request)](Engine& engine, const Now& now) { return engine.PreviewPlan(request, now); },
      std::move(done));
}

void Controller::Explain(std::string vm, Done<Explanation> done) {
  PostCommand<Explanation>([vm = std::move(vm)](Engine& engine, const Now& now) { return engine.Explain(vm, now); },
                           std::move(done));
}

void Controller::Audit(AuditQuery query, Done<std::vector<AuditRecord>> done) {
  PostCommand<std::vector<AuditRecord>>(
      [query = std::move(query)](Engine& engine, const Now&) { return engine.Audit(query); }, std::move(done));
}

void Controller::OnResync(std::vector<DomainInfo> domains) {
  Post([domains = std::move(domains)](Engine& engine, const Now& now) { engine.HandleResync(domains, now); });
}

void Controller::OnDomain(DomainInfo domain) {
  queue_.SealReports(domain.uuid);
  Post([domain = std::move(domain)](Engine& engine, const Now& now) { engine.HandleDomain(domain, now); });
}

void Controller::OnDomainGone(const std::string& uuid) {
  queue_.SealReports(uuid);
  Post([uuid](Engine& engine, const Now& now) { engine.HandleGone(uuid, now); });
}

void Controller::OnReboot(const std::string& uuid) {
  queue_.SealReports(uuid);
  Post([uuid](Engine& engine, const Now& now) { engine.HandleReboot(uuid, now); });
}

void Controller::OnDisconnected(const std::string& reason) {
  Post([reason](Engine& engine, const Now& now) { engine.HandleDisconnected(reason, now); });
}

void Controller::OnAttached(const std::string& uuid, const absl::Status& status) {
  Post([uuid, status](Engine& engine, const Now& now) { engine.HandleAttached(uuid, status, now); });
}

void Controller::OnConfined(const std::string& uuid, absl::StatusOr<Confinement> confined) {
  Post([uuid, confined = std::move(confined)](Engine& engine, const Now& now) {
    engine.HandleConfined(uuid, confined, now);
  });
}

void Controller::OnPunished(const std::string& uuid, bool paused, const absl::Status& status) {
  Post([uuid, paused, status](Engine& engine, const Now& now) { engine.HandlePunished(uuid, paused, status, now); });
}

void Controller::OnRequested(const std::string& uuid, const absl::Status& status) {
  Post([uuid, status](Engine& engine, const Now& now) { engine.HandleRequested(uuid, status, now); });
}

void Controller::OnLinkUp(const std::string& uuid, const agent::v1::GuestHello& hello) {
  queue_.SealReports(uuid);
  Post([uuid, hello](Engine& engine, const Now& now) { engine.HandleLinkUp(uuid, hello, now); });
}

void Controller::OnReport(const std::string& uuid, const agent::v1::Report& report) {
  queue_.PushReport(uuid, report);
}

void Controller::OnCommandFailed(const std::string& uuid, std::uint64_t generation, const std::string& reason) {
  Post([uuid, generation, reason](Engine& engine, const Now& now) {
    engine.HandleCommandFailed(uuid, generation, reason, now);
  });
}

void Controller::OnLinkDown(const std::string& uuid, const std::string& reason) {
  queue_.SealReports(uuid);
  Post([uuid, reason](Engine& engine, const Now& now) { engine.HandleLinkDown(uuid, reason, now); });
}

void Controller::OnLinkReset(const std::string& uuid, const std::string& reason) {
  queue_.SealReports(uuid);
  Post([uuid, reason](Engine& engine, const Now& now) { engine.HandleLinkReset(uuid, reason, now); });
}

void Controller::OnResidency(const std::string& uuid, absl::StatusOr<PerTier<Bytes>> resident, absl::Duration began) {
  Post([uuid, resident = std::move(resident), began](Engine& engine, const Now& now) {
    engine.HandleResidency(uuid, resident, began, now);
  });
}

}  // namespace hypertier::control

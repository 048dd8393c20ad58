// SPDX-License-Identifier: Apache-2.0
#include "host-service/libvirt/libvirt_hypervisor.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <unordered_set>
#include <utility>

#include "common/text.h"
#include "host-service/libvirt/call_pool.h"
#include "host-service/libvirt/call_stats.h"
#include "host-service/libvirt/calls.h"
#include "host-service/libvirt/connection.h"
#include "host-service/libvirt/event_loop.h"
#include "host-service/libvirt/resync.h"

namespace hypertier {
namespace {

using Clock = std::chrono::steady_clock;

// Between attempts to read a domain that answered with an error.
constexpr std::chrono::seconds kRetry(1);

const absl::Status& StatusOf(const absl::Status& status) {
  return status;
}
const absl::Status& StatusOf(const absl::StatusOr<DomainInfo>& domain) {
  return domain.status();
}

CallPool::Options PoolOptions(const LibvirtHypervisor::Options& options) {
  CallPool::Options pool;
  pool.threads = options.workers;
  pool.deadline = options.call_timeout;
  pool.stop_patience = options.stop_patience;
  return pool;
}

}  // namespace

// Two mutexes: delivery_ is held while the owner's callbacks run, which makes them come one at a time and in order;
// looks_mutex_ never is held for longer than a few instructions, so that events can be noted meanwhile. Where both are
// taken, delivery_ comes first.
class LibvirtHypervisor::Core : public std::enable_shared_from_this<LibvirtHypervisor::Core> {
 public:
  explicit Core(Options options) : options_(std::move(options)), pool_(PoolOptions(options_)) {}

  void Start(HypervisorEvents* events);
  void Stop();
  void Look(const std::string& uuid);
  // Something that changes a domain, run on a worker, and told to `done`.
  using Change = std::function<absl::Status(const ConnectionHandle&, const std::string& uuid)>;
  void Submit(const std::string& uuid, LibvirtCall call, Change change, std::function<void(absl::Status)> done);
  const LibvirtCallStats& stats() const { return stats_; }

 private:
  // One connection of the sequence. Epochs tell its news from that of the ones before.
  struct Link {
    std::uint64_t epoch;
    ConnectionHandle handle;
  };

  // The connector's thread.
  void Run();
  absl::Status ServeOneConnection();
  absl::Status ResyncAndServe(Connection& connection, std::uint64_t epoch);
  void RetryFailed(std::unique_lock<std::mutex>& lock);

  // Event thread.
  ConnectionCallbacks CallbacksFor(std::uint64_t epoch);
  void Lost(std::uint64_t epoch, const std::string& reason);
  void Rebooted(std::uint64_t epoch, const std::string& uuid);

  // Workers.
  absl::Status RunLook(int lane, const std::string& uuid);
  absl::Status RunChange(int lane, const std::string& uuid, LibvirtCall call, const Change& change);
  // Runs a call on the domain, and keeps in mind how it went.
  template <typename Result>
  Result Timed(LibvirtCall call, const std::string& uuid, const std::function<Result()>& run);
  void NoteTimeout(LibvirtCall call, const absl::Status& status) {
    if (absl::IsDeadlineExceeded(status)) stats_.TimedOut(call);
  }
  absl::StatusOr<Link> CurrentLink();
  absl::StatusOr<ConnectionHandle> HandleFor(int lane, const Link& link) const;
  void Deliver(std::uint64_t epoch, const std::string& uuid, absl::StatusOr<DomainInfo> domain);

  const Options options_;

  std::mutex delivery_;           // guards the following, and is held while callbacks run
  std::condition_variable wake_;  // the connector
  HypervisorEvents* events_ = nullptr;
  bool stopped_ = false;
  std::uint64_t epoch_ = 0;  // of the connection in use; 0: none
  std::uint64_t last_epoch_ = 0;
  std::optional<std::string> lost_;  // why the connection in use ended
  std::optional<Resync> resync_;     // until OnResync is delivered
  std::set<std::string> failed_;     // domains to be read again after kRetry
  std::string last_reason_;          // of the last OnDisconnected
  bool connector_done_ = false;

  std::mutex looks_mutex_;  // guards the following
  std::optional<Link> link_;
  std::unordered_set<std::string> looks_;  // domains with a look that has not begun

  LibvirtCallStats stats_;
  std::thread connector_;
  CallPool pool_;
};

void LibvirtHypervisor::Core::Start(HypervisorEvents* events) {
  StartLibvirtEventLoop();
  const std::lock_guard lock(delivery_);
  if (stopped_ || events_ != nullptr) return;
  events_ = events;
  connector_ = std::thread([core = shared_from_this()] { core->Run(); });
}

void LibvirtHypervisor::Core::Stop() {
  {
    std::unique_lock lock(delivery_);
    if (std::exchange(stopped_, true)) return;
    wake_.notify_all();
    if (connector_.joinable()) {
      wake_.wait_for(lock, absl::ToChronoNanoseconds(options_.stop_patience), [&] { return connector_done_; });
      if (!connector_done_) connector_.detach();
    }
  }
  if (connector_.joinable()) connector_.join();
  pool_.Stop();
}

// Looks that have not begun are one: it will see all that has happened.
void LibvirtHypervisor::Core::Look(const std::string& uuid) {
  {
    const std::lock_guard lock(looks_mutex_);
    if (!looks_.insert(uuid).second) return;
  }
  pool_.Submit(
      uuid, CallPool::WhenStuck::kWait,
      [core = shared_from_this(), uuid](int lane) { return core->RunLook(lane, uuid); },
      [core = shared_from_this()](const absl::Status& status) { core->NoteTimeout(LibvirtCall::kRead, status); });
}

void LibvirtHypervisor::Core::Submit(const std::string& uuid, LibvirtCall call, Change change,
                                     std::function<void(absl::Status)> done) {
  pool_.Submit(
      uuid, CallPool::WhenStuck::kRefuse,
      [core = shared_from_this(), uuid, call, change = std::move(change)](int lane) {
        return core->RunChange(lane, uuid, call, change);
      },
      [core = shared_from_this(), call, done = std::move(done)](absl::Status status) {
        core->NoteTimeout(call, status);
        const std::lock_guard lock(core->delivery_);
        if (!core->stopped_) done(std::move(status));
      });
}

void LibvirtHypervisor::Core::Run() {
  auto backoff = absl::ToChronoNanoseconds(options_.min_backoff);
  std::unique_lock lock(delivery_);
  while (!stopped_) {
    lock.unlock();
    const absl::Status end = ServeOneConnection();
    lock.lock();
    if (stopped_) break;
    const std::string reason = ToString(end.message());
    if (reason != last_reason_) {
      last_reason_ = reason;
      events_->OnDisconnected(reason);
    }
    if (absl::IsAborted(end)) backoff = absl::ToChronoNanoseconds(options_.min_backoff);
    wake_.wait_for(lock, backoff, [&] { return stopped_; });
    backoff = std::min<std::chrono::nanoseconds>(2 * backoff, absl::ToChronoNanoseconds(options_.max_backoff));
  }
  connector_done_ = true;
  wake_.notify_all();
}

// Returns when the connection has ended, with the reason: Aborted if it had been in use.
absl::Status LibvirtHypervisor::Core::ServeOneConnection() {
  const absl::StatusOr<ConnectionHandle> handle = OpenConnection(options_.uri);
  if (!handle.ok()) return handle.status();
  Connection connection(*handle);
  std::uint64_t epoch = 0;
  {
    const std::lock_guard lock(delivery_);
    epoch = epoch_ = ++last_epoch_;
    lost_.reset();
    failed_.clear();
    resync_.emplace(absl::ToChronoNanoseconds(options_.resync_patience),
                    absl::ToChronoNanoseconds(options_.call_timeout));
    const std::lock_guard looks_lock(looks_mutex_);
    link_ = Link{epoch, *handle};
  }
  absl::Status end = ResyncAndServe(connection, epoch);
  const std::lock_guard lock(delivery_);
  epoch_ = 0;
  resync_.reset();
  const std::lock_guard looks_lock(looks_mutex_);
  link_.reset();
  return end;
}

absl::Status LibvirtHypervisor::Core::ResyncAndServe(Connection& connection, std::uint64_t epoch) {
  if (absl::Status status = connection.Watch(CallbacksFor(epoch)); !status.ok()) return status;
  const absl::StatusOr<std::vector<Connection::Listed>> listed = connection.List();
  if (!listed.ok()) return listed.status();
  {
    const std::lock_guard lock(delivery_);
    for (const auto& [uuid, name] : *listed) resync_->Expect(uuid, name);
    resync_->Listed(Clock::now());
  }
  for (const auto& [uuid, name] : *listed) Look(uuid);

  std::unique_lock lock(delivery_);
  while (!stopped_ && !lost_ && !resync_->complete() && Clock::now() < resync_->due()) {
    wake_.wait_until(lock, resync_->due());
  }
  if (!stopped_ && !lost_) {
    last_reason_.clear();
    events_->OnResync(resync_->Take());
  }
  resync_.reset();
  while (!stopped_ && !lost_) {
    if (failed_.empty()) {
      wake_.wait(lock);
    } else if (!wake_.wait_for(lock, kRetry, [&] { return stopped_ || lost_.has_value(); })) {
      RetryFailed(lock);
    }
  }
  return absl::AbortedError(fmt::format("{}: {}", options_.uri, lost_.value_or("stopped")));
}

void LibvirtHypervisor::Core::RetryFailed(std::unique_lock<std::mutex>& lock) {
  const std::set<std::string> failed = std::exchange(failed_, {});
  lock.unlock();
  for (const std::string& uuid : failed) Look(uuid);
  lock.lock();
}

ConnectionCallbacks LibvirtHypervisor::Core::CallbacksFor(std::uint64_t epoch) {
  // Weak: libvirt may keep callbacks for a while after we have gone.
  const std::weak_ptr<Core> weak = weak_from_this();
  ConnectionCallbacks callbacks;
  callbacks.changed = [weak](const std::string& uuid) {
    if (const auto core = weak.lock()) core->Look(uuid);
  };
  callbacks.rebooted = [weak, epoch](const std::string& uuid) {
    if (const auto core = weak.lock()) core->Rebooted(epoch, uuid);
  };
  callbacks.lost = [weak, epoch](const std::string& reason) {
    if (const auto core = weak.lock()) core->Lost(epoch, reason);
  };
  return callbacks;
}

void LibvirtHypervisor::Core::Lost(std::uint64_t epoch, const std::string& reason) {
  const std::lock_guard lock(delivery_);
  if (epoch != epoch_) return;
  lost_ = reason;
  wake_.notify_all();
}

void LibvirtHypervisor::Core::Rebooted(std::uint64_t epoch, const std::string& uuid) {
  const std::lock_guard lock(delivery_);
  if (!stopped_ && epoch == epoch_) events_->OnReboot(uuid);
}

absl::StatusOr<LibvirtHypervisor::Core::Link> LibvirtHypervisor::Core::CurrentLink() {
  const std::lock_guard lock(looks_mutex_);
  if (link_) return *link_;
  return absl::UnavailableError(
      fmt::format("not connected to {}; it is tried again by itself, see that libvirtd runs", options_.uri));
}

// A spare worker runs only while others hang, and their calls may have used up what libvirtd serves of one client: it
// takes a connection of its own.
absl::StatusOr<ConnectionHandle> LibvirtHypervisor::Core::HandleFor(int lane, const Link& link) const {
  if (lane < options_.workers) return link.handle;
  return OpenConnection(options_.uri);
}

template <typename Result>
Result LibvirtHypervisor::Core::Timed(LibvirtCall call, const std::string& uuid, const std::function<Result()>& run) {
  const Clock::time_point began = Clock::now();
  if (options_.before_call) options_.before_call(NameOf(call), uuid);
  Result result = run();
  const absl::Status status = StatusOf(result);
  stats_.Ended(call, Clock::now() - began, !status.ok() && !absl::IsNotFound(status));
  return result;
}

absl::Status LibvirtHypervisor::Core::RunLook(int lane, const std::string& uuid) {
  {
    // Before reading: what happens from here on asks for another look.
    const std::lock_guard lock(looks_mutex_);
    looks_.erase(uuid);
  }
  const absl::StatusOr<Link> link = CurrentLink();
  if (!link.ok()) return link.status();
  const absl::StatusOr<ConnectionHandle> handle = HandleFor(lane, *link);
  absl::StatusOr<DomainInfo> domain =
      handle.ok()
          ? Timed<absl::StatusOr<DomainInfo>>(LibvirtCall::kRead, uuid, [&] { return ReadDomain(*handle, uuid); })
          : handle.status();
  absl::Status status = domain.status();
  Deliver(link->epoch, uuid, std::move(domain));
  return status;
}

absl::Status LibvirtHypervisor::Core::RunChange(int lane, const std::string& uuid, LibvirtCall call,
                                                const Change& change) {
  const absl::StatusOr<Link> link = CurrentLink();
  if (!link.ok()) return link.status();
  const absl::StatusOr<ConnectionHandle> handle = HandleFor(lane, *link);
  if (!handle.ok()) return handle.status();
  absl::Status status = Timed<absl::Status>(call, uuid, [&] { return change(*handle, uuid); });
  Look(uuid);
  return status;
}

void LibvirtHypervisor::Core::Deliver(std::uint64_t epoch, const std::string& uuid, absl::StatusOr<DomainInfo> domain) {
  const std::lock_guard lock(delivery_);
  // Of a connection that has been given up: the next one's resync tells.
  if (stopped_ || epoch != epoch_) return;
  if (domain.ok()) {
    if (resync_) {
      resync_->Answered(*std::move(domain), Clock::now());
    } else {
      events_->OnDomain(*std::move(domain));
    }
  } else if (absl::IsNotFound(domain.status())) {
    if (resync_) {
      resync_->Gone(uuid, Clock::now());
    } else {
      events_->OnDomainGone(uuid);
    }
  } else {
    if (resync_) resync_->Failed(uuid);
    failed_.insert(uuid);
    wake_.notify_all();
  }
  if (resync_ && resync_->complete()) wake_.notify_all();
}

LibvirtHypervisor::LibvirtHypervisor(Options options) : core_(std::make_shared<Core>(std::move(options))) {}

LibvirtHypervisor::~LibvirtHypervisor() {
  Stop();
}

void LibvirtHypervisor::Start(HypervisorEvents* events) {
  core_->Start(events);
}

void LibvirtHypervisor::Stop() {
  core_->Stop();
}

void LibvirtHypervisor::AttachAgentChannel(const std::string& uuid, std::function<void(absl::Status)> done) {
  core_->Submit(uuid, LibvirtCall::kAttach, hypertier::AttachAgentChannel, std::move(done));
}

void LibvirtHypervisor::Pause(const std::string& uuid, std::function<void(absl::Status)> done) {
  core_->Submit(uuid, LibvirtCall::kPause, PauseDomain, std::move(done));
}

void LibvirtHypervisor::Destroy(const std::string& uuid, std::function<void(absl::Status)> done) {
  core_->Submit(uuid, LibvirtCall::kDestroy, DestroyDomain, std::move(done));
}

void LibvirtHypervisor::SetRequested(const std::string& uuid, const PerTier<Bytes>& requested,
                                     std::function<void(absl::Status)> done) {
  const auto change = [requested](const ConnectionHandle& connection, const std::string& domain) {
    return hypertier::SetRequested(connection, domain, requested);
  };
  core_->Submit(uuid, LibvirtCall::kRequest, change, std::move(done));
}

const LibvirtCallStats& LibvirtHypervisor::stats() const {
  return core_->stats();
}

void LibvirtHypervisor::Refresh(const std::string& uuid) {
  core_->Look(uuid);
}

}  // namespace hypertier

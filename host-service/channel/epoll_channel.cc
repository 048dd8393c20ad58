// SPDX-License-Identifier: Apache-2.0
#include "host-service/channel/epoll_channel.h"

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <vector>

namespace hypertier {
namespace channel {
namespace {

// epoll's word for the eventfd; links count from 1.
constexpr std::uint64_t kWakeId = 0;

int TimeoutMs(Time deadline, Time now) {
  using std::chrono::milliseconds;
  constexpr milliseconds kLongest{60000};
  if (deadline <= now) return 0;
  if (deadline >= now + kLongest) return static_cast<int>(kLongest.count());
  return static_cast<int>(std::chrono::ceil<milliseconds>(deadline - now).count());
}

}  // namespace

absl::Status EpollChannel::Start() {
  epoll_.reset(epoll_create1(EPOLL_CLOEXEC));
  wake_.reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  epoll_event event = {};
  event.events = EPOLLIN;
  event.data.u64 = kWakeId;
  if (!epoll_ || !wake_ || epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wake_.get(), &event) != 0) {
    return absl::InternalError(fmt::format("cannot set up the agent channel: {}", std::strerror(errno)));
  }
  thread_ = std::thread([this] { Loop(); });
  return absl::OkStatus();
}

EpollChannel::~EpollChannel() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  Wake();
  thread_.join();
}

// --- any thread

void EpollChannel::Open(const std::string& vm, const std::string& socket_path) {
  {
    const std::lock_guard lock(mutex_);
    wishes_[vm].open = socket_path;
  }
  Wake();
}

void EpollChannel::Close(const std::string& vm) {
  {
    const std::lock_guard lock(mutex_);
    wishes_[vm] = Wish{.close = true, .open = {}, .set_balloons = {}, .limit_moves = {}, .rediscard = false};
  }
  Wake();
}

void EpollChannel::SetBalloons(const std::string& vm, const agent::v1::SetBalloons& command) {
  {
    const std::lock_guard lock(mutex_);
    wishes_[vm].set_balloons = command;
  }
  Wake();
}

void EpollChannel::LimitMoves(const std::string& vm, Bytes per_second) {
  {
    const std::lock_guard lock(mutex_);
    wishes_[vm].limit_moves = per_second;
  }
  Wake();
}

void EpollChannel::Rediscard(const std::string& vm) {
  {
    const std::lock_guard lock(mutex_);
    wishes_[vm].rediscard = true;
  }
  Wake();
}

void EpollChannel::Wake() {
  // Fails only when the counter is full, and then the thread is awake.
  [[maybe_unused]] const int ignored = eventfd_write(wake_.get(), 1);
}

// --- the channel's thread

void EpollChannel::Loop() {
  std::array<epoll_event, 64> events;
  while (true) {
    const Time before = Clock::now();
    const Time next = timers_.empty() ? Time::max() : timers_.begin()->first;
    const int count = epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), TimeoutMs(next, before));
    const Time now = Clock::now();
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      const auto found = entries_.find(event.data.u64);
      if (found != entries_.end()) Run(found->second, now, event.events);
    }
    {
      const std::lock_guard lock(mutex_);
      if (stop_) return;
    }
    CarryOut(now);
    // A link that wants to go on at once comes after the others, and after a look at the sockets.
    std::vector<std::uint64_t> due;
    for (const auto& [deadline, id] : timers_) {
      if (deadline > now) break;
      due.push_back(id);
    }
    for (const std::uint64_t id : due) Run(entries_.at(id), now, 0);
  }
}

void EpollChannel::CarryOut(Time now) {
  eventfd_t ignored = 0;
  eventfd_read(wake_.get(), &ignored);
  std::unordered_map<std::string, Wish> wishes;
  {
    const std::lock_guard lock(mutex_);
    wishes.swap(wishes_);
  }
  for (auto& [vm, wish] : wishes) CarryOut(now, vm, std::move(wish));
}

void EpollChannel::CarryOut(Time now, const std::string& vm, Wish wish) {
  auto id = ids_.find(vm);
  const bool moved = id != ids_.end() && wish.open && entries_.at(id->second).connection->path() != *wish.open;
  if (wish.close || moved) {
    Remove(vm);
    id = ids_.end();
  }
  if (wish.open && id == ids_.end()) {
    id = ids_.emplace(vm, ++last_id_).first;
    Entry& entry = entries_[last_id_];
    entry.id = last_id_;
    entry.connection = std::make_unique<Connection>(vm, *std::move(wish.open), options_, events_, sessions_);
  }
  if (id == ids_.end()) return;
  Entry& entry = entries_.at(id->second);
  if (wish.set_balloons) entry.connection->link().SetBalloons(now, *wish.set_balloons);
  if (wish.limit_moves) entry.connection->link().LimitMoves(*wish.limit_moves);
  if (wish.rediscard) entry.connection->link().Rediscard();
  Run(entry, now, 0);
}

void EpollChannel::Run(Entry& entry, Time now, std::uint32_t events) {
  entry.connection->Run(now, events);
  Arrange(entry);
}

void EpollChannel::Arrange(Entry& entry) {
  const Connection& connection = *entry.connection;
  const Time deadline = connection.NextDeadline();
  if (deadline != entry.deadline) {
    timers_.erase({entry.deadline, entry.id});
    entry.deadline = deadline;
    if (deadline != Time::max()) timers_.emplace(deadline, entry.id);
  }
  if (connection.fd() < 0) return;
  const bool fresh = connection.connects() != entry.watched_connect;
  if (!fresh && connection.interest() == entry.watched_events) return;
  entry.watched_connect = connection.connects();
  entry.watched_events = connection.interest();
  epoll_event event = {};
  event.events = entry.watched_events;
  event.data.u64 = entry.id;
  // A socket that was closed has left epoll by itself.
  epoll_ctl(epoll_.get(), fresh ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, connection.fd(), &event);
}

void EpollChannel::Remove(const std::string& vm) {
  const auto id = ids_.find(vm);
  if (id == ids_.end()) return;
  timers_.erase({entries_.at(id->second).deadline, id->second});
  entries_.erase(id->second);
  ids_.erase(id);
}

}  // namespace channel

absl::StatusOr<std::unique_ptr<AgentChannel>> MakeAgentChannel(const channel::LinkOptions& options,
                                                               AgentEvents& events) {
  auto made = std::make_unique<channel::EpollChannel>(options, events);
  if (absl::Status status = made->Start(); !status.ok()) return status;
  return made;
}

}  // namespace hypertier

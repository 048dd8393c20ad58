// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>

#include "absl/status/status.h"
#include "common/unique_fd.h"
#include "host-service/channel/agent_channel.h"
#include "host-service/channel/connection.h"

namespace hypertier::channel {

// AgentChannel over epoll: one thread for all links. In one round each link gets one bounded read, so none can keep the
// others waiting.
class EpollChannel final : public AgentChannel {
 public:
  EpollChannel(const LinkOptions& options, AgentEvents& events) : options_(options), events_(events) {}
  ~EpollChannel() override;

  // Once, before anything else.
  absl::Status Start();

  void Open(const std::string& vm, const std::string& socket_path) override;
  void Close(const std::string& vm) override;
  void SetBalloons(const std::string& vm, const agent::v1::SetBalloons& command) override;
  void LimitMoves(const std::string& vm, Bytes per_second) override;
  void Rediscard(const std::string& vm) override;

 private:
  // What callers want of a VM since the thread last looked, in the order in which it is carried out.
  struct Wish {
    bool close = false;
    std::optional<std::string> open;
    std::optional<agent::v1::SetBalloons> set_balloons;
    std::optional<Bytes> limit_moves;
    bool rediscard = false;
  };
  // One VM; known to epoll by `id`, which is never used again, so that an event for a closed link finds nothing.
  struct Entry {
    std::uint64_t id;
    std::unique_ptr<Connection> connection;
    Time deadline = Time::max();
    std::uint64_t watched_connect = 0;
    std::uint32_t watched_events = 0;
  };

  void Wake();
  void Loop();
  void CarryOut(Time now);
  void CarryOut(Time now, const std::string& vm, Wish wish);
  void Run(Entry& entry, Time now, std::uint32_t events);
  // Brings epoll and the timers in line with what the connection wants now.
  void Arrange(Entry& entry);
  void Remove(const std::string& vm);

  const LinkOptions options_;
  AgentEvents& events_;
  const AgentLink::SessionSource sessions_ = RandomSession;
  UniqueFd epoll_;
  UniqueFd wake_;
  std::thread thread_;

  std::mutex mutex_;
  // Both under mutex_. At most one wish a VM.
  std::unordered_map<std::string, Wish> wishes_;
  bool stop_ = false;

  // The thread's own.
  std::unordered_map<std::uint64_t, Entry> entries_;
  std::unordered_map<std::string, std::uint64_t> ids_;
  std::set<std::pair<Time, std::uint64_t>> timers_;
  std::uint64_t last_id_ = 0;
};

}  // namespace hypertier::channel

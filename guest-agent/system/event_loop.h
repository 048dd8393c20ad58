// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/epoll.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>

#include "absl/status/statusor.h"
#include "common/unique_fd.h"

namespace hypertier::agent {

// One thread's epoll.
class EventLoop {
 public:
  using Handler = std::function<void(std::uint32_t events)>;

  static absl::StatusOr<EventLoop> Create();

  // Calls `handler` when one of `events` (EPOLLIN...) happens on `fd`; to be undone before `fd` is closed. An fd that
  // cannot be waited for is an error.
  absl::Status Watch(int fd, std::uint32_t events, Handler handler);
  void Unwatch(int fd);

  // Waits until something happens, at most until `deadline`, and calls the handlers. A handler may Watch and Unwatch.
  void Wait(std::chrono::steady_clock::time_point deadline);

 private:
  explicit EventLoop(UniqueFd epoll) : epoll_(std::move(epoll)) {}

  UniqueFd epoll_;
  std::map<int, Handler> handlers_;
};

}  // namespace hypertier::agent

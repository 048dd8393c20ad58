// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/system/event_loop.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "guest-agent/system/file.h"

namespace hypertier::agent {

absl::StatusOr<EventLoop> EventLoop::Create() {
  UniqueFd epoll(epoll_create1(EPOLL_CLOEXEC));
  if (!epoll) return ErrnoStatus(errno, "epoll", "create");
  return EventLoop(std::move(epoll));
}

absl::Status EventLoop::Watch(int fd, std::uint32_t events, Handler handler) {
  epoll_event event = {};
  event.events = events;
  event.data.fd = fd;
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) return ErrnoStatus(errno, "epoll", "add a descriptor");
  handlers_[fd] = std::move(handler);
  return absl::OkStatus();
}

void EventLoop::Unwatch(int fd) {
  if (handlers_.erase(fd) > 0) epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

void EventLoop::Wait(std::chrono::steady_clock::time_point deadline) {
  using std::chrono::milliseconds;
  // A minute at most: no deadline is so far away that a wake-up a minute would cost anything. Rounded up, or the
  // last fraction of a millisecond would be spent spinning.
  constexpr milliseconds kLongest{60000};
  const auto now = std::chrono::steady_clock::now();
  const milliseconds left =
      deadline <= now
          ? milliseconds(0)
          : std::min(kLongest, deadline - now >= kLongest ? kLongest : std::chrono::ceil<milliseconds>(deadline - now));
  std::array<epoll_event, 8> events;
  const int count =
      epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), static_cast<int>(left.count()));
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    const auto found = handlers_.find(event.data.fd);
    if (found == handlers_.end()) continue;
    // A copy: the handler may unwatch itself.
    const Handler handler = found->second;
    handler(event.events);
  }
}

}  // namespace hypertier::agent

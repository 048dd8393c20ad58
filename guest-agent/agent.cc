// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/agent.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <utility>

#include "common/text.h"
#include "guest-agent/port/find_port.h"
#include "guest-agent/system/log_event.h"

namespace hypertier::agent {
namespace {

// Costs a failed open() each; quick enough for a host that plugs the port into a running guest.
constexpr std::chrono::seconds kRetry{1};

// Most that is read in one turn, so that a host that never stops sending does not keep the clock from being looked at.
constexpr int kReadsPerTurn = 16;

}  // namespace

Agent::Agent(AgentOptions options, EventLoop& loop)
    : options_(std::move(options)),
      loop_(loop),
      guest_(options_.root, options_.device, options_.placement),
      session_(options_.identity, guest_) {}

Agent::~Agent() {
  if (port_.is_open()) loop_.Unwatch(port_.fd());
  if (watched_fd_ >= 0) loop_.Unwatch(watched_fd_);
}

Time Agent::Run(Time now) {
  if (now >= retry_due_) {
    retry_due_ = now + kRetry;
    if (!port_.is_open()) {
      OpenPort(now);
    } else {
      // Belt and braces: an edge that never came costs a second, not the session.
      readable_ = writable_ = true;
    }
  }
  if (port_.is_open()) Exchange(now);
  WatchDevice();
  if (port_.is_open() && readable_) return now;
  // With a host at the other end the port's edges are enough.
  const bool waiting_for_host = !port_.is_open() || !host_there_;
  return std::min(session_.NextDeadline(), waiting_for_host ? retry_due_ : Time::max());
}

void Agent::OpenPort(Time now) {
  absl::StatusOr<std::string> path = options_.port;
  if (options_.port.empty()) path = FindPort(options_.root, kPortName);
  absl::Status status = path.status();
  if (status.ok()) status = port_.Open(*path);
  if (status.ok()) {
    status =
        loop_.Watch(port_.fd(), EPOLLIN | EPOLLOUT | EPOLLET, [this](std::uint32_t) { readable_ = writable_ = true; });
    if (!status.ok()) port_.Close();
  }
  if (!status.ok()) {
    std::string problem = ToString(status.message());
    if (problem != last_problem_) LogEvent(spdlog::level::warn, "port_waiting", "waiting for the port: {}", problem);
    last_problem_ = std::move(problem);
    return;
  }
  LogEvent(spdlog::level::info, "port_open", "port {} open", *path);
  last_problem_.clear();
  readable_ = writable_ = true;
  host_there_ = false;
  session_.Start(now);
}

void Agent::ClosePort(Time now) {
  LogEvent(spdlog::level::warn, "port_gone", "the port has gone");
  loop_.Unwatch(port_.fd());
  port_.Close();
  session_.Disconnected();
  host_there_ = false;
  retry_due_ = now + kRetry;
}

void Agent::Exchange(Time now) {
  Read(now);
  if (!port_.is_open()) return;
  session_.Tick(now);
  Write(now);
}

void Agent::Read(Time now) {
  std::array<char, 4096> buffer;
  for (int turn = 0; readable_ && turn < kReadsPerTurn; ++turn) {
    const Port::Io io = port_.Read(buffer);
    readable_ = io.result == Port::Result::kDone;
    if (io.result == Port::Result::kLost) return ClosePort(now);
    const bool there = io.result != Port::Result::kNoHost;
    if (host_there_ && !there) {
      LogEvent(spdlog::level::info, "port_closed", "the host has closed the port");
      session_.Disconnected();
    }
    host_there_ = there;
    if (io.result == Port::Result::kDone) session_.Receive(now, std::string_view(buffer.data(), io.count));
  }
}

void Agent::Write(Time now) {
  while (writable_ && !session_.output().empty()) {
    const Port::Io io = port_.Write(session_.output());
    if (io.result == Port::Result::kLost) return ClosePort(now);
    writable_ = io.result == Port::Result::kDone;
    session_.Consume(io.count);
  }
}

void Agent::WatchDevice() {
  if (guest_.device().fd() == watched_fd_ && guest_.device().opens() == watched_open_) return;
  // The old descriptor is closed, which has taken it out of the epoll set; its number may even be in use again.
  if (watched_fd_ >= 0) loop_.Unwatch(watched_fd_);
  watched_fd_ = guest_.device().fd();
  watched_open_ = guest_.device().opens();
  if (watched_fd_ < 0) return;
  // Edge-triggered: the session reads when it may report again, not as often as the device changes.
  const absl::Status status =
      loop_.Watch(watched_fd_, EPOLLIN | EPOLLPRI | EPOLLET, [this](std::uint32_t) { session_.Changed(Clock::now()); });
  if (!status.ok())
    spdlog::debug("{}: changes are seen with the next report only: {}", options_.device, ToString(status.message()));
}

}  // namespace hypertier::agent

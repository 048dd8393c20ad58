// SPDX-License-Identifier: Apache-2.0
#include "host-service/channel/connection.h"

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "common/text.h"

namespace hypertier::channel {
namespace {

// Some ten of our messages, the kernel's bookkeeping included.
constexpr int kSendBuffer = 16 * 1024;

absl::Status ConnectError(const std::string& path, int error) {
  const char* remedy = "";
  if (error == ENOENT || error == ECONNREFUSED)
    remedy = "; is the VM running, and does its domain still have the channel?";
  if (error == EACCES || error == EPERM) remedy = "; may hypertierd's user use libvirt's channel sockets?";
  return absl::UnavailableError(fmt::format("cannot connect to {}: {}{}", path, std::strerror(error), remedy));
}

}  // namespace

absl::StatusOr<UniqueFd> ConnectUnix(const std::string& path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) {
    return absl::InvalidArgumentError(fmt::format(
        "cannot connect to \"{}\": the path of a unix socket has 1 to {} bytes", path, sizeof address.sun_path - 1));
  }
  std::copy(path.begin(), path.end(), address.sun_path);
  UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return ConnectError(path, errno);
  // Only a bound on memory: worth no failure.
  setsockopt(fd.get(), SOL_SOCKET, SO_SNDBUF, &kSendBuffer, sizeof kSendBuffer);
  // On a unix socket this succeeds or fails at once; EAGAIN means that QEMU's backlog is full.
  if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return ConnectError(path, errno);
  return fd;
}

std::uint64_t RandomSession() {
  std::uint64_t session = 0;
  while (session == 0) {
    if (getrandom(&session, sizeof session, 0) != sizeof session) session = 0;
  }
  return session;
}

Connection::Connection(const std::string& vm, std::string path, const LinkOptions& options, AgentEvents& events,
                       const AgentLink::SessionSource& sessions)
    : path_(std::move(path)), options_(options), link_(vm, options, events, sessions), pause_(options.first_pause) {}

void Connection::Run(Time now, std::uint32_t epoll_events) {
  if (!fd_) {
    if (now < connect_due_) return;
    Connect(now);
    if (!fd_) return;
  }
  const bool gone = (epoll_events & (EPOLLHUP | EPOLLERR)) != 0;
  if ((epoll_events & EPOLLOUT) != 0) writable_ = true;
  if ((epoll_events & EPOLLIN) != 0 || gone) {
    if (gone && link_.ReadAllowance() == 0) {
      // Nothing that is left to read would be worth waiting for the rates.
      link_.Disconnected("QEMU has closed the connection");
      return Drop(now);
    }
    Read(now);
    if (!fd_) return;
  }
  if (!link_.Tick(now).ok()) return Drop(now);
  steady_ = steady_ || (link_.up_since() && now - *link_.up_since() >= options_.steady);
  Write(now);
}

void Connection::Connect(Time now) {
  absl::StatusOr<UniqueFd> fd = ConnectUnix(path_);
  if (!fd.ok()) {
    link_.Disconnected(ToString(fd.status().message()));
    return Drop(now);
  }
  fd_ = *std::move(fd);
  ++connects_;
  writable_ = true;
  link_.Connected(now);
}

void Connection::Read(Time now) {
  std::array<char, AgentLink::kMostPerRead> buffer;
  const std::size_t most = std::min(buffer.size(), link_.ReadAllowance());
  if (most == 0) return;
  const ssize_t count = read(fd_.get(), buffer.data(), most);
  if (count > 0) {
    if (!link_.Receive(now, std::string_view(buffer.data(), static_cast<std::size_t>(count))).ok()) Drop(now);
    return;
  }
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  link_.Disconnected(count == 0 ? "QEMU has closed the connection"
                                : fmt::format("cannot read from {}: {}", path_, std::strerror(errno)));
  Drop(now);
}

void Connection::Write(Time now) {
  // One message is in the link's hands at a time; each that has gone may be followed by another that is due.
  for (int turn = 0; writable_ && turn < 4 && !link_.output().empty(); ++turn) {
    const std::string_view output = link_.output();
    const ssize_t count = send(fd_.get(), output.data(), output.size(), MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) {
      writable_ = false;
      return;
    }
    if (count < 0) {
      link_.Disconnected(fmt::format("cannot write to {}: {}", path_, std::strerror(errno)));
      return Drop(now);
    }
    link_.Consume(static_cast<std::size_t>(count));
    if (!link_.Tick(now).ok()) return Drop(now);
  }
}

void Connection::Drop(Time now) {
  fd_.reset();
  if (steady_) pause_ = options_.first_pause;
  steady_ = false;
  connect_due_ = now + pause_;
  pause_ = std::min(pause_ * 2, options_.longest_pause);
}

std::uint32_t Connection::interest() const {
  std::uint32_t events = 0;
  if (link_.ReadAllowance() > 0) events |= EPOLLIN;
  if (!link_.output().empty() && !writable_) events |= EPOLLOUT;
  return events;
}

Time Connection::NextDeadline() const {
  if (!fd_) return connect_due_;
  return link_.output().empty() || !writable_ ? link_.NextDeadline() : Time::min();
}

}  // namespace hypertier::channel

// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/metrics/endpoint.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>
#include <vector>

namespace hypertier::agent {
namespace {

struct SocketAddress {
  sockaddr_storage storage = {};
  socklen_t size = 0;
};

// Numbers only: names would take a resolver, which a static program has not.
std::optional<SocketAddress> ParseAddress(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) return std::nullopt;
  std::string host = text.substr(0, colon);
  std::uint16_t port = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data() + colon + 1, end, port);
  if (error != std::errc() || rest != end) return std::nullopt;
  SocketAddress address;
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
    sockaddr_in6 v6 = {};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    if (inet_pton(AF_INET6, host.c_str(), &v6.sin6_addr) != 1) return std::nullopt;
    address.size = sizeof(v6);
    std::memcpy(&address.storage, &v6, sizeof(v6));
    return address;
  }
  sockaddr_in v4 = {};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(port);
  if (inet_pton(AF_INET, host.c_str(), &v4.sin_addr) != 1) return std::nullopt;
  address.size = sizeof(v4);
  std::memcpy(&address.storage, &v4, sizeof(v4));
  return address;
}

std::string Response(std::string_view status, std::string_view type, std::string_view body) {
  return fmt::format(
      "HTTP/1.1 {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: close\r\nX-Content-Type-Options: "
      "nosniff\r\n\r\n{}",
      status, type, body.size(), body);
}

}  // namespace

absl::StatusOr<std::unique_ptr<MetricsEndpoint>> MetricsEndpoint::Listen(const std::string& address, EventLoop& loop,
                                                                         std::function<std::string()> render) {
  const std::optional<SocketAddress> parsed = ParseAddress(address);
  if (!parsed) {
    return absl::InvalidArgumentError(
        fmt::format("--metrics: \"{}\" is no address; write one in numbers and a port, e.g. 127.0.0.1:9843", address));
  }
  UniqueFd listener(socket(parsed->storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int yes = 1;
  const bool listens = listener.get() >= 0 &&
                       setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) == 0 &&
                       bind(listener.get(), reinterpret_cast<const sockaddr*>(&parsed->storage), parsed->size) == 0 &&
                       listen(listener.get(), static_cast<int>(kMostConnections)) == 0;
  if (!listens) {
    return absl::UnavailableError(
        fmt::format("--metrics: cannot listen on {}: {}; the port is in use, or the address is not one of this VM's",
                    address, std::strerror(errno)));
  }
  std::unique_ptr<MetricsEndpoint> endpoint(new MetricsEndpoint(std::move(listener), loop, std::move(render)));
  if (absl::Status watched = endpoint->WatchListener(); !watched.ok()) return watched;
  return endpoint;
}

absl::Status MetricsEndpoint::WatchListener() {
  return loop_.Watch(listener_.get(), EPOLLIN, [this](std::uint32_t) { Accept(); });
}

MetricsEndpoint::~MetricsEndpoint() {
  while (!connections_.empty()) End(connections_.begin()->first);
  loop_.Unwatch(listener_.get());
}

int MetricsEndpoint::port() const {
  sockaddr_storage storage = {};
  socklen_t size = sizeof(storage);
  if (getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&storage), &size) != 0) return 0;
  // The port is at the same place in both families.
  sockaddr_in v4;
  std::memcpy(&v4, &storage, sizeof(v4));
  return ntohs(v4.sin_port);
}

MetricsEndpoint::Time MetricsEndpoint::Run(Time now) {
  if (listens_again_ <= now) listens_again_ = WatchListener().ok() ? Time::max() : now + kPatience;
  Time next = listens_again_;
  std::vector<int> late;
  for (const auto& [fd, connection] : connections_) {
    if (connection.until <= now) {
      late.push_back(fd);
    } else {
      next = std::min(next, connection.until);
    }
  }
  for (const int fd : late) End(fd);
  return next;
}

void MetricsEndpoint::Accept() {
  UniqueFd fd(accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (fd.get() < 0) {
    // It stays in the queue where there is nothing to take it with, and would wake the agent without end.
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      loop_.Unwatch(listener_.get());
      listens_again_ = Clock::now() + kPatience;
    }
    return;
  }
  // The oldest makes way: those that never end must not keep others out.
  if (connections_.size() >= kMostConnections) {
    const auto oldest = std::min_element(connections_.begin(), connections_.end(),
                                         [](const auto& a, const auto& b) { return a.second.until < b.second.until; });
    End(oldest->first);
  }
  const int number = fd.get();
  if (!loop_.Watch(number, EPOLLIN | EPOLLOUT | EPOLLET, [this, number](std::uint32_t) { Serve(number); }).ok()) return;
  connections_[number] = {
      .fd = std::move(fd), .until = Clock::now() + kPatience, .request = {}, .answer = {}, .sent = 0};
}

void MetricsEndpoint::Serve(int fd) {
  const auto found = connections_.find(fd);
  if (found == connections_.end()) return;
  Connection& connection = found->second;
  if (!Read(connection) || !Write(connection)) End(fd);
}

bool MetricsEndpoint::Read(Connection& connection) {
  std::array<char, 2048> buffer;
  while (connection.answer.empty()) {
    const ssize_t count = recv(connection.fd.get(), buffer.data(), buffer.size(), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return true;
    if (count <= 0) return false;
    connection.request.append(buffer.data(), static_cast<std::size_t>(count));
    const bool whole = connection.request.find("\r\n\r\n") != std::string::npos;
    if (whole) {
      connection.answer = Answer(connection.request);
    } else if (connection.request.size() > kMostRequest) {
      return false;
    }
  }
  return true;
}

bool MetricsEndpoint::Write(Connection& connection) {
  while (connection.sent < connection.answer.size()) {
    const ssize_t count = send(connection.fd.get(), connection.answer.data() + connection.sent,
                               connection.answer.size() - connection.sent, MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return true;
    if (count <= 0) return false;
    connection.sent += static_cast<std::size_t>(count);
  }
  return connection.answer.empty();
}

std::string MetricsEndpoint::Answer(const std::string& request) const {
  const std::string_view line = std::string_view(request).substr(0, request.find("\r\n"));
  if (!line.starts_with("GET ")) return Response("405 Method Not Allowed", "text/plain", "only GET is answered\n");
  const std::string_view target = line.substr(4, line.find(' ', 4) - 4);
  if (target.substr(0, target.find('?')) != "/metrics") {
    return Response("404 Not Found", "text/plain", "there is /metrics and nothing else\n");
  }
  return Response("200 OK", "text/plain; version=0.0.4; charset=utf-8", render_());
}

void MetricsEndpoint::End(int fd) {
  loop_.Unwatch(fd);
  connections_.erase(fd);
}

}  // namespace hypertier::agent

// SPDX-License-Identifier: Apache-2.0
#include "host-service/web/listen_socket.h"

#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "host-service/web/host_check.h"

namespace hypertier::web {
namespace {

absl::Status Cannot(const std::string& address, const char* why) {
  return absl::AlreadyExistsError(
      fmt::format("listen.status: cannot listen on {}: {}; the port is in use, or the address is not one of this "
                  "machine's: choose another, or \"\" for no status page",
                  address, why));
}

unsigned PortOf(int fd) {
  sockaddr_storage bound = {};
  socklen_t size = sizeof bound;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size) != 0) return 0;
  // The port of both families is at the same place.
  return ntohs(reinterpret_cast<const sockaddr_in*>(&bound)->sin_port);
}

}  // namespace

absl::StatusOr<ListenSocket> Listen(const std::string& address) {
  const std::string host(WithoutPort(address));
  const std::string port = address.substr(address.rfind(':') + 1);
  addrinfo wanted = {};
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(host.c_str(), port.c_str(), &wanted, &found); error != 0) {
    return Cannot(address, gai_strerror(error));
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> addresses(found, freeaddrinfo);

  UniqueFd fd(socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return Cannot(address, std::strerror(errno));
  // A restart must not wait for the connections of the one before.
  const int yes = 1;
  setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (bind(fd.get(), found->ai_addr, found->ai_addrlen) != 0 || listen(fd.get(), 64) != 0) {
    return Cannot(address, std::strerror(errno));
  }
  ListenSocket socket{.fd = std::move(fd), .is_ipv6 = found->ai_family == AF_INET6, .port = 0};
  socket.port = PortOf(socket.fd.get());
  return socket;
}

}  // namespace hypertier::web

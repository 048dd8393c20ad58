// SPDX-License-Identifier: Apache-2.0
#include "host-service/api/unix_socket.h"

#include <fmt/format.h>
#include <grp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace hypertier::api {
namespace {

absl::Status Failed(const std::string& what, int error) {
  return absl::ErrnoToStatus(error, fmt::format("listen.grpc: {}", what));
}

}  // namespace

absl::Status PrepareUnixSocket(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.front() != '/' || path.size() >= sizeof(address.sun_path)) {
    return absl::InvalidArgumentError(fmt::format(
        "listen.grpc: \"{}\" is not an absolute path of at most {} bytes, which is what a unix socket takes", path,
        sizeof(address.sun_path) - 1));
  }
  std::memcpy(address.sun_path, path.data(), path.size());

  std::error_code error;
  const std::filesystem::path directory = std::filesystem::path(path).parent_path();
  const bool created = std::filesystem::create_directories(directory, error);
  if (error) return Failed(fmt::format("cannot create the directory of {}", path), error.value());

  // Who may use the socket is the socket's own matter; whoever may must get there, whatever our umask.
  if (created) chmod(directory.c_str(), 0755);

  struct stat status {};
  if (lstat(path.c_str(), &status) != 0) {
    return errno == ENOENT ? absl::OkStatus() : Failed(fmt::format("cannot look at {}", path), errno);
  }
  if (!S_ISSOCK(status.st_mode)) {
    return absl::FailedPreconditionError(
        fmt::format("listen.grpc: {} exists and is not a socket; move it away or listen elsewhere", path));
  }
  const int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (probe < 0) return Failed("cannot make a socket", errno);
  const int connected = connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  const int why = connected == 0 ? 0 : errno;
  close(probe);
  // EAGAIN: somebody listens, but has its backlog full.
  if (why == 0 || why == EAGAIN) {
    return absl::AlreadyExistsError(
        fmt::format("listen.grpc: another process listens on {}: hypertierd is already running", path));
  }
  if (why != ECONNREFUSED) return Failed(fmt::format("cannot find out who listens on {}", path), why);
  if (unlink(path.c_str()) != 0) return Failed(fmt::format("cannot remove the stale socket {}", path), errno);
  return absl::OkStatus();
}

absl::Status SetUnixSocketAccess(const std::string& path, unsigned mode, const std::string& group) {
  if (!group.empty()) {
    const struct group* entry = getgrnam(group.c_str());
    if (entry == nullptr) {
      return absl::NotFoundError(
          fmt::format("listen.socket_group: there is no group \"{}\"; create it or leave the key empty", group));
    }
    if (chown(path.c_str(), static_cast<uid_t>(-1), entry->gr_gid) != 0) {
      return Failed(fmt::format("cannot give {} to group {}", path, group), errno);
    }
  }
  if (chmod(path.c_str(), static_cast<mode_t>(mode)) != 0)
    return Failed(fmt::format("cannot set the mode of {}", path), errno);
  return absl::OkStatus();
}

}  // namespace hypertier::api

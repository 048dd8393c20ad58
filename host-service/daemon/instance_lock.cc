// SPDX-License-Identifier: Apache-2.0
#include "host-service/daemon/instance_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

namespace hypertier::daemon {

absl::StatusOr<InstanceLock> InstanceLock::Take(const std::string& ledger) {
  if (ledger == ":memory:") return InstanceLock(-1);
  const std::string path = ledger + ".lock";
  std::error_code error;
  if (const auto parent = std::filesystem::path(path).parent_path(); !parent.empty()) {
    std::filesystem::create_directories(parent, error);
    if (error) {
      return absl::ErrnoToStatus(error.value(),
                                 fmt::format("state.ledger: cannot create the directory {}", parent.string()));
    }
  }
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return absl::ErrnoToStatus(errno, fmt::format("state.ledger: cannot open the lock file {}", path));
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    const int why = errno;
    close(fd);
    if (why == EWOULDBLOCK) {
      return absl::AlreadyExistsError(fmt::format(
          "state.ledger: another hypertierd works on {} (it holds {}); stop it, or give this one its own ledger",
          ledger, path));
    }
    return absl::ErrnoToStatus(why, fmt::format("state.ledger: cannot lock {}", path));
  }
  return InstanceLock(fd);
}

InstanceLock::~InstanceLock() {
  if (fd_ >= 0) close(fd_);
}

}  // namespace hypertier::daemon

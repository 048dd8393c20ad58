// SPDX-License-Identifier: Apache-2.0
#include "host-service/tierctl/report/file.h"

#include <fmt/format.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string_view>

#include "common/unique_fd.h"

namespace hypertier::tierctl::report {
namespace {

absl::Status Trouble(const std::string& path, const char* what, int error) {
  return absl::PermissionDeniedError(fmt::format("--output {}: {}: {}", path, what, std::strerror(error)));
}

absl::Status Exists(const std::string& path) {
  return absl::AlreadyExistsError(fmt::format("--output {} is there already: --force overwrites it", path));
}

absl::Status WriteAll(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return absl::UnknownError(std::strerror(errno));
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckFile(const std::string& path, bool force) {
  struct stat there = {};
  if (lstat(path.c_str(), &there) != 0) return absl::OkStatus();
  if (S_ISDIR(there.st_mode)) return absl::InvalidArgumentError(fmt::format("--output {} is a folder", path));
  // rename() would put a file where a device or a pipe was.
  if (!S_ISREG(there.st_mode) && !S_ISLNK(there.st_mode)) {
    return absl::InvalidArgumentError(
        fmt::format("--output {} is no ordinary file: name one, or one that is not there yet", path));
  }
  return force ? absl::OkStatus() : Exists(path);
}

absl::Status WriteFile(const std::string& path, const std::string& text, bool force) {
  if (const absl::Status checked = CheckFile(path, force); !checked.ok()) return checked;
  std::string temporary = path + ".XXXXXX";
  const UniqueFd fd(mkstemp(temporary.data()));
  if (fd.get() < 0) return Trouble(path, "cannot be written", errno);
  absl::Status status = WriteAll(fd.get(), text);
  if (!status.ok()) status = absl::UnknownError(fmt::format("--output {}: {}", path, status.message().data()));
  // As any other file that a program of the user makes.
  const mode_t mask = umask(0);
  umask(mask);
  if (status.ok() && fchmod(fd.get(), 0666 & ~mask) != 0) status = Trouble(path, "cannot be written", errno);
  // A file that came meanwhile stays, too: link() does not replace.
  if (status.ok() && force && rename(temporary.c_str(), path.c_str()) != 0)
    status = Trouble(path, "cannot be put there", errno);
  if (status.ok() && !force && link(temporary.c_str(), path.c_str()) != 0) {
    status = errno == EEXIST ? Exists(path) : Trouble(path, "cannot be put there", errno);
  }
  if (!status.ok() || !force) unlink(temporary.c_str());
  return status;
}

}  // namespace hypertier::tierctl::report

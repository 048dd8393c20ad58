// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/system/file.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>
#include <cstring>

#include "common/unique_fd.h"

namespace hypertier::agent {

absl::Status ErrnoStatus(int error, const std::string& path, const char* what) {
  const std::string text = fmt::format("{}: cannot {}: {}", path, what, std::strerror(error));
  switch (error) {
    case ENOENT:
    case ENODEV:
    case ENXIO:
      return absl::NotFoundError(text);
    case EINVAL:
      return absl::InvalidArgumentError(text);
    case ERANGE:
      return absl::OutOfRangeError(text);
    case EPERM:
    case EACCES:
      return absl::PermissionDeniedError(text);
    case EBUSY:
      return absl::UnavailableError(text);
    default:
      return absl::InternalError(text);
  }
}

absl::StatusOr<std::string> ReadFile(const std::string& path, std::size_t limit) {
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return ErrnoStatus(errno, path, "open");
  std::string text;
  char buffer[4096];
  while (text.size() < limit) {
    const ssize_t count = read(fd.get(), buffer, std::min(sizeof buffer, limit - text.size()));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return ErrnoStatus(errno, path, "read");
    if (count == 0) break;
    text.append(buffer, static_cast<std::size_t>(count));
  }
  return text;
}

}  // namespace hypertier::agent

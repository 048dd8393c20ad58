// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/port/port.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>

#include "guest-agent/system/file.h"

namespace hypertier::agent {

absl::Status Port::Open(const std::string& path) {
  fd_.reset(open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
  if (fd_) return absl::OkStatus();
  if (errno == EBUSY)
    return absl::UnavailableError(fmt::format("{}: in use; is another hypertier-agent running?", path));
  return ErrnoStatus(errno, path, "open");
}

Port::Io Port::Read(std::span<char> buffer) {
  while (true) {
    const ssize_t count = read(fd_.get(), buffer.data(), buffer.size());
    if (count > 0) return {Result::kDone, static_cast<std::size_t>(count)};
    if (count == 0) return {Result::kNoHost};
    if (errno == EAGAIN) return {Result::kWait};
    if (errno != EINTR) return {Result::kLost};
  }
}

Port::Io Port::Write(std::string_view bytes) {
  while (true) {
    const ssize_t count = write(fd_.get(), bytes.data(), bytes.size());
    if (count >= 0) return {Result::kDone, static_cast<std::size_t>(count)};
    if (errno == EAGAIN) return {Result::kWait};
    if (errno != EINTR) return {Result::kLost};
  }
}

}  // namespace hypertier::agent

// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/hyperplace/device.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "guest-agent/system/file.h"

namespace hypertier::agent {
namespace {

absl::Status IoctlStatus(int error, const std::string& path, const char* name) {
  const std::string tried = fmt::format("{}: {}", path, name);
  switch (error) {
    case ESRCH:
      return absl::NotFoundError(tried + ": no such process");
    case EACCES:
      return absl::PermissionDeniedError(tried + ": no ptrace access to the process");
    case EPERM:
      return absl::PermissionDeniedError(tried + ": hypertier-agent needs CAP_SYS_ADMIN");
    case EOPNOTSUPP:
      return absl::UnimplementedError(tried + ": this kernel lacks what the module needs for it; see the kernel log");
    case EINVAL:
      return absl::InvalidArgumentError(tried + ": malformed call: install agent and module of the same release");
    case ENOTTY:
      return absl::FailedPreconditionError(tried + ": not hyperplace's device, or one of another release");
    case ENOMEM:
      return absl::ResourceExhaustedError(tried + ": the kernel has no memory for it");
    case EINTR:
      return absl::AbortedError(tried + ": interrupted");
    default:
      return absl::InternalError(fmt::format("{}: {}", tried, std::strerror(error)));
  }
}

}  // namespace

std::string HyperplaceDevice::Diagnose() const {
  std::error_code error;
  if (!std::filesystem::exists(root_ + "/sys/module/hyperplace", error)) {
    return "the module is not loaded; modprobe hyperplace (package hyperplace-dkms)";
  }
  return "hyperplace is loaded but there is no device node; is /dev a devtmpfs, and visible to hypertier-agent?";
}

absl::Status HyperplaceDevice::EnsureOpen() {
  if (fd_) return absl::OkStatus();
  UniqueFd fd(open(path_.c_str(), O_RDWR | O_CLOEXEC));
  if (!fd) {
    const absl::Status status = ErrnoStatus(errno, path_, "open");
    if (!absl::IsNotFound(status)) return status;
    return absl::NotFoundError(fmt::format("{}: {}", path_, Diagnose()));
  }
  hyperplace_info info = {};
  if (ioctl(fd.get(), HYPERPLACE_IOC_INFO, &info) != 0) return IoctlStatus(errno, path_, "HYPERPLACE_IOC_INFO");
  if (info.abi != HYPERPLACE_ABI) {
    return absl::FailedPreconditionError(
        fmt::format("{}: hyperplace speaks ABI {}, this agent {}: install agent and module of the same release", path_,
                    info.abi, HYPERPLACE_ABI));
  }
  const auto limit = [](std::uint32_t theirs, std::uint32_t ours) { return std::clamp(theirs, 1U, ours); };
  info_ = {info.features, limit(info.max_pairs, HYPERPLACE_MAX_PAIRS),
           limit(info.max_processes, HYPERPLACE_MAX_PROCESSES), limit(info.max_chunks, HYPERPLACE_MAX_CHUNKS)};
  fd_ = std::move(fd);
  return absl::OkStatus();
}

absl::Status HyperplaceDevice::Call(unsigned long request, void* argument, const char* name) {
  if (absl::Status status = EnsureOpen(); !status.ok()) return status;
  if (ioctl(fd_.get(), request, argument) == 0) return absl::OkStatus();
  const int error = errno;
  if (error == ENODEV || error == ENOTTY) fd_.reset();
  return IoctlStatus(error, path_, name);
}

absl::StatusOr<Hyperplace::Info> HyperplaceDevice::GetInfo() {
  if (absl::Status status = EnsureOpen(); !status.ok()) return status;
  return info_;
}

absl::Status HyperplaceDevice::Scan(hyperplace_scan& scan) {
  if (absl::Status status = Call(HYPERPLACE_IOC_SCAN, &scan, "HYPERPLACE_IOC_SCAN"); !status.ok()) return status;
  if (scan.nr_chunks <= scan.max_chunks && scan.next > scan.start && scan.next <= scan.end) return absl::OkStatus();
  return absl::InternalError(fmt::format("{}: HYPERPLACE_IOC_SCAN: {} chunks of {}, next {:#x} in [{:#x}, {:#x})",
                                         path_, scan.nr_chunks, scan.max_chunks, scan.next, scan.start, scan.end));
}

absl::Status HyperplaceDevice::Exchange(hyperplace_exchange& exchange) {
  return Call(HYPERPLACE_IOC_EXCHANGE, &exchange, "HYPERPLACE_IOC_EXCHANGE");
}

}  // namespace hypertier::agent

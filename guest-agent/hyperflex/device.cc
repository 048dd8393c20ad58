// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/hyperflex/device.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <filesystem>

#include "common/text.h"
#include "guest-agent/system/file.h"

namespace hypertier::agent {
namespace {

// A driver's folder holds one link for each device that it is bound to, named virtioN.
bool HasDevice(const std::string& driver) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(driver, error)) {
    if (entry.path().filename().string().starts_with("virtio")) return true;
  }
  return false;
}

// What ABI.md says of a refused command.
const char* MeaningOf(int error) {
  switch (error) {
    case ERANGE:
      return " (more than the tier has)";
    case EINVAL:
      return " (not whole pages?)";
    case ENODEV:
      return " (the guest has no such tier, or its device has gone)";
    case EIO:
      return " (the balloon device is broken: see the guest's kernel log)";
    case EPERM:
      return " (hypertier-agent needs CAP_SYS_ADMIN)";
    default:
      return "";
  }
}

}  // namespace

std::string HyperflexDevice::Diagnose() const {
  const std::string drivers = root_ + "/sys/bus/virtio/drivers/";
  std::error_code error;
  if (HasDevice(drivers + "virtio_balloon")) {
    // Not "rmmod virtio_balloon": Debian's 6.12 kernel oopses in vp_del_vq when the stock driver lets go of the device.
    return "the stock driver virtio_balloon has the balloon device; install hyperflex, blacklist virtio_balloon (also "
           "in the initramfs) and reboot";
  }
  if (!std::filesystem::exists(drivers + "hyperflex", error)) {
    return "the module is not loaded; modprobe hyperflex (package hyperflex-dkms)";
  }
  return "hyperflex is loaded but bound to no device; the VM needs <memballoon model='virtio'/>";
}

absl::Status HyperflexDevice::EnsureOpen() {
  if (fd_) return absl::OkStatus();
  fd_.reset(open(path_.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK));
  if (fd_) {
    ++opens_;
    return absl::OkStatus();
  }
  return Unavailable(errno, "open");
}

absl::Status HyperflexDevice::Unavailable(int error, const char* tried) const {
  const absl::Status status = ErrnoStatus(error, path_, tried);
  if (!absl::IsNotFound(status)) return status;
  return absl::NotFoundError(fmt::format("{}: {}", path_, Diagnose()));
}

absl::StatusOr<Snapshot> HyperflexDevice::Read() {
  if (absl::Status status = EnsureOpen(); !status.ok()) return status;
  std::array<char, kMaxSnapshot> buffer;
  ssize_t count = 0;
  do {
    count = pread(fd_.get(), buffer.data(), buffer.size(), 0);
  } while (count < 0 && errno == EINTR);
  if (count < 0) {
    const absl::Status status = Unavailable(errno, "read");
    fd_.reset();
    return status;
  }
  absl::StatusOr<Snapshot> snapshot = ParseSnapshot(std::string_view(buffer.data(), static_cast<std::size_t>(count)));
  if (snapshot.ok()) return snapshot;
  fd_.reset();
  return absl::Status(snapshot.status().code(), fmt::format("{}: {}", path_, ToString(snapshot.status().message())));
}

absl::Status HyperflexDevice::Command(const std::string& command) {
  if (absl::Status status = EnsureOpen(); !status.ok()) return status;
  ssize_t count = 0;
  do {
    count = write(fd_.get(), command.data(), command.size());
  } while (count < 0 && errno == EINTR);
  if (count == static_cast<ssize_t>(command.size())) return absl::OkStatus();
  const int error = count < 0 ? errno : EIO;
  if (error == ENODEV) {
    // Either the guest has no such tier or the device has gone: the next call finds out.
    fd_.reset();
  }
  const absl::Status status = ErrnoStatus(error, path_, fmt::format("write \"{}\"", command).c_str());
  return absl::Status(status.code(), fmt::format("{}{}", ToString(status.message()), MeaningOf(error)));
}

absl::Status HyperflexDevice::Set(std::uint64_t generation, const PerTier<std::optional<Bytes>>& balloons) {
  std::string command = fmt::format("set generation={}", generation);
  for (const TierId tier : kTiers) {
    if (balloons[tier]) command += fmt::format(" {}={}", TierName(tier), balloons[tier]->count());
  }
  return Command(command);
}

absl::Status HyperflexDevice::Rediscard() {
  return Command("rediscard");
}

}  // namespace hypertier::agent

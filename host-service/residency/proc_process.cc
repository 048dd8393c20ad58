// SPDX-License-Identifier: Apache-2.0
#include "host-service/residency/proc_process.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <memory>

#include "common/text.h"
#include "common/unique_fd.h"

namespace hypertier {
namespace {

absl::Status SystemError(std::string_view what, const std::string& path) {
  const int error = errno;
  const std::string text = fmt::format("cannot {} {}: {}", what, path, std::strerror(error));
  if (error == ENOENT || error == ESRCH) return absl::NotFoundError(text);
  if (error == EACCES || error == EPERM) {
    return absl::PermissionDeniedError(text + "; run hypertierd as root or with CAP_SYS_PTRACE");
  }
  return absl::UnavailableError(text);
}

absl::StatusOr<std::string> ReadAll(const std::string& path) {
  const UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return SystemError("read", path);
  std::string text;
  std::array<char, 16384> buffer;
  while (true) {
    const ssize_t count = read(file.get(), buffer.data(), buffer.size());
    if (count == 0) return text;
    if (count > 0) {
      text.append(buffer.data(), static_cast<std::size_t>(count));
    } else if (errno != EINTR) {
      return SystemError("read", path);
    }
  }
}

// Field 22 of /proc/PID/stat. Field 2, the name, is in brackets and may hold anything, brackets and blanks too.
std::optional<std::uint64_t> StartTime(std::string_view stat) {
  const std::size_t name_end = stat.rfind(')');
  if (name_end == std::string_view::npos) return std::nullopt;
  std::string_view rest = stat.substr(name_end + 1);
  for (int field = 3; field < 22; ++field) {
    rest = rest.substr(std::min(rest.find_first_not_of(' '), rest.size()));
    rest = rest.substr(std::min(rest.find(' '), rest.size()));
  }
  rest = rest.substr(std::min(rest.find_first_not_of(' '), rest.size()));
  return ParseUint64(rest.substr(0, rest.find(' ')));
}

}  // namespace

std::string ProcProcesses::Path(const ProcessId& process, std::string_view name) const {
  return fmt::format("{}/proc/{}/{}", root_, process.pid, name);
}

absl::StatusOr<ProcessId> ProcProcesses::FindQemu(const std::string& pid_file, const std::string& uuid) const {
  const absl::StatusOr<std::string> text = ReadAll(root_ + pid_file);
  if (!text.ok()) return text.status();
  const std::optional<std::uint64_t> pid = ParseUint64(Trim(*text));
  if (!pid || *pid == 0 || *pid > INT_MAX) {
    return absl::NotFoundError(fmt::format("{} holds no process number", root_ + pid_file));
  }
  ProcessId process{.pid = static_cast<pid_t>(*pid)};
  const absl::StatusOr<std::string> stat = ReadAll(Path(process, "stat"));
  if (!stat.ok()) return stat.status();
  process.start_time = StartTime(*stat).value_or(0);
  const absl::StatusOr<std::string> command = ReadAll(Path(process, "cmdline"));
  if (!command.ok()) return command.status();
  if (command->find(uuid) == std::string::npos) {
    return absl::NotFoundError(fmt::format("process {} of {} is not its QEMU (its command line lacks the UUID)",
                                           process.pid, root_ + pid_file));
  }
  return process;
}

absl::Status ProcProcesses::CheckAlive(const ProcessId& process) const {
  const absl::StatusOr<std::string> stat = ReadAll(Path(process, "stat"));
  if (!stat.ok()) return stat.status();
  if (StartTime(*stat).value_or(0) == process.start_time) return absl::OkStatus();
  return absl::NotFoundError(fmt::format("process {} is another one now", process.pid));
}

absl::StatusOr<std::vector<OpenFile>> ProcProcesses::OpenFiles(const ProcessId& process) const {
  const std::string directory = Path(process, "fd");
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(opendir(directory.c_str()), &closedir);
  if (entries == nullptr) return SystemError("list", directory);
  std::vector<OpenFile> files;
  while (const dirent* entry = readdir(entries.get())) {
    const std::optional<std::uint64_t> fd = ParseUint64(entry->d_name);
    if (!fd) continue;
    const std::string path = fmt::format("{}/{}", directory, *fd);
    std::array<char, PATH_MAX> link;
    const ssize_t length = readlink(path.c_str(), link.data(), link.size());
    struct stat info = {};
    // The process may close it at any moment.
    if (length < 0 || stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) continue;
    files.push_back({.fd = static_cast<int>(*fd),
                     .link = {link.data(), static_cast<std::size_t>(length)},
                     .device = info.st_dev,
                     .inode = info.st_ino,
                     .size = Bytes(static_cast<std::uint64_t>(info.st_size))});
  }
  return files;
}

absl::StatusOr<std::string> ProcProcesses::Maps(const ProcessId& process) const {
  return ReadAll(Path(process, "maps"));
}

absl::StatusOr<std::string> ProcProcesses::Smaps(const ProcessId& process) const {
  return ReadAll(Path(process, "smaps"));
}

absl::StatusOr<std::string> ProcProcesses::NumaMaps(const ProcessId& process) const {
  return ReadAll(Path(process, "numa_maps"));
}

absl::StatusOr<Bytes> ProcProcesses::Allocated(const ProcessId& process, const OpenFile& file) const {
  const std::string path = fmt::format("{}/proc/{}/fd/{}", root_, process.pid, file.fd);
  struct stat info = {};
  if (stat(path.c_str(), &info) != 0) return SystemError("examine", path);
  if (info.st_dev != file.device || info.st_ino != file.inode) {
    return absl::NotFoundError(fmt::format("{} is another file now", path));
  }
  return Bytes(static_cast<std::uint64_t>(info.st_blocks) * 512);
}

}  // namespace hypertier

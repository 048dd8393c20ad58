// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/targets/proc_fs.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>

#include "common/text.h"

namespace hypertier::agent {
namespace {

// A PID's cgroup file has one line for each hierarchy.
constexpr std::size_t kMaxCgroup = 8192;

// At most `buffer.size()` from where `fd` stands; empty on an error or at the end.
template <std::size_t kSize>
std::string_view ReadPiece(int fd, std::array<char, kSize>& buffer) {
  ssize_t count = 0;
  do {
    count = read(fd, buffer.data(), buffer.size());
  } while (count < 0 && errno == EINTR);
  return {buffer.data(), count > 0 ? static_cast<std::size_t>(count) : 0};
}

}  // namespace

bool ProcFs::EnsureOpen() {
  if (!folder_) folder_.reset(opendir(path_.c_str()));
  return folder_ != nullptr;
}

UniqueFd ProcFs::Open(pid_t pid, const char* file) {
  if (!EnsureOpen()) return {};
  std::array<char, 64> path{};
  fmt::format_to_n(path.data(), path.size() - 1, "{}/{}", pid, file);
  return UniqueFd(openat(dirfd(folder_.get()), path.data(), O_RDONLY | O_CLOEXEC));
}

std::vector<pid_t> ProcFs::Pids() {
  std::vector<pid_t> pids;
  if (!EnsureOpen()) return pids;
  rewinddir(folder_.get());
  while (const dirent* entry = readdir(folder_.get())) {
    const std::optional<std::uint64_t> pid = ParseUint64(entry->d_name);
    if (pid && *pid > 0 && *pid <= std::numeric_limits<pid_t>::max()) pids.push_back(static_cast<pid_t>(*pid));
  }
  std::sort(pids.begin(), pids.end());
  return pids;
}

std::optional<ProcStat> ProcFs::Stat(pid_t pid) {
  const UniqueFd fd = Open(pid, "stat");
  if (!fd) return std::nullopt;
  std::array<char, kMaxProcStat> buffer;
  return ParseProcStat(ReadPiece(fd.get(), buffer));
}

bool ProcFs::Maps(pid_t pid, MapsParser& parser) {
  const UniqueFd fd = Open(pid, "maps");
  if (!fd) return false;
  std::array<char, 16384> buffer;
  while (true) {
    const ssize_t count = read(fd.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return count == 0;
    parser.Feed(std::string_view(buffer.data(), static_cast<std::size_t>(count)));
  }
}

std::optional<std::string> ProcFs::Cgroup(pid_t pid) {
  const UniqueFd fd = Open(pid, "cgroup");
  if (!fd) return std::nullopt;
  std::array<char, kMaxCgroup> buffer;
  std::string_view text = ReadPiece(fd.get(), buffer);
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    if (line.starts_with("0::")) return std::string(line.substr(3));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return std::nullopt;
}

std::optional<std::string> ProcFs::Activity() {
  if (!loadavg_) loadavg_.reset(open((path_ + "/loadavg").c_str(), O_RDONLY | O_CLOEXEC));
  if (!loadavg_) return std::nullopt;
  std::array<char, 128> buffer;
  const ssize_t count = pread(loadavg_.get(), buffer.data(), buffer.size(), 0);
  if (count <= 0) return std::nullopt;
  // "0.20 0.18 0.12 RUNNING/TASKS LAST_PID"
  const std::string_view text = Trim({buffer.data(), static_cast<std::size_t>(count)});
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  return std::string(text.substr(slash));
}

}  // namespace hypertier::agent

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <dirent.h>
#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/unique_fd.h"
#include "guest-agent/targets/maps.h"
#include "guest-agent/targets/proc_stat.h"

namespace hypertier::agent {

// The files of /proc that discovery reads. A process may be gone between any two calls; then there is nothing to read.
// One thread.
class ProcFs {
 public:
  // `root` goes before every path ("" in production).
  explicit ProcFs(std::string root) : path_(std::move(root) + "/proc") {}

  // All processes in this pid namespace, rising. Empty if /proc cannot be read.
  std::vector<pid_t> Pids();

  std::optional<ProcStat> Stat(pid_t pid);

  // Feeds /proc/PID/maps to `parser`; false if it could not be read to its end.
  bool Maps(pid_t pid, MapsParser& parser);

  // The path in the unified hierarchy.
  std::optional<std::string> Cgroup(pid_t pid);

  // Another text whenever a process or thread was started, or has ended and none was started: the last two figures of
  // /proc/loadavg. Much cheaper than a walk. Nothing if it cannot be had.
  std::optional<std::string> Activity();

 private:
  struct CloseDir {
    void operator()(DIR* folder) const { closedir(folder); }
  };

  bool EnsureOpen();
  UniqueFd Open(pid_t pid, const char* file);

  const std::string path_;
  std::unique_ptr<DIR, CloseDir> folder_;
  UniqueFd loadavg_;
};

}  // namespace hypertier::agent

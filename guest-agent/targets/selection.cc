// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/targets/selection.h"

#include <fnmatch.h>

#include <algorithm>

namespace hypertier::agent {

bool Selection::Eligible(const ProcStat& stat) const {
  return !stat.kernel_thread && stat.alive() && stat.pid != self_ && stat.vsize != Bytes();
}

bool Selection::LargeEnough(const ProcStat& stat, bool is_target) const {
  const Bytes least = options_.min_resident;
  return stat.rss >= (is_target ? Bytes(least.count() / 2) : least);
}

bool Selection::ChosenByCommand(std::string_view command) const {
  if (options_.commands.empty()) return options_.cgroups.empty();
  // What is behind a zero byte cannot be meant.
  const std::string name(command.substr(0, command.find('\0')));
  return std::any_of(options_.commands.begin(), options_.commands.end(),
                     [&name](const std::string& pattern) { return fnmatch(pattern.c_str(), name.c_str(), 0) == 0; });
}

bool Selection::ChosenByCgroup(std::string_view path) const {
  return std::any_of(options_.cgroups.begin(), options_.cgroups.end(), [path](std::string_view prefix) {
    while (prefix.ends_with('/')) prefix.remove_suffix(1);
    return path.starts_with(prefix) && (path.size() == prefix.size() || path[prefix.size()] == '/');
  });
}

}  // namespace hypertier::agent

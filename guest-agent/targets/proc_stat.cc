// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/targets/proc_stat.h"

#include <array>
#include <limits>

#include "common/text.h"

namespace hypertier::agent {
namespace {

// Numbers of proc_pid_stat(5); [n] below is field n.
constexpr std::size_t kState = 3;
constexpr std::size_t kFlags = 9;
constexpr std::size_t kStartTime = 22;
constexpr std::size_t kVsize = 23;
constexpr std::size_t kRss = 24;
constexpr std::size_t kLastField = 47;

// Set once by exec (or, of a process that is being restored from a checkpoint, by prctl): startcode, endcode,
// startstack, start_data, end_data, start_brk. Not arg_start and its like: programs that rename themselves move these.
constexpr std::array<std::size_t, 6> kImage = {26, 27, 28, 45, 46, 47};

// PF_KTHREAD of the kernel's sched.h.
constexpr std::uint64_t kKernelThread = 0x00200000;

using Fields = std::array<std::string_view, kLastField + 1>;

std::optional<std::uint64_t> Number(std::string_view text) {
  // rss is signed in the kernel and may be below zero for an instant, while threads' counters are added up.
  if (text.starts_with('-')) return ParseUint64(text.substr(1)) ? std::optional<std::uint64_t>(0) : std::nullopt;
  return ParseUint64(text);
}

std::uint64_t Mix(std::uint64_t digest, std::uint64_t value) {
  digest = (digest ^ value) * 0x9e3779b97f4a7c15;
  return digest ^ (digest >> 29);
}

}  // namespace

std::optional<ProcStat> ParseProcStat(std::string_view text) {
  const std::size_t open = text.find(" (");
  // The last bracket ends the name: what follows are letters and numbers.
  const std::size_t close = text.rfind(") ");
  if (open == std::string_view::npos || close == std::string_view::npos || close < open + 2) return std::nullopt;

  ProcStat stat;
  const std::optional<std::uint64_t> pid = ParseUint64(text.substr(0, open));
  if (!pid || *pid == 0 || *pid > std::numeric_limits<pid_t>::max()) return std::nullopt;
  stat.pid = static_cast<pid_t>(*pid);
  stat.command = text.substr(open + 2, close - open - 2);

  Fields fields;
  std::string_view rest = Trim(text.substr(close + 2));
  for (std::size_t i = kState; i <= kLastField; ++i) {
    if (rest.empty()) return std::nullopt;
    const std::size_t end = std::min(rest.find(' '), rest.size());
    fields[i] = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  if (fields[kState].size() != 1) return std::nullopt;
  stat.state = fields[kState].front();

  const std::optional<std::uint64_t> flags = Number(fields[kFlags]);
  const std::optional<std::uint64_t> start_time = Number(fields[kStartTime]);
  const std::optional<std::uint64_t> vsize = Number(fields[kVsize]);
  const std::optional<std::uint64_t> rss = Number(fields[kRss]);
  if (!flags || !start_time || !vsize || !rss) return std::nullopt;
  stat.kernel_thread = (*flags & kKernelThread) != 0;
  stat.start_time = *start_time;
  stat.vsize = Bytes(*vsize);
  stat.rss = *rss > Bytes::Max().count() / kPage.count() ? Bytes::Max() : Bytes(*rss * kPage.count());
  for (const std::size_t field : kImage) {
    const std::optional<std::uint64_t> value = Number(fields[field]);
    if (!value) return std::nullopt;
    stat.image = Mix(stat.image, *value);
  }
  return stat;
}

}  // namespace hypertier::agent

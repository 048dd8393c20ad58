// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/bytes.h"

namespace hypertier::agent {

// What one read of /proc/PID/stat says of a process.
struct ProcStat {
  pid_t pid = 0;
  // The process chooses it: any bytes.
  std::string command;
  char state = '?';
  bool kernel_thread = false;
  // Clock ticks after boot.
  std::uint64_t start_time = 0;
  Bytes vsize;
  Bytes rss;
  // A digest of where the kernel put the program: another one after exec. Zero pages of address space (an exiting
  // process, a zombie) give an image too, which no running program has.
  std::uint64_t image = 0;

  bool alive() const { return state != 'Z' && state != 'X' && state != 'x'; }

  friend bool operator==(const ProcStat&, const ProcStat&) = default;
};

// The largest text that the kernel makes: 52 numbers of at most 21 characters, and a name of at most 64.
inline constexpr std::size_t kMaxProcStat = 2048;

// Nothing if it is not such a text. The name may hold anything, also brackets and line ends.
std::optional<ProcStat> ParseProcStat(std::string_view text);

}  // namespace hypertier::agent

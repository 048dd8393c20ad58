// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/mover/migrate.h"

#include <linux/mempolicy.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace hypertier::agent {
namespace {

// No status of the kernel's: tells pages that a call never came to.
constexpr int kUntouched = -4096;

long MovePages(pid_t pid, std::span<const ranges::Address> pages, const int* nodes, int* statuses) {
  static_assert(sizeof(ranges::Address) == sizeof(void*));
  return syscall(SYS_move_pages, pid, pages.size(), pages.data(), nodes, statuses, MPOL_MF_MOVE);
}

}  // namespace

MoveResult PageResultOf(int status, int node) {
  if (status == node) return MoveResult::kOk;
  switch (-status) {
    case -kUntouched:
      return MoveResult::kNotTried;
    case ENOENT:
      return MoveResult::kNotPresent;
    case EFAULT:
      return MoveResult::kUnmapped;
    case EACCES:
      return MoveResult::kShared;
    case EBUSY:
    case EAGAIN:
      return MoveResult::kBusy;
    case ENOMEM:
      return MoveResult::kNoMemory;
    case EIO:
      return MoveResult::kWriteback;
    default:
      // On another node: it was tried and did not work.
      return status >= 0 ? MoveResult::kBusy : MoveResult::kOther;
  }
}

MoveResult CallResultOf(int error) {
  switch (error) {
    case ESRCH:
      return MoveResult::kNoProcess;
    case EPERM:
      return MoveResult::kNoAccess;
    case EACCES:
      return MoveResult::kForbidden;
    case ENOMEM:
      return MoveResult::kNoMemory;
    default:
      return MoveResult::kOther;
  }
}

MoveResult SystemMigrator::Query(pid_t pid, std::span<const ranges::Address> pages, std::span<int> nodes) {
  if (pages.size() != nodes.size() || pages.size() > kMaxPages) return MoveResult::kOther;
  if (pages.empty()) return MoveResult::kOk;
  std::fill(nodes.begin(), nodes.end(), kNoNode);
  if (MovePages(pid, pages, nullptr, nodes.data()) < 0) return CallResultOf(errno);
  for (int& node : nodes) node = std::max(node, kNoNode);
  return MoveResult::kOk;
}

MoveResult SystemMigrator::Move(pid_t pid, std::span<const ranges::Address> pages, int node,
                                std::span<MoveResult> results) {
  if (pages.size() != results.size() || pages.size() > kMaxPages) return MoveResult::kOther;
  if (pages.empty()) return MoveResult::kOk;
  std::array<int, kMaxPages> nodes;
  std::array<int, kMaxPages> statuses;
  std::fill_n(nodes.begin(), pages.size(), node);
  std::fill_n(statuses.begin(), pages.size(), kUntouched);
  // A positive result is the number of pages that were not moved: the statuses say which.
  const long result = MovePages(pid, pages, nodes.data(), statuses.data());
  // Out of memory half-way: what came before has moved.
  if (result < 0 && errno != ENOMEM) return CallResultOf(errno);
  const bool no_memory = result < 0;
  for (std::size_t i = 0; i < pages.size(); ++i) {
    results[i] = PageResultOf(statuses[i], node);
    if (no_memory && results[i] == MoveResult::kNotTried) results[i] = MoveResult::kNoMemory;
  }
  return MoveResult::kOk;
}

}  // namespace hypertier::agent

// SPDX-License-Identifier: Apache-2.0
#include "host-service/confinement/page_mover.h"

#include <fmt/format.h>
#include <linux/mempolicy.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace hypertier {
namespace {

constexpr std::uint64_t kPageSize = kPage.count();
// 2 MiB a call: a huge page is never cut by it.
constexpr std::uint64_t kBatch = 512 * kPageSize;

bool Contains(const std::vector<int>& nodes, int node) {
  return std::find(nodes.begin(), nodes.end(), node) != nodes.end();
}

absl::Status ErrorOf(int error, pid_t pid, int node) {
  switch (error) {
    case ESRCH:
      return absl::NotFoundError(fmt::format("process {} has gone", pid));
    case ENOMEM:
      return absl::ResourceExhaustedError(fmt::format("node {} has no room", node));
    case EACCES:
      return absl::PermissionDeniedError(
          fmt::format("process {} may not use node {}; let its cgroup's cpuset.mems have it (libvirt: leave out "
                      "<numatune><memory nodeset=...>)",
                      pid, node));
    case EPERM:
      return absl::PermissionDeniedError(
          fmt::format("hypertierd may not move pages of process {}; give it "
                      "CAP_SYS_NICE and CAP_SYS_PTRACE",
                      pid));
    default:
      return absl::UnavailableError(
          fmt::format("pages of process {} cannot be moved to node {}: {}", pid, node, std::strerror(error)));
  }
}

}  // namespace

long MovePagesOfKernel(pid_t pid, unsigned long count, void** pages, const int* nodes, int* status) {
  // All: memory that another process (vhost-user) maps, too.
  return syscall(SYS_move_pages, pid, count, pages, nodes, status, MPOL_MF_MOVE_ALL);
}

absl::Status PageMover::MoveBatch(std::vector<void*>& pages, int to) const {
  const std::vector<int> nodes(pages.size(), to);
  std::vector<int> status(pages.size(), -EBUSY);
  if (call_(pid_, pages.size(), pages.data(), nodes.data(), status.data()) < 0) return ErrorOf(errno, pid_, to);
  // Newer kernels tell of a full node page by page.
  const bool full = std::count(status.begin(), status.end(), -ENOMEM) > 0;
  return full ? ErrorOf(ENOMEM, pid_, to) : absl::OkStatus();
}

PageMover::Moved PageMover::Move(const Range& range, const std::vector<int>& from, int to, Bytes most) const {
  Moved moved{.bytes = {}, .left = range.size, .status = absl::OkStatus()};
  std::uint64_t end = range.begin + range.size.count();
  std::vector<void*> pages;
  std::vector<int> status;
  while (end > range.begin && moved.bytes < most) {
    // Whole blocks, however the range's ends lie.
    const std::uint64_t begin = std::max((end - 1) / kBatch * kBatch, range.begin);
    pages.clear();
    for (std::uint64_t at = begin; at < end; at += kPageSize) {
      // NOLINTNEXTLINE(performance-no-int-to-ptr): an address of another process, which the call takes so.
      pages.push_back(reinterpret_cast<void*>(at));
    }
    status.assign(pages.size(), -ENOENT);
    if (call_(pid_, pages.size(), pages.data(), nullptr, status.data()) < 0) {
      moved.status = ErrorOf(errno, pid_, from.front());
      return moved;
    }
    std::vector<void*> wanted;
    const std::uint64_t room = (most - moved.bytes).count() / kPageSize;
    for (std::size_t i = pages.size(); i-- > 0 && wanted.size() < room;) {
      if (Contains(from, status[i])) wanted.push_back(pages[i]);
    }
    if (!wanted.empty()) {
      moved.status = MoveBatch(wanted, to);
      // A huge page moves as one, whichever of its pages was named; so what counts is where they are now.
      status.assign(wanted.size(), -ENOENT);
      if (call_(pid_, wanted.size(), wanted.data(), nullptr, status.data()) < 0) return moved;
      const auto there = std::count(status.begin(), status.end(), to);
      moved.bytes += Bytes(static_cast<std::uint64_t>(there) * kPageSize);
      if (!moved.status.ok()) return moved;
    } else if (room == 0) {
      break;
    }
    end = begin;
    moved.left = Bytes(end - range.begin);
  }
  return moved;
}

}  // namespace hypertier

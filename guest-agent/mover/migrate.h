// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <span>

#include "guest-agent/ranges/types.h"

namespace hypertier::agent {

// What became of one page, or of a whole call, of move_pages(2).
enum class MoveResult : std::uint8_t {
  kOk,
  // An earlier page of the call failed, which ends it.
  kNotTried,
  // Nothing there: never touched, swapped out.
  kNotPresent,
  // Zero page, or not mapped at all.
  kUnmapped,
  // Other processes map it too.
  kShared,
  // Isolated or pinned by somebody else.
  kBusy,
  // The node has no free page.
  kNoMemory,
  kWriteback,
  // Whole call: the process is gone; no ptrace access; its cpuset forbids the node.
  kNoProcess,
  kNoAccess,
  kForbidden,
  kOther,
  kCount,
};

// The one system call; small, so that tests fake it. A pid that was reused a moment ago is not noticed: then pages of a
// stranger are asked after or moved, which changes nothing but their place.
class Migrator {
 public:
  // Pages of one call, one chunk: one page that fails ends a call, and takes others with it.
  static constexpr std::size_t kMaxPages = ranges::kPagesPerChunk;
  static constexpr int kNoNode = -1;

  virtual ~Migrator() = default;

  // On which node each page is, or kNoNode. `nodes` is as long as `pages`, at most kMaxPages. Not kOk: nodes are not
  // set.
  virtual MoveResult Query(pid_t pid, std::span<const ranges::Address> pages, std::span<int> nodes) = 0;

  // Moves them to `node`. kOk: it was tried, and `results`, as long as `pages`, says of each page how. Of a huge page
  // any address moves the whole; its other addresses may then come out as kBusy. Ask again with Query to know.
  virtual MoveResult Move(pid_t pid, std::span<const ranges::Address> pages, int node,
                          std::span<MoveResult> results) = 0;
};

class SystemMigrator final : public Migrator {
 public:
  MoveResult Query(pid_t pid, std::span<const ranges::Address> pages, std::span<int> nodes) override;
  MoveResult Move(pid_t pid, std::span<const ranges::Address> pages, int node, std::span<MoveResult> results) override;
};

// What the kernel means by a page's status: a node (if not negative) or an error.
MoveResult PageResultOf(int status, int node);
// What it means by the errno of a call.
MoveResult CallResultOf(int error);

}  // namespace hypertier::agent

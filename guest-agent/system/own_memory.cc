// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/system/own_memory.h"

#include <linux/mempolicy.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <limits>

#include "guest-agent/system/file.h"

namespace hypertier::agent {
namespace {

// As many nodes as a kernel can be built for.
class NodeMask {
 public:
  explicit NodeMask(int node) {
    const auto bit = static_cast<std::size_t>(node);
    words_[bit / kBits] = 1UL << bit % kBits;
  }
  static constexpr int kNodes = 1024;
  // The kernel leaves the last bit out.
  static constexpr unsigned long kLength = kNodes + 1;
  const unsigned long* words() const { return words_.data(); }

 private:
  static constexpr std::size_t kBits = std::numeric_limits<unsigned long>::digits;
  std::array<unsigned long, kNodes / kBits + 1> words_{};
};

}  // namespace

absl::Status LiveOn(int to, int from) {
  if (to < 0 || from < 0 || to >= NodeMask::kNodes || from >= NodeMask::kNodes) {
    return ErrnoStatus(EINVAL, "own memory", "move to another node");
  }
  const NodeMask there(to);
  const NodeMask here(from);
  if (syscall(SYS_set_mempolicy, MPOL_PREFERRED, there.words(), NodeMask::kLength) != 0) {
    return ErrnoStatus(errno, "set_mempolicy", "prefer another node");
  }
  // Not negative: how many pages could not be moved, e.g. as they are of a file that others have mapped too.
  if (syscall(SYS_migrate_pages, 0, NodeMask::kLength, here.words(), there.words()) < 0) {
    return ErrnoStatus(errno, "migrate_pages", "move to another node");
  }
  return absl::OkStatus();
}

}  // namespace hypertier::agent

// SPDX-License-Identifier: Apache-2.0
#include "host-service/confinement/page_mover.h"

#include <gmock/gmock.h>

#include <cerrno>
#include <set>

namespace hypertier {
namespace {

using ::testing::ElementsAre;

constexpr std::uint64_t kBegin = 0x7f0000000000;
constexpr std::uint64_t kPageSize = 4096;

// The kernel's side: pages of a process on nodes, some of which can be full.
class Memory {
 public:
  explicit Memory(std::size_t pages, int node = 0) : nodes_(pages, node) {}

  PageMover Mover() {
    return {[this](pid_t, unsigned long count, void** pages, const int* nodes, int* status) {
              return Call(count, pages, nodes, status);
            },
            1};
  }
  PageMover::Range All() const { return {kBegin, Bytes(nodes_.size() * kPageSize)}; }
  std::size_t On(int node) const { return static_cast<std::size_t>(std::count(nodes_.begin(), nodes_.end(), node)); }

  std::vector<int> nodes_;
  // Pages that a node still takes; others take any number.
  std::map<int, int> room_;
  std::set<std::size_t> busy_;
  // Pages that move as one.
  std::size_t huge_ = 1;
  int error_ = 0;

 private:
  long Call(unsigned long count, void** pages, const int* nodes, int* status) {
    if (error_ != 0) {
      errno = error_;
      return -1;
    }
    for (unsigned long i = 0; i < count; ++i) {
      const std::size_t page = (reinterpret_cast<std::uint64_t>(pages[i]) - kBegin) / kPageSize;
      if (nodes == nullptr) {
        status[i] = nodes_.at(page);
        continue;
      }
      if (busy_.contains(page)) {
        status[i] = -EBUSY;
      } else if (room_.contains(nodes[i]) && room_[nodes[i]] == 0) {
        status[i] = -ENOMEM;
      } else {
        if (room_.contains(nodes[i])) --room_[nodes[i]];
        for (std::size_t j = page / huge_ * huge_; j < page / huge_ * huge_ + huge_; ++j) nodes_.at(j) = nodes[i];
        status[i] = nodes[i];
      }
    }
    return 0;
  }
};

TEST(PageMover, MovesAsMuchAsIsWantedAndTheHighestFirst) {
  Memory memory(2000);
  const PageMover::Moved moved = memory.Mover().Move(memory.All(), {0}, 1, Bytes(700 * kPageSize));
  EXPECT_EQ(moved.bytes, Bytes(700 * kPageSize));
  EXPECT_EQ(memory.On(1), 700U);
  EXPECT_EQ(memory.nodes_.back(), 1);
  EXPECT_EQ(memory.nodes_.front(), 0);
  // It can go on below.
  const PageMover::Moved more = memory.Mover().Move({kBegin, moved.left}, {0}, 1, Bytes(100 * kPageSize));
  EXPECT_EQ(more.bytes, Bytes(100 * kPageSize));
}

TEST(PageMover, MovesOnlyWhatIsOnTheNodesNamed) {
  Memory memory(512, 2);
  memory.nodes_[3] = 0;
  memory.nodes_[4] = -ENOENT;
  EXPECT_EQ(memory.Mover().Move(memory.All(), {0}, 1, Bytes::Max()).bytes, Bytes(kPageSize));
  EXPECT_EQ(memory.On(2), 510U);
}

TEST(PageMover, SaysThatTheNodeHasNoRoomAndWhatWasMoved) {
  Memory memory(1024);
  memory.room_[1] = 600;
  const PageMover::Moved moved = memory.Mover().Move(memory.All(), {0}, 1, Bytes::Max());
  EXPECT_EQ(moved.status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(moved.bytes, Bytes(600 * kPageSize));
}

TEST(PageMover, PassesOverPagesInUse) {
  Memory memory(512);
  memory.busy_ = {7, 8, 9};
  const PageMover::Moved moved = memory.Mover().Move(memory.All(), {0}, 1, Bytes::Max());
  EXPECT_TRUE(moved.status.ok()) << moved.status;
  EXPECT_EQ(moved.bytes, Bytes(509 * kPageSize));
}

TEST(PageMover, AProcessThatHasGoneIsNotFound) {
  Memory memory(10);
  memory.error_ = ESRCH;
  EXPECT_EQ(memory.Mover().Move(memory.All(), {0}, 1, Bytes::Max()).status.code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace hypertier

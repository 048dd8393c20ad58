// SPDX-License-Identifier: Apache-2.0
// Lookups in a B+-tree in memory. Upper nodes are hot, leaves are as hot as their keys.
#include <algorithm>
#include <atomic>
#include <vector>

#include "tests/lab/workloads/workload.h"

namespace {

constexpr uint64_t kPiece = 512;  // lookups between two looks at the queue
constexpr unsigned kFanOut = 16;  // children an inner node, and values a leaf
constexpr uint64_t kLate = 16;    // one key in this many is inserted late, into the middle

// Four cache lines. Inner nodes: keys[i] is the least key below children[i].
struct alignas(64) Node {
  uint64_t keys[kFanOut];
  union {
    uint32_t children[kFanOut];
    uint32_t values[kFanOut];
  };
  uint32_t count;
  bool leaf;
};

// Keys are inserted in ascending or any other order; nodes that are full split in halves. Nodes lie in one array.
class Tree {
 public:
  explicit Tree(uint64_t capacity) : nodes_(lab::Allocate<Node>(capacity)), capacity_(capacity) { root_ = New(true); }

  void Insert(uint64_t key, uint32_t value) {
    if (nodes_[root_].count == kFanOut) {
      const uint32_t root = New(false);
      nodes_[root].children[0] = root_;
      nodes_[root].keys[0] = 0;
      nodes_[root].count = 1;
      root_ = root;
      Split(root, 0);
    }
    uint32_t at = root_;
    while (!nodes_[at].leaf) {
      unsigned child = Position(nodes_[at], key);
      if (nodes_[nodes_[at].children[child]].count == kFanOut) {
        Split(at, child);
        child = Position(nodes_[at], key);
      }
      at = nodes_[at].children[child];
    }
    Node& leaf = nodes_[at];
    const auto place = static_cast<unsigned>(std::upper_bound(leaf.keys, leaf.keys + leaf.count, key) - leaf.keys);
    MakeRoom(leaf, place);
    leaf.keys[place] = key;
    leaf.values[place] = value;
  }

  bool Find(uint64_t key, uint32_t* value) const {
    const Node* node = &nodes_[root_];
    while (!node->leaf) node = &nodes_[node->children[Position(*node, key)]];
    const uint64_t* const end = node->keys + node->count;
    const uint64_t* const found = std::lower_bound(node->keys, end, key);
    if (found == end || *found != key) return false;
    *value = node->values[found - node->keys];
    return true;
  }

 private:
  uint32_t New(bool leaf) {
    if (used_ == capacity_) lab::Fail("the tree outgrew its nodes");
    nodes_[used_].leaf = leaf;
    return static_cast<uint32_t>(used_++);
  }

  static unsigned Position(const Node& node, uint64_t key) {
    const uint64_t* const after = std::upper_bound(node.keys + 1, node.keys + node.count, key);
    return static_cast<unsigned>(after - node.keys) - 1;
  }

  static void MakeRoom(Node& node, unsigned place) {
    std::copy_backward(node.keys + place, node.keys + node.count, node.keys + node.count + 1);
    std::copy_backward(node.children + place, node.children + node.count, node.children + node.count + 1);
    node.count++;
  }

  // The upper part of a full child becomes its right sibling. At the right edge that part is small, so that ascending
  // keys fill nodes.
  void Split(uint32_t parent, unsigned child) {
    const uint32_t right = New(nodes_[nodes_[parent].children[child]].leaf);
    Node& from = nodes_[nodes_[parent].children[child]];
    Node& to = nodes_[right];
    const bool edge = child + 1 == nodes_[parent].count;
    const uint32_t kept = edge ? kFanOut - 2 : kFanOut / 2;
    to.count = kFanOut - kept;
    std::copy_n(from.keys + kept, to.count, to.keys);
    std::copy_n(from.children + kept, to.count, to.children);
    from.count = kept;
    MakeRoom(nodes_[parent], child + 1);
    nodes_[parent].keys[child + 1] = to.keys[0];
    nodes_[parent].children[child + 1] = right;
  }

  Node* nodes_;
  uint64_t capacity_, used_ = 0;
  uint32_t root_;
};

constexpr uint64_t Key(uint64_t index) {
  return index * 2 + 2;
}
constexpr uint32_t Value(uint64_t index) {
  return static_cast<uint32_t>(lab::Mix(index));
}

// Most keys in ascending order, then the ones left out, which split nodes in the middle.
void Fill(Tree* tree, uint64_t keys) {
  for (uint64_t i = 0; i < keys; i++) {
    if (i % kLate != 0) tree->Insert(Key(i), Value(i));
  }
  for (uint64_t i = 0; i < keys; i += kLate) tree->Insert(Key(i), Value(i));
}

}  // namespace

int main(int argc, char** argv) {
  lab::Workload work(argc, argv, "btree", "Lookups in a B+-tree; popular keys are neighbours by the --block.");
  const uint64_t bytes = work.Size("bytes", 128 << 20, 4 << 20);
  const uint64_t lookups = work.Size("lookups", 1 << 20, 1 << 16);
  const uint64_t block = work.options.Number("block", 4096);
  const double skew = work.options.Fraction("skew", 0.99);
  work.options.CheckAll();

  const uint64_t nodes = bytes / sizeof(Node);
  const uint64_t keys = nodes * 10;  // half-full nodes where the late keys fell, and the inner ones
  if (keys < block || keys >= UINT32_MAX) lab::Fail("--bytes must make between --block and 2^32 keys");
  Tree tree(nodes);
  Fill(&tree, keys);
  if (work.verify) {
    uint64_t wrong = 0;
    uint32_t value = 0;
    for (uint64_t i = 0; i < keys; i++) wrong += !tree.Find(Key(i), &value) || value != Value(i);
    for (uint64_t i = 0; i < keys; i++) wrong += tree.Find(Key(i) + 1, &value);
    return work.Verified(wrong == 0, std::to_string(wrong) + " lookups are wrong");
  }
  const auto blocks = static_cast<uint32_t>(keys / block);
  const lab::Zipf zipf(blocks, skew);
  const std::vector<uint32_t> order = lab::Shuffled(blocks, work.seed);
  std::atomic<uint64_t> checksum = 0;
  const uint64_t pieces = (lookups + kPiece - 1) / kPiece;
  work.Measure([&](uint64_t pass) {
    work.team.ForEach(pieces, [&](unsigned, uint64_t piece) {
      lab::Random random(work.seed, pass * pieces + piece);
      uint64_t sum = 0;
      for (uint64_t i = 0; i < kPiece; i++) {
        uint32_t value = 0;
        tree.Find(Key(order[zipf.Draw(random)] * block + random.Below(block)), &value);
        sum += value;
      }
      checksum += sum;
    });
  });
  work.AddChecksum(checksum);
  return work.Report(work.passes() * pieces * kPiece);
}

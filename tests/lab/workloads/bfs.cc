// SPDX-License-Identifier: Apache-2.0
// Breadth-first search of a Kronecker graph, level by level, in the manner of Graph500.
#include <algorithm>
#include <atomic>
#include <vector>

#include "tests/lab/workloads/kronecker.h"

namespace {

constexpr uint32_t kNone = UINT32_MAX;
constexpr uint64_t kPiece = 256;  // vertices between two looks at the queue

class Search {
 public:
  Search(lab::Workload& work, const lab::Graph& graph)
      : work_(work),
        graph_(graph),
        parents_(lab::Allocate<uint32_t>(graph.vertices)),
        frontier_(lab::Allocate<uint32_t>(graph.vertices)),
        next_(lab::Allocate<uint32_t>(graph.vertices)) {}

  // Returns how many edges it looked at.
  uint64_t From(uint32_t root) {
    std::fill_n(parents_, graph_.vertices, kNone);
    parents_[root] = root;
    frontier_[0] = root;
    std::atomic<uint64_t> edges = 0;
    for (uint64_t size = 1; size != 0;) {
      std::atomic<uint64_t> found = 0;
      work_.team.ForEach((size + kPiece - 1) / kPiece, [&](unsigned, uint64_t piece) {
        uint64_t seen = 0;
        for (uint64_t i = piece * kPiece; i < std::min(size, (piece + 1) * kPiece); i++)
          seen += Expand(frontier_[i], &found);
        edges += seen;
      });
      std::swap(frontier_, next_);
      size = found;
    }
    return edges;
  }

  uint32_t parent(uint32_t vertex) const { return parents_[vertex]; }

 private:
  uint64_t Expand(uint32_t vertex, std::atomic<uint64_t>* found) {
    for (uint64_t e = graph_.offsets[vertex]; e < graph_.offsets[vertex + 1]; e++) {
      const uint32_t neighbour = graph_.neighbours[e];
      std::atomic_ref<uint32_t> parent(parents_[neighbour]);
      uint32_t none = kNone;
      if (parent.load(std::memory_order_relaxed) == kNone && parent.compare_exchange_strong(none, vertex)) {
        next_[found->fetch_add(1, std::memory_order_relaxed)] = neighbour;
      }
    }
    return graph_.offsets[vertex + 1] - graph_.offsets[vertex];
  }

  lab::Workload& work_;
  const lab::Graph& graph_;
  uint32_t* parents_;
  uint32_t* frontier_;
  uint32_t* next_;
};

// A plain search with a queue: the distance of each vertex.
std::vector<uint32_t> Distances(const lab::Graph& graph, uint32_t root) {
  std::vector<uint32_t> distance(graph.vertices, kNone), queue{root};
  distance[root] = 0;
  for (size_t i = 0; i < queue.size(); i++) {
    for (uint64_t e = graph.offsets[queue[i]]; e < graph.offsets[queue[i] + 1]; e++) {
      if (distance[graph.neighbours[e]] != kNone) continue;
      distance[graph.neighbours[e]] = distance[queue[i]] + 1;
      queue.push_back(graph.neighbours[e]);
    }
  }
  return distance;
}

// Every vertex that can be reached has a parent one step nearer to the root, over an edge that exists; no other has
// one.
uint64_t WrongParents(const lab::Graph& graph, const Search& search, uint32_t root) {
  const std::vector<uint32_t> distance = Distances(graph, root);
  uint64_t wrong = search.parent(root) != root;
  for (uint32_t v = 0; v < graph.vertices; v++) {
    const uint32_t parent = search.parent(v);
    if (v == root || (parent == kNone && distance[v] == kNone)) continue;
    const uint32_t* const first = graph.neighbours + graph.offsets[v];
    const uint32_t* const last = graph.neighbours + graph.offsets[v + 1];
    wrong += parent == kNone || distance[v] != distance[parent] + 1 || std::find(first, last, parent) == last;
  }
  return wrong;
}

}  // namespace

int main(int argc, char** argv) {
  lab::Workload work(argc, argv, "bfs", "Breadth-first search of a Kronecker graph; --roots searches a pass.");
  const auto scale = static_cast<unsigned>(work.Size("scale", 18, 12));
  const auto degree = static_cast<unsigned>(work.Size("degree", 16, 16));
  const uint64_t roots = work.Size("roots", 2, 3);
  work.options.CheckAll();

  const lab::Graph graph = lab::Kronecker(&work.team, scale, degree, work.seed);
  Search search(work, graph);
  const auto root = [&](lab::Random& random) {
    for (;;) {
      const auto vertex = static_cast<uint32_t>(random.Below(graph.vertices));
      if (graph.offsets[vertex] != graph.offsets[vertex + 1]) return vertex;
    }
  };
  if (work.verify) {
    uint64_t wrong = 0;
    lab::Random random(work.seed, 0);
    for (uint64_t i = 0; i < roots; i++) {
      const uint32_t start = root(random);
      search.From(start);
      wrong += WrongParents(graph, search, start);
    }
    return work.Verified(wrong == 0, std::to_string(wrong) + " vertices have a wrong parent");
  }
  uint64_t edges = 0;
  work.Measure([&](uint64_t pass) {
    if (pass == 0) edges = 0;
    lab::Random random(work.seed, pass);
    for (uint64_t i = 0; i < roots; i++) edges += search.From(root(random));
  });
  return work.Report(edges);
}

// SPDX-License-Identifier: Apache-2.0
// PageRank of a Kronecker graph: each vertex pulls from its neighbours.
#include <algorithm>
#include <cmath>
#include <utility>

#include "tests/lab/workloads/kronecker.h"

namespace {

constexpr float kDamping = 0.85f;
constexpr uint64_t kPiece = 512;  // vertices between two looks at the queue

class Ranks {
 public:
  Ranks(lab::Workload& work, const lab::Graph& graph)
      : work_(work),
        graph_(graph),
        ranks_(lab::Allocate<float>(graph.vertices)),
        shares_(lab::Allocate<float>(graph.vertices)) {
    std::fill_n(ranks_, graph.vertices, 1.0f / static_cast<float>(graph.vertices));
  }

  // What a vertex hands to each neighbour, then what each gets. A vertex without edges keeps its rank out of the sum.
  void Iterate() {
    const auto base = (1 - kDamping) / static_cast<float>(graph_.vertices);
    ForEachVertex([&](uint32_t v) {
      const uint64_t degree = graph_.offsets[v + 1] - graph_.offsets[v];
      shares_[v] = degree != 0 ? ranks_[v] / static_cast<float>(degree) : 0;
    });
    ForEachVertex([&](uint32_t v) {
      float sum = 0;
      for (uint64_t e = graph_.offsets[v]; e < graph_.offsets[v + 1]; e++) sum += shares_[graph_.neighbours[e]];
      ranks_[v] = base + kDamping * sum;
    });
  }

  float operator[](uint32_t vertex) const { return ranks_[vertex]; }

 private:
  template <typename Work>
  void ForEachVertex(const Work& work) {
    work_.team.ForEach((graph_.vertices + kPiece - 1) / kPiece, [&](unsigned, uint64_t piece) {
      const uint64_t end = std::min<uint64_t>(graph_.vertices, (piece + 1) * kPiece);
      for (uint64_t v = piece * kPiece; v < end; v++) work(static_cast<uint32_t>(v));
    });
  }

  lab::Workload& work_;
  const lab::Graph& graph_;
  float* ranks_;
  float* shares_;
};

// The same by pushing along each edge, in double precision and one thread.
double WorstDifference(const lab::Graph& graph, const Ranks& ranks, uint64_t iterations) {
  std::vector<double> now(graph.vertices, 1.0 / graph.vertices), next(graph.vertices);
  for (uint64_t i = 0; i < iterations; i++) {
    std::fill(next.begin(), next.end(), (1 - static_cast<double>(kDamping)) / graph.vertices);
    for (uint32_t v = 0; v < graph.vertices; v++) {
      const uint64_t first = graph.offsets[v], end = graph.offsets[v + 1];
      for (uint64_t e = first; e < end; e++) {
        next[graph.neighbours[e]] += static_cast<double>(kDamping) * now[v] / static_cast<double>(end - first);
      }
    }
    std::swap(now, next);
  }
  double worst = 0;
  for (uint32_t v = 0; v < graph.vertices; v++) {
    worst = std::max(worst, std::abs(static_cast<double>(ranks[v]) - now[v]) / now[v]);
  }
  return worst;
}

}  // namespace

int main(int argc, char** argv) {
  lab::Workload work(argc, argv, "pagerank", "PageRank of a Kronecker graph.");
  const auto scale = static_cast<unsigned>(work.Size("scale", 18, 12));
  const auto degree = static_cast<unsigned>(work.Size("degree", 16, 16));
  const uint64_t iterations = work.Size("iterations", 3, 10);
  work.options.CheckAll();

  const lab::Graph graph = lab::Kronecker(&work.team, scale, degree, work.seed);
  Ranks ranks(work, graph);
  const auto run = [&](uint64_t) {
    for (uint64_t i = 0; i < iterations; i++) ranks.Iterate();
  };
  if (work.verify) {
    run(0);
    const double worst = WorstDifference(graph, ranks, iterations);
    return work.Verified(worst < 1e-3, "a rank is wrong by a share of " + std::to_string(worst));
  }
  work.Measure(run);
  return work.Report(work.passes() * iterations * graph.edges);
}

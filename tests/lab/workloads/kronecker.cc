// SPDX-License-Identifier: Apache-2.0
#include "tests/lab/workloads/kronecker.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace lab {
namespace {

struct Edge {
  uint32_t from, to;
};

// Each bit of the two ends chooses a quadrant of the adjacency matrix.
Edge Draw(Random& random, unsigned scale) {
  constexpr uint32_t kA = 0x91eb851e, kAB = 0xc28f5c28, kABC = 0xf3333333;  // 0.57, 0.76, 0.95 of 2^32
  Edge edge{0, 0};
  for (unsigned bit = 0; bit < scale; bit++) {
    const auto draw = static_cast<uint32_t>(random.Next() >> 32);
    const uint32_t from = draw >= kAB, to = draw >= kABC || (draw >= kA && draw < kAB);
    edge = {edge.from << 1 | from, edge.to << 1 | to};
  }
  return edge;
}

}  // namespace

Graph Kronecker(Team* team, unsigned scale, unsigned degree, uint64_t seed) {
  if (scale < 1 || scale > 28) Fail("a graph's scale must be 1 to 28");
  Graph graph;
  graph.vertices = 1u << scale;
  const std::vector<uint32_t> names = Shuffled(graph.vertices, seed);
  std::vector<Edge> edges(static_cast<uint64_t>(graph.vertices) * degree);
  team->ForEach(edges.size() / degree, [&](unsigned, uint64_t piece) {
    Random random(seed, piece);
    for (uint64_t i = piece * degree; i < (piece + 1) * degree; i++) {
      const Edge edge = Draw(random, scale);
      edges[i] = {names[edge.from], names[edge.to]};
    }
  });
  graph.edges = edges.size() * 2;
  graph.offsets = Allocate<uint64_t>(graph.vertices + 1);
  graph.neighbours = Allocate<uint32_t>(graph.edges);
  // Counting sort: first degrees, one place up; then their sums; then offsets[v] runs to where v + 1 starts.
  for (const Edge& edge : edges) {
    graph.offsets[edge.from]++;
    graph.offsets[edge.to]++;
  }
  uint64_t sum = 0;
  for (uint32_t v = 0; v <= graph.vertices; v++) sum += std::exchange(graph.offsets[v], sum);
  for (const Edge& edge : edges) {
    graph.neighbours[graph.offsets[edge.from]++] = edge.to;
    graph.neighbours[graph.offsets[edge.to]++] = edge.from;
  }
  std::copy_backward(graph.offsets, graph.offsets + graph.vertices, graph.offsets + graph.vertices + 1);
  graph.offsets[0] = 0;
  return graph;
}

}  // namespace lab

// SPDX-License-Identifier: Apache-2.0
#ifndef TESTS_LAB_WORKLOADS_KRONECKER_H_
#define TESTS_LAB_WORKLOADS_KRONECKER_H_

#include <cstdint>

#include "tests/lab/workloads/workload.h"

namespace lab {

// An undirected graph in compressed rows: the neighbours of v are neighbours[offsets[v]] up to neighbours[offsets[v +
// 1]].
struct Graph {
  uint32_t vertices = 0;
  uint64_t edges = 0;  // each counted from both ends
  uint64_t* offsets = nullptr;
  uint32_t* neighbours = nullptr;
};

// The Kronecker graph of the Graph500 benchmark: 2^scale vertices, `degree` edges a vertex, initiator 0.57, 0.19, 0.19,
// 0.05, so that few vertices have most of the edges. Vertices are renumbered at random, or the popular ones would all
// come first.
Graph Kronecker(Team* team, unsigned scale, unsigned degree, uint64_t seed);

}  // namespace lab

#endif  // TESTS_LAB_WORKLOADS_KRONECKER_H_

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The run-time model: time = instructions x CPI / frequency + sum over tiers of (misses x latency).
 *
 * It answers one question, how much the placement of pages matters, and is free of noise; it is no simulator. There is
 * no prefetching and no overlap of misses, so the stall is an upper bound; a store that misses costs as much as a load.
 * One access that the caches serve costs nothing beyond the CPI.
 */
#ifndef VPEBS_PROFILE_H
#define VPEBS_PROFILE_H

#include "layout.h"

enum {
	/* The frequency at which the published evaluation pinned its Ice Lake cores. */
	VPEBS_MHZ = 3000,
	/* Two instructions a cycle while nothing misses: ordinary for server code on a core that can retire five. */
	VPEBS_CPI_MILLI = 500,
	/* A load that the caches serve, in cycles: L2 of Ice Lake-SP. Below any sensible threshold of the load latency
	   event. */
	VPEBS_HIT_CYCLES = 14,
};

static const struct vpebs_profile vpebs_profiles[VPEBS_PROFILES] = {
    /*
     * Four real CXL devices span 140 to 410 ns (Liu et al., "Systematic CXL Memory Characterization and Performance
     * Analysis at Scale", ASPLOS 2025); the middle of that range, and what the lab's HMAT says (tests/lab/tiers.py).
     */
    {.name = "dram+cxl", .latency_ns = {[VPEBS_FMEM] = 100, [VPEBS_SMEM] = 250}},
    /*
     * Random 64-byte loads, idle: 101 ns DRAM, 305 ns Optane DC (Izraelevitz et al., "Basic Performance Measurements of
     * the Intel Optane DC Persistent Memory Module", arXiv 1903.05714; Yang et al., FAST 2020).
     */
    {.name = "dram+pmem", .latency_ns = {[VPEBS_FMEM] = 101, [VPEBS_SMEM] = 305}},
};

#endif

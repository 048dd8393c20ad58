/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Arguments of the plugin, as -plugin FILE,NAME=VALUE,... */
#ifndef VPEBS_OPTIONS_H
#define VPEBS_OPTIONS_H

#include <stdbool.h>

#include "cache.h"
#include "tier.h"

struct options {
	const char *shared; /* shared=PATH: the file behind the ivshmem-plain device; else no one can read or sample */
	const char *json;   /* json=PATH: where to report at exit */
	struct tier_map
	    tiers; /* fmem=SIZE, smem=SIZE: the cells, required; low=SIZE: RAM below 4 GiB, if not as in q35 */
	uint64_t cache_bytes; /* cache=SIZE, for each vCPU */
	unsigned int ways;    /* ways=NUMBER */
	struct cache_shape cache;
	unsigned int profile; /* profile=NAME: the latencies that records carry */
};

/* Sizes take K, M or G. False, having said why on stderr, if one is wrong. */
bool options_parse(struct options *options, int argc, char **argv);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A set-associative cache with exact LRU. A miss allocates, loads and stores alike. */
#ifndef VPEBS_CACHE_H
#define VPEBS_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

enum { CACHE_MAX_WAYS = 32 };

struct cache_shape {
	uint64_t set_mask;
	unsigned int ways;
};

/* False if there is no such cache: the number of sets must be a power of two. */
static inline bool cache_shape(struct cache_shape *shape, uint64_t bytes, unsigned int ways)
{
	uint64_t sets = ways ? bytes / 64 / ways : 0;

	if (!sets || sets & (sets - 1) || ways > CACHE_MAX_WAYS || sets * ways * 64 != bytes)
		return false;
	*shape = (struct cache_shape){.set_mask = sets - 1, .ways = ways};
	return true;
}

static inline uint64_t *cache_new(const struct cache_shape *shape)
{
	return calloc((shape->set_mask + 1) * shape->ways, sizeof(uint64_t));
}

/* Whether the line was there; it is afterwards. Line 0 stands for "empty". */
static inline bool cache_access(const struct cache_shape *shape, uint64_t *tags, uint64_t line)
{
	uint64_t *set = tags + (line & shape->set_mask) * shape->ways;
	uint64_t displaced = set[0];
	unsigned int way;

	if (displaced == line)
		return true;
	set[0] = line;
	for (way = 1; way < shape->ways; way++) {
		uint64_t here = set[way];

		set[way] = displaced;
		if (here == line)
			return true;
		displaced = here;
	}
	return false;
}

#endif

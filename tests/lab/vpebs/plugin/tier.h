/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which tier an address is in. The guest's RAM is cell 0 (FMEM), then cell 1 (SMEM), with a hole below 4 GiB for
 * devices. */
#ifndef VPEBS_TIER_H
#define VPEBS_TIER_H

#include <stdint.h>

#include "layout.h"

struct tier_map {
	uint64_t fmem, smem; /* bytes of the cells */
	uint64_t low;	     /* bytes of RAM below 4 GiB; the rest is above */
};

/* What the machine type q35 puts below 4 GiB. */
static inline uint64_t tier_low_memory(uint64_t ram)
{
	return ram >= 0xb0000000ull ? 0x80000000ull : ram;
}

static inline int tier_of(const struct tier_map *map, uint64_t address)
{
#if VPEBS_API < 2
	/*
	 * Not a guest physical address: QEMU 7.2 adds the place of the memory backend among all blocks to its place in
	 * the machine's RAM. Backends come first, in order, so for cell 1 both are the size of cell 0. There is no hole
	 * in this.
	 */
	uint64_t offset = address < map->fmem ? address : address - map->fmem;

	if (address >= map->fmem && address < 2 * map->fmem)
		return VPEBS_OTHER;
#else
	uint64_t offset = address;

	if (address >= 1ull << 32)
		offset = address - (1ull << 32) + map->low;
	else if (address >= map->low)
		return VPEBS_OTHER;
#endif
	if (offset < map->fmem)
		return VPEBS_FMEM;
	return offset - map->fmem < map->smem ? VPEBS_SMEM : VPEBS_OTHER;
}

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the plugin keeps for a vCPU. Only that vCPU's thread touches it. */
#ifndef VPEBS_VCPU_H
#define VPEBS_VCPU_H

#include <stdbool.h>
#include <stdint.h>

#include "layout.h"

enum {
	LINE_BITS = 6,
	/*
	 * A direct-mapped cache of 32 KiB in front, of virtual lines: what it holds needs no translation, so that nine
	 * accesses of ten end after one compare. It is emptied when cr3 is written; a line whose page moved under it is
	 * at most that stale.
	 */
	FILTER_LINES = 512,
};

struct slot {
	struct vpebs_slot told; /* the guest's words, copied at RELOAD */
	int64_t left;
	uint64_t count, lost;
};

struct vcpu {
	struct vpebs_vcpu *shared;
	uint8_t slots_on[VPEBS_KINDS][VPEBS_MODES]; /* bit sets */
	uint64_t filter[FILTER_LINES];
	uint64_t *tags; /* the second cache, of physical lines: sets of `ways`, most recently used first */
	struct slot slots[VPEBS_SLOTS];
} __attribute__((aligned(64)));

#endif

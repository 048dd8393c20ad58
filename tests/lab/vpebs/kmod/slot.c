// SPDX-License-Identifier: GPL-2.0-only
/* The words that program the plugin.  All of it happens on the CPU that is meant: a mark is about the CPU that executes
 * it. */
#include "vpebs.h"

/* A plain counter never samples. */
static u64 period_of(struct perf_event *event)
{
	return is_sampling_event(event) ? event->hw.sample_period : S64_MAX;
}

static void reload(struct vpebs_slot *slot)
{
	slot->generation++;
	VPEBS_MARK(VPEBS_MARK_RELOAD);
}

void vpebs_slot_start(struct vpebs_cpu *cpu, struct perf_event *event)
{
	struct vpebs_slot *slot = &cpu->shared->slots[event->hw.idx];

	slot->kind = event->hw.config;
	slot->modes =
	    (event->attr.exclude_user ? 0 : 1 << VPEBS_USER) | (event->attr.exclude_kernel ? 0 : 1 << VPEBS_KERNEL);
	slot->threshold = event->attr.config1 & 0xffff;
	slot->period = period_of(event);
	slot->left = local64_read(&event->hw.period_left);
	slot->on = 1;
	local64_set(&event->hw.prev_count, 0);
	cpu->lost[event->hw.idx] = 0;
	reload(slot);
}

void vpebs_slot_read(struct vpebs_cpu *cpu, struct perf_event *event)
{
	struct vpebs_slot *slot = &cpu->shared->slots[event->hw.idx];
	u64 count;

	VPEBS_MARK(VPEBS_MARK_SYNC);
	count = slot->count;
	local64_add(count - local64_xchg(&event->hw.prev_count, count), &event->count);
	local64_set(&event->hw.period_left, slot->left);
}

void vpebs_slot_stop(struct vpebs_cpu *cpu, struct perf_event *event)
{
	struct vpebs_slot *slot = &cpu->shared->slots[event->hw.idx];

	vpebs_slot_read(cpu, event);
	slot->on = 0;
	reload(slot);
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "sampler.h"

#include <string.h>
#include <time.h>

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

void sampler_sync(struct vcpu *vcpu)
{
	struct vpebs_vcpu *shared = vcpu->shared;
	int i;

	for (i = 0; i < VPEBS_SLOTS; i++) {
		shared->slots[i].count = vcpu->slots[i].count;
		shared->slots[i].lost = vcpu->slots[i].lost;
		shared->slots[i].left = vcpu->slots[i].left;
	}
	shared->now_ns = now_ns();
	shared->acknowledged++;
}

/* Nothing that the guest wrote may harm QEMU: each word is read once and bounded here. */
static void take_over(struct slot *slot, const struct vpebs_slot *shared)
{
	struct vpebs_slot told = *shared;

	if (told.kind >= VPEBS_KINDS || !told.period || told.period > INT64_MAX)
		told.on = 0;
	*slot = (struct slot){.told = told, .left = told.left && told.left <= told.period ? told.left : told.period};
}

void sampler_reload(struct vcpu *vcpu)
{
	int i, mode;

	memset(vcpu->slots_on, 0, sizeof(vcpu->slots_on));
	for (i = 0; i < VPEBS_SLOTS; i++) {
		struct slot *slot = &vcpu->slots[i];

		if (slot->told.generation != vcpu->shared->slots[i].generation)
			take_over(slot, &vcpu->shared->slots[i]);
		for (mode = 0; mode < VPEBS_MODES; mode++)
			if (slot->told.on && slot->told.modes & 1 << mode)
				vcpu->slots_on[slot->told.kind][mode] |= 1 << i;
	}
	sampler_sync(vcpu);
}

static void record(struct vcpu *vcpu, int i, const struct access *access)
{
	struct vpebs_vcpu *shared = vcpu->shared;

	if (shared->head - shared->tail >= VPEBS_RING) {
		vcpu->slots[i].lost++;
		shared->total.lost++;
		return;
	}
	shared->ring[shared->head % VPEBS_RING] = (struct vpebs_record){
	    .time_ns = now_ns(),
	    .ip = access->ip,
	    .address = access->address,
	    .latency = access->latency,
	    .slot = i,
	    .tier = access->tier,
	    .mode = access->mode,
	};
	shared->head++;
	shared->total.samples++;
}

void sampler_count(struct vcpu *vcpu, const struct access *access)
{
	unsigned int on = vcpu->slots_on[access->kind][access->mode];
	int i;

	for (i = 0; i < VPEBS_SLOTS; i++) {
		struct slot *slot = &vcpu->slots[i];

		if (!(on & 1 << i) || (access->kind == VPEBS_LOAD && access->latency < slot->told.threshold))
			continue;
		slot->count++;
		if (--slot->left <= 0) {
			slot->left = slot->told.period;
			record(vcpu, i, access);
		}
	}
}

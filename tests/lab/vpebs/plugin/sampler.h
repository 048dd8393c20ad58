/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sampled events of a vCPU: programmed by the guest through its slots, recorded in its ring. */
#ifndef VPEBS_SAMPLER_H
#define VPEBS_SAMPLER_H

#include "vcpu.h"

/* An access, as far as an event may ask. */
struct access {
	uint64_t ip, address;
	uint32_t latency;
	uint8_t kind, mode, tier;
};

/* At RELOAD: takes over the slots whose generation changed, and stops those that are off. */
void sampler_reload(struct vcpu *vcpu);

/* At SYNC: tells the guest what its events have counted. */
void sampler_sync(struct vcpu *vcpu);

/* Called only if vcpu->slots_on[kind][mode] is not 0. */
void sampler_count(struct vcpu *vcpu, const struct access *access);

#endif

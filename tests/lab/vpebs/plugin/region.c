// SPDX-License-Identifier: GPL-2.0-or-later
#include "region.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool inside;

/* All counters are 64 bits wide, so a vCPU that counts on meanwhile is at most one step ahead. */
void region_begin(struct vpebs_shared *shared)
{
	unsigned int i;

	pthread_mutex_lock(&lock);
	for (i = 0; i < shared->header.vcpus; i++)
		shared->vcpus[i].region_start = shared->vcpus[i].total;
	inside = true;
	shared->header.regions_begun++;
	pthread_mutex_unlock(&lock);
}

void region_end(struct vpebs_shared *shared)
{
	unsigned int i, word;

	pthread_mutex_lock(&lock);
	for (i = 0; inside && i < shared->header.vcpus; i++) {
		struct vpebs_vcpu *vcpu = &shared->vcpus[i];
		uint64_t *sum = (uint64_t *)&vcpu->regions;
		const uint64_t *now = (const uint64_t *)&vcpu->total, *start = (const uint64_t *)&vcpu->region_start;

		for (word = 0; word < sizeof(vcpu->total) / sizeof(*sum); word++)
			sum[word] += now[word] - start[word];
	}
	shared->header.regions_ended += inside;
	inside = false;
	pthread_mutex_unlock(&lock);
}

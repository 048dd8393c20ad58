// SPDX-License-Identifier: GPL-2.0-or-later
#include "report.h"

#include <stdint.h>
#include <stdio.h>

static uint64_t both(const __u64 *by_mode)
{
	return by_mode[VPEBS_USER] + by_mode[VPEBS_KERNEL];
}

static uint64_t misses(const struct vpebs_counters *counters, int tier)
{
	return both(counters->misses[tier][VPEBS_LOAD]) + both(counters->misses[tier][VPEBS_STORE]);
}

/* profile.h has the formula. */
static double modelled_ns(const struct vpebs_header *header, const struct vpebs_counters *counters, int profile)
{
	double ns = (double)both(counters->instructions) * header->cpi_milli / header->mhz;
	int tier;

	for (tier = 0; tier < VPEBS_TIERS; tier++)
		ns += (double)misses(counters, tier) * header->profiles[profile].latency_ns[tier];
	return ns;
}

static void write_counters(FILE *out, const struct vpebs_header *header, const struct vpebs_counters *counters)
{
	static const char *const tiers[VPEBS_TIERS] = {"fmem", "smem", "other"};
	int i;

	fprintf(out, "{\"instructions\": {\"user\": %llu, \"kernel\": %llu}", counters->instructions[VPEBS_USER],
		counters->instructions[VPEBS_KERNEL]);
	fprintf(out, ", \"loads\": %lu, \"stores\": %lu", both(counters->accesses[VPEBS_LOAD]),
		both(counters->accesses[VPEBS_STORE]));
	for (i = 0; i < VPEBS_TIERS; i++)
		fprintf(out, ", \"%s_misses\": {\"load\": %lu, \"store\": %lu}", tiers[i],
			both(counters->misses[i][VPEBS_LOAD]), both(counters->misses[i][VPEBS_STORE]));
	fprintf(out,
		", \"tlb_page_flushes\": %llu, \"tlb_flushes\": %llu, \"samples\": %llu, \"lost\": %llu, "
		"\"modelled_ns\": {",
		counters->tlb_page_flushes, counters->tlb_flushes, counters->samples, counters->lost);
	for (i = 0; i < VPEBS_PROFILES; i++)
		fprintf(out, "%s\"%s\": %.0f", i ? ", " : "", header->profiles[i].name,
			modelled_ns(header, counters, i));
	fprintf(out, "}}");
}

bool report_write(const struct vpebs_shared *shared, const char *path)
{
	const struct vpebs_header *header = &shared->header;
	FILE *out = fopen(path, "w");
	unsigned int i;

	if (!out)
		return false;
	fprintf(out, "{\"cache_bytes\": %u, \"cache_ways\": %u, \"mhz\": %u, \"cpi\": %.3f, \"regions\": %llu,\n",
		header->cache_bytes, header->cache_ways, header->mhz, header->cpi_milli / 1000.0,
		header->regions_ended);
	fprintf(out, " \"vcpus\": [");
	for (i = 0; i < header->vcpus; i++) {
		fprintf(out, "%s\n  {\"total\": ", i ? "," : "");
		write_counters(out, header, &shared->vcpus[i].total);
		fprintf(out, ",\n   \"regions\": ");
		write_counters(out, header, &shared->vcpus[i].regions);
		fprintf(out, "}");
	}
	fprintf(out, "]}\n");
	return fclose(out) == 0;
}

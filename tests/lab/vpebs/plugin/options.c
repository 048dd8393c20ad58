// SPDX-License-Identifier: GPL-2.0-or-later
#include "options.h"

#include <stdio.h>
#include <string.h>

#include "profile.h"

/*
 * A vCPU's share of an Ice Lake-SP die is 1.25 MiB of L2 and 1.5 MiB of L3, and the published evaluation gives it 4 GiB
 * of memory: 1 to 1500. Emulation affords workloads of hundreds of MiB, so the cache shrinks with them: 256 KiB, 1 to
 * 1500 of 384 MiB a vCPU.
 */
enum { DEFAULT_CACHE = 256 << 10, DEFAULT_WAYS = 8 };

static bool parse_size(const char *text, uint64_t *bytes)
{
	char *end;
	unsigned long long number = strtoull(text, &end, 10);
	int shift = 0;

	if (*end == 'K')
		shift = 10;
	else if (*end == 'M')
		shift = 20;
	else if (*end == 'G')
		shift = 30;
	if (end == text || *text == '-' || end[shift != 0] || number > UINT64_MAX >> 20 >> shift)
		return false;
	*bytes = number << shift;
	return true;
}

static bool parse_profile(const char *text, unsigned int *profile)
{
	for (*profile = 0; *profile < VPEBS_PROFILES; ++*profile)
		if (!strcmp(text, vpebs_profiles[*profile].name))
			return true;
	return false;
}

static bool parse_one(struct options *options, char *text)
{
	char *value = strchr(text, '=');
	uint64_t ways;

	if (!value)
		return false;
	*value++ = 0;
	if (!strcmp(text, "shared"))
		options->shared = value;
	else if (!strcmp(text, "json"))
		options->json = value;
	else if (!strcmp(text, "fmem"))
		return parse_size(value, &options->tiers.fmem);
	else if (!strcmp(text, "smem"))
		return parse_size(value, &options->tiers.smem);
	else if (!strcmp(text, "low"))
		return parse_size(value, &options->tiers.low);
	else if (!strcmp(text, "cache"))
		return parse_size(value, &options->cache_bytes);
	else if (!strcmp(text, "ways") && parse_size(value, &ways))
		options->ways = ways <= CACHE_MAX_WAYS ? ways : 0;
	else
		return !strcmp(text, "profile") && parse_profile(value, &options->profile);
	return true;
}

bool options_parse(struct options *options, int argc, char **argv)
{
	int i;

	*options = (struct options){.cache_bytes = DEFAULT_CACHE, .ways = DEFAULT_WAYS};
	for (i = 0; i < argc; i++) {
		if (!parse_one(options, argv[i])) {
			fprintf(stderr,
				"vpebs: argument %s is unknown or wrong; tests/lab/vpebs/README.md lists them\n",
				argv[i]);
			return false;
		}
	}
	if (!options->tiers.fmem) {
		fprintf(stderr, "vpebs: fmem=SIZE, the size of the first NUMA cell, is missing\n");
		return false;
	}
	if (!options->tiers.low)
		options->tiers.low = tier_low_memory(options->tiers.fmem + options->tiers.smem);
	if (!cache_shape(&options->cache, options->cache_bytes, options->ways)) {
		fprintf(stderr, "vpebs: cache=%lu ways=%u is no cache: cache / 64 / ways must be a power of two\n",
			options->cache_bytes, options->ways);
		return false;
	}
	return true;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Targets that the domain carries: an SMBIOS type 11 (OEM) string
 *
 *   hypertier:v1 fmem-node=0 smem-node=1 fmem-balloon=BYTES smem-balloon=BYTES
 *
 * The firmware tables are the host's, but they are still parsed whole before
 * anything of them counts: half a string must not make half a configuration.
 */
#define pr_fmt(format) KBUILD_MODNAME ": " format

#include <linux/dmi.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "hyperflex.h"

#define HF_BOOT_PREFIX	"hypertier:v1"

static const char * const hf_node_keys[HF_NR_TIERS] = { "fmem-node", "smem-node" };
static const char * const hf_balloon_keys[HF_NR_TIERS] = { "fmem-balloon", "smem-balloon" };

static bool hf_boot_word(struct hf_boot *boot, char *word)
{
	char *key = strsep(&word, "=");
	u64 value;
	int i;

	/* A plain decimal number: kstrtoull() would take a sign and a newline too. */
	if (!word || !*word || strspn(word, "0123456789") != strlen(word) ||
	    kstrtoull(word, 10, &value))
		return false;
	i = match_string(hf_node_keys, HF_NR_TIERS, key);
	if (i >= 0) {
		if (value >= MAX_NUMNODES)
			return false;
		boot->node[i] = value;
		return true;
	}
	i = match_string(hf_balloon_keys, HF_NR_TIERS, key);
	if (i >= 0) {
		boot->balloon[i] = value;
		return PAGE_ALIGNED(value);
	}
	return false;
}

static bool hf_boot_parse(struct hf_boot *boot, const char *string)
{
	struct hf_boot parsed = *boot;
	char *copy = kstrdup(string, GFP_KERNEL);
	char *rest = copy, *word;
	bool ok = copy;

	strsep(&rest, " ");	/* the prefix */
	while (ok && (word = strsep(&rest, " ")))
		if (*word)
			ok = hf_boot_word(&parsed, word);
	kfree(copy);
	if (ok && parsed.node[HF_FMEM] == parsed.node[HF_SMEM])
		ok = false;
	if (ok)
		*boot = parsed;
	return ok;
}

static bool hf_has_memory(int node)
{
	return node < MAX_NUMNODES && node_state(node, N_MEMORY) && node_present_pages(node);
}

/* Fills in nodes that have memory, and balloons; NUMA_NO_NODE: no such tier. */
void hf_boot_read(struct hf_boot *boot)
{
	const struct dmi_device *dev = NULL;

	*boot = (struct hf_boot){ .node = { 0, 1 } };
	while ((dev = dmi_find_device(DMI_DEV_TYPE_OEM_STRING, NULL, dev))) {
		size_t len = strlen(HF_BOOT_PREFIX);

		if (strncmp(dev->name, HF_BOOT_PREFIX, len) ||
		    (dev->name[len] && dev->name[len] != ' '))
			continue;
		if (!hf_boot_parse(boot, dev->name))
			pr_warn("ignoring malformed boot string \"%s\"\n", dev->name);
		break;
	}

	if (!hf_has_memory(boot->node[HF_SMEM]))
		boot->node[HF_SMEM] = NUMA_NO_NODE;
	/* The guest always has some memory, and what it has first is its fast tier. */
	if (!hf_has_memory(boot->node[HF_FMEM])) {
		boot->node[HF_FMEM] = first_memory_node;
		boot->balloon[HF_FMEM] = 0;
		if (boot->node[HF_FMEM] == boot->node[HF_SMEM])
			boot->node[HF_SMEM] = NUMA_NO_NODE;
	}
	if (boot->node[HF_SMEM] == NUMA_NO_NODE && boot->balloon[HF_SMEM]) {
		pr_warn("the guest has no second memory node, no smem balloon\n");
		boot->balloon[HF_SMEM] = 0;
	}
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Commands written to /dev/hyperflex.  Parsed whole before anything happens.
 */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/string.h>
#include "hyperflex.h"

static const char * const hf_set_keys[] = { "fmem", "smem", "generation" };

#define HF_KEY_GENERATION	HF_NR_TIERS

/* A plain decimal number: kstrtoull() would take a sign and a newline too. */
static int hf_number(const char *text, u64 *value)
{
	if (!*text || strspn(text, "0123456789") != strlen(text))
		return -EINVAL;
	return kstrtoull(text, 10, value);	/* -ERANGE beyond 64 bits */
}

static int hf_command_set(struct hf_dev *hf, char *rest)
{
	bool given[HF_NR_TIERS + 1] = {};
	u64 value[HF_NR_TIERS + 1] = {};
	char *word, *key;
	int i, err;

	while ((word = strsep(&rest, " "))) {
		if (!*word)
			continue;
		key = strsep(&word, "=");
		i = match_string(hf_set_keys, ARRAY_SIZE(hf_set_keys), key);
		if (i < 0 || !word || given[i])
			return -EINVAL;
		err = hf_number(word, &value[i]);
		if (err)
			return i == HF_KEY_GENERATION ? -EINVAL : err;
		if (i < HF_NR_TIERS && !PAGE_ALIGNED(value[i]))
			return -EINVAL;
		given[i] = true;
	}
	if (!value[HF_KEY_GENERATION] || !(given[HF_FMEM] || given[HF_SMEM]))
		return -EINVAL;
	return hf_target_set(hf, value[HF_KEY_GENERATION], given, value);
}

/* @text is NUL-terminated, without its newline, and gets chopped up. */
int hf_command(struct hf_dev *hf, char *text)
{
	char *name = strsep(&text, " ");

	if (!strcmp(name, "set"))
		return hf_command_set(hf, text);
	if (!strcmp(name, "rediscard") && !text)
		return hf_target_rediscard(hf);
	return -EINVAL;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * The targets in force and who set them: the boot string, the agent, or a total
 * from the device, which is spread over the tiers here.
 */
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/virtio_config.h>
#include "hyperflex.h"

/* Under target_lock. */
static void hf_targets_apply(struct hf_dev *hf, const unsigned long pages[HF_NR_TIERS],
			     u64 generation, enum hf_source source)
{
	struct hf_tier *t;

	hf->generation = generation;
	hf->source = source;
	hf_for_each_tier(hf, t)
		hf_tier_set_target(t, pages[t - hf->tiers]);
	/*
	 * The tier that deflates starts first: what the other is about to take
	 * may have to move there.
	 */
	hf_for_each_tier(hf, t)
		if (READ_ONCE(t->state) == HF_DEFLATING)
			hf_tier_kick(t);
	hf_for_each_tier(hf, t)
		if (READ_ONCE(t->state) != HF_DEFLATING)
			hf_tier_kick(t);
	hf_notify();
}

/* A `set` command.  All or nothing: 0, -ENODEV, -ERANGE or -EIO. */
int hf_target_set(struct hf_dev *hf, u64 generation, const bool given[HF_NR_TIERS],
		  const u64 bytes[HF_NR_TIERS])
{
	unsigned long pages[HF_NR_TIERS] = {};
	int i, err = 0;

	mutex_lock(&hf->target_lock);
	if (hf_broken(hf))
		err = -EIO;
	for (i = 0; i < HF_NR_TIERS && !err; i++) {
		struct hf_tier *t = &hf->tiers[i];

		pages[i] = t->target;
		if (!given[i])
			continue;
		if (t->node == NUMA_NO_NODE)
			err = -ENODEV;
		else if (bytes[i] > hf_to_bytes(hf_tier_present(t)))
			err = -ERANGE;
		pages[i] = hf_to_pages(bytes[i]);
	}
	if (!err)
		hf_targets_apply(hf, pages, generation, HF_SOURCE_AGENT);
	mutex_unlock(&hf->target_lock);
	return err;
}

int hf_target_rediscard(struct hf_dev *hf)
{
	struct hf_tier *t;

	if (hf_broken(hf))
		return -EIO;
	mutex_lock(&hf->target_lock);
	WRITE_ONCE(hf->rediscard_wanted, hf->rediscard_wanted + 1);
	mutex_unlock(&hf->target_lock);
	hf_for_each_tier(hf, t)
		hf_tier_kick(t);
	return 0;
}

void hf_target_boot(struct hf_dev *hf, const struct hf_boot *boot)
{
	unsigned long pages[HF_NR_TIERS] = {};
	struct hf_tier *t;

	hf_for_each_tier(hf, t) {
		pages[t - hf->tiers] = hf_to_pages(boot->balloon[t - hf->tiers]);
		if (pages[t - hf->tiers] <= hf_tier_present(t))
			continue;
		pages[t - hf->tiers] = hf_tier_present(t);
		dev_warn(&hf->vdev->dev, "%s: the boot target is more than node %d has\n",
			 t->name, t->node);
	}
	mutex_lock(&hf->target_lock);
	hf_targets_apply(hf, pages, 0, HF_SOURCE_BOOT);
	mutex_unlock(&hf->target_lock);
}

/*
 * Changes @target so that its sum is @total, as far as @present allows.  More is
 * taken in proportion to what each tier could still give, less given back in
 * proportion to what each balloon is to hold.  The first tier changes by whole
 * blocks, the other takes up the rest.  All in pages.
 */
static void hf_spread(unsigned long target[HF_NR_TIERS],
		      const unsigned long present[HF_NR_TIERS], unsigned long total)
{
	unsigned long sum = target[0] + target[1];
	unsigned long room[HF_NR_TIERS], part;

	total = min(total, present[0] + present[1]);
	if (total >= sum) {
		room[0] = present[0] - min(target[0], present[0]);
		room[1] = present[1] - min(target[1], present[1]);
		if (!(room[0] + room[1]))
			return;
		part = mul_u64_u64_div_u64(total - sum, room[0], room[0] + room[1]);
		part = target[0] + round_down(part, HF_BLOCK_PAGES);
	} else {
		part = mul_u64_u64_div_u64(sum - total, target[0], sum);
		part = target[0] - round_down(part, HF_BLOCK_PAGES);
	}
	/* What rounding, or a tier that is full, leaves to the other. */
	if (total - min(part, total) > present[1])
		part = total - present[1];
	target[0] = min(part, total);
	target[1] = total - target[0];
}

/* The device's total: acts on it if it changed, or at @bind. */
void hf_target_total(struct hf_dev *hf, bool bind)
{
	unsigned long pages[HF_NR_TIERS] = {}, present[HF_NR_TIERS] = {}, total;
	struct hf_tier *t;
	u32 num_pages;

	virtio_cread_le(hf->vdev, struct virtio_balloon_config, num_pages, &num_pages);

	mutex_lock(&hf->target_lock);
	/*
	 * At bind a zero means that nobody has set a total, and the boot string
	 * stands; a total of zero set later is one.
	 */
	if (num_pages == hf->num_pages_seen && (!bind || !num_pages))
		goto out;
	hf->num_pages_seen = num_pages;

	hf_for_each_tier(hf, t) {
		pages[t - hf->tiers] = t->target;
		present[t - hf->tiers] = hf_tier_present(t);
	}
	total = DIV_ROUND_UP_ULL((u64)num_pages << VIRTIO_BALLOON_PFN_SHIFT, PAGE_SIZE);
	if (total == pages[0] + pages[1])
		goto out;
	hf_spread(pages, present, total);
	hf_targets_apply(hf, pages, 0, HF_SOURCE_TOTAL);
out:
	mutex_unlock(&hf->target_lock);
}

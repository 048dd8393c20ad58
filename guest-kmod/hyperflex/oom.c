// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory for a guest that is about to kill: slow memory first, which its owner
 * misses least.  What the host took meanwhile shows in `actual`, in the counters
 * and as a shortfall; the balloon leaves the guest alone for a while after.
 */
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/oom.h>
#include <linux/virtio_config.h>
#include "hyperflex.h"

/* Before the hooks of default priority, like the stock driver. */
#define HF_OOM_PRIORITY	80

static unsigned int oom_pages = 2048;
module_param(oom_pages, uint, 0644);
MODULE_PARM_DESC(oom_pages, "4 KiB pages that one OOM notification gives back (default 2048)");

static unsigned int oom_hold_ms = 10000;
module_param(oom_hold_ms, uint, 0644);
MODULE_PARM_DESC(oom_hold_ms, "ms after an OOM before the balloon inflates again (default 10000)");

/*
 * In the context of a task that failed to allocate, one at a time (the kernel's
 * oom_lock).  Takes spinlocks only, and none that is ever held across an
 * allocation or a wait for the host; the host hears of it later.
 */
static int hf_oom_notify(struct notifier_block *nb, unsigned long unused, void *parm)
{
	struct hf_dev *hf = container_of(nb, struct hf_dev, oom_nb);
	unsigned long want = DIV_ROUND_UP((u64)READ_ONCE(oom_pages) << VIRTIO_BALLOON_PFN_SHIFT,
					  PAGE_SIZE);
	unsigned long *freed = parm;
	unsigned long got = 0, n;
	int i;

	if (hf_is_empty(hf))
		return NOTIFY_OK;
	WRITE_ONCE(hf->oom_hold_until, jiffies + msecs_to_jiffies(READ_ONCE(oom_hold_ms)));
	smp_store_release(&hf->oom_hold, true);
	for (i = HF_NR_TIERS - 1; i >= 0; i--) {
		struct hf_tier *t = &hf->tiers[i];

		if (t->node == NUMA_NO_NODE)
			continue;
		do {
			n = got < want ? hf_blocks_release(t, want - got) : 0;
			got += n;
		} while (n);
		/* Makes the worker drop what it was about to take, and note the shortfall. */
		hf_tier_kick(t);
	}
	if (got) {
		atomic64_inc(&hf->oom_deflates);
		atomic64_add(got, &hf->oom_pages);
		queue_work(hf->wq, &hf->actual_work);
		dev_info_ratelimited(&hf->vdev->dev, "out of memory: gave back %lu pages\n", got);
	}
	*freed += got;
	return NOTIFY_OK;
}

/* True while the balloon has to leave the guest alone; @left in jiffies. */
bool hf_oom_holds(struct hf_dev *hf, unsigned long *left)
{
	unsigned long until;

	if (!smp_load_acquire(&hf->oom_hold))
		return false;
	until = READ_ONCE(hf->oom_hold_until);
	if (time_before(jiffies, until)) {
		*left = until - jiffies;
		return true;
	}
	WRITE_ONCE(hf->oom_hold, false);
	return false;
}

/* The host decides (autodeflate) whether the guest may take memory back. */
int hf_oom_init(struct hf_dev *hf)
{
	if (!virtio_has_feature(hf->vdev, VIRTIO_BALLOON_F_DEFLATE_ON_OOM))
		return 0;
	hf->oom_nb.notifier_call = hf_oom_notify;
	hf->oom_nb.priority = HF_OOM_PRIORITY;
	return register_oom_notifier(&hf->oom_nb);
}

void hf_oom_exit(struct hf_dev *hf)
{
	if (virtio_has_feature(hf->vdev, VIRTIO_BALLOON_F_DEFLATE_ON_OOM))
		unregister_oom_notifier(&hf->oom_nb);
}

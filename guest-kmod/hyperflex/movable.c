// SPDX-License-Identifier: GPL-2.0-only
/*
 * Migration of the balloon's order-0 pages, so that a fragmented balloon does
 * not stand in the way of compaction.  Larger blocks do not move: they are what
 * compaction would want to make.
 */
#include <linux/mm.h>
#include <linux/vmstat.h>
#include "hyperflex.h"

#ifdef CONFIG_BALLOON_COMPACTION
/*
 * Called with both pages locked and the old one isolated from t->movable, by
 * whoever compacts, which may be one of our own workers in an allocation: so no
 * lock of ours may be held across allocations, and none is waited for here.
 *
 * The new page has to be discarded before the old one goes back to the guest.
 */
int hf_movable_migrate(struct balloon_dev_info *movable, struct page *newpage,
		       struct page *page, enum migrate_mode mode)
{
	struct hf_tier *t = container_of(movable, struct hf_tier, movable);
	unsigned long flags;
	int err;

	/* A tier's balloon stays on its node. */
	if (page_to_nid(newpage) != t->node)
		return -EINVAL;
	/* Asynchronous callers do not want to wait for a host. */
	if (mode == MIGRATE_ASYNC || hf_broken(t->hf) || hf_stopping(t->hf))
		return -EAGAIN;

	get_page(newpage);
	err = hf_tx_discard_page(t->hf, newpage);
	if (err == -EIO) {
		/* Keeps the reference: the page may still be discarded. */
		dev_err(&t->hf->vdev->dev, "%s: one page lost to a request never answered\n",
			t->name);
		return err;
	}
	if (err) {
		put_page(newpage);
		return err;
	}

	/* Zones count what they manage, and the move may cross zones. */
	if (page_zone(page) != page_zone(newpage)) {
		adjust_managed_page_count(newpage, -1);
		adjust_managed_page_count(page, 1);
	}
	spin_lock_irqsave(&movable->pages_lock, flags);
	balloon_page_insert(movable, newpage);
	movable->isolated_pages--;
	__count_vm_event(BALLOON_MIGRATE);
	spin_unlock_irqrestore(&movable->pages_lock, flags);

	balloon_page_finalize(page);
	put_page(page);
	return MIGRATEPAGE_SUCCESS;
}
#endif

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rediscard: after a restore or a migration the destination may back balloon
 * memory again, so every held block is handed to the host once more.
 *
 * A pass first moves all held blocks to the tier's stale lists, then sends from
 * there; blocks come back to the normal lists when the host is through.  Both
 * kinds of lists are within reach of deflate and OOM all the time, except for
 * the few requests in flight.  All functions are for the tier's worker.
 */
#include <linux/mm.h>
#include <linux/sched.h>
#include "hyperflex.h"

#define HF_DRAIN_PAGES	256

bool hf_rediscard_wanted(struct hf_tier *t)
{
	return t->pass_active ||
	       (!hf_broken(t->hf) &&
		t->rediscard_done != READ_ONCE(t->hf->rediscard_wanted));
}

/* Takes the movable pages off compaction's lists, a few at a time. */
static void hf_drain_movable(struct hf_tier *t)
{
	unsigned long flags;
	size_t n;

	do {
		spin_lock(&t->lock);
		n = balloon_page_list_dequeue(&t->movable, &t->stale[0], HF_DRAIN_PAGES);
		spin_unlock(&t->lock);
		cond_resched();
	} while (n);

	/* What compaction has out now may come back unsent: look again later. */
	spin_lock_irqsave(&t->movable.pages_lock, flags);
	t->pass_missed = t->movable.isolated_pages || !list_empty(&t->movable.pages);
	spin_unlock_irqrestore(&t->movable.pages_lock, flags);
}

static void hf_pass_begin(struct hf_tier *t)
{
	int order;

	if (!t->pass_active)
		t->pass = READ_ONCE(t->hf->rediscard_wanted);
	t->pass_active = true;
	spin_lock(&t->lock);
	for (order = 1; order < HF_NR_ORDERS; order++)
		list_splice_tail_init(&t->blocks[order], &t->stale[order]);
	spin_unlock(&t->lock);
	hf_drain_movable(t);
}

/* Fills a request from the stale lists; false if they are empty. */
static bool hf_pass_fill(struct hf_tier *t, struct hf_req *req)
{
	struct page *page;
	int order;

	spin_lock(&t->lock);
	for (order = HF_BLOCK_ORDER; order >= 0; order--) {
		while (!list_empty(&t->stale[order])) {
			page = list_first_entry(&t->stale[order], struct page, lru);
			if (!hf_req_add(t->hf, req, page, order))
				goto out;
			list_move_tail(&page->lru, &req->blocks);
		}
	}
out:
	spin_unlock(&t->lock);
	return !list_empty(&req->blocks);
}

/* The host is through with a request (or never got it, after @req failed). */
void hf_rediscard_done(struct hf_tier *t, struct hf_req *req)
{
	spin_lock(&t->lock);
	hf_blocks_hold(t, &req->blocks);
	spin_unlock(&t->lock);
	t->again_in_flight--;
}

static void hf_pass_unfill(struct hf_tier *t, struct hf_req *req)
{
	struct page *page, *next;

	spin_lock(&t->lock);
	list_for_each_entry_safe(page, next, &req->blocks, lru)
		list_move(&page->lru, &t->stale[page_private(page)]);
	spin_unlock(&t->lock);
	hf_req_clear(req);
}

/* One step of the pass; false if it has to wait for the device. */
bool hf_rediscard_step(struct hf_tier *t)
{
	struct hf_req *req = NULL;
	int i;

	if (!t->pass_active) {
		hf_pass_begin(t);
		return true;
	}
	for (i = 0; i < HF_TIER_REQS && !req; i++)
		if (t->reqs[i].state == HF_REQ_IDLE)
			req = &t->reqs[i];
	if (!req)
		return false;

	if (hf_pass_fill(t, req)) {
		req->again = true;
		if (hf_tx_send(t->hf, req)) {
			hf_pass_unfill(t, req);
			return false;
		}
		t->again_in_flight++;
		return true;
	}
	if (t->again_in_flight)
		return false;
	if (t->pass_missed) {
		hf_pass_begin(t);
		/* Compaction holds pages for moments only. */
		if (t->pass_missed)
			schedule_timeout_uninterruptible(1);
		return true;
	}

	t->pass_active = false;
	spin_lock(&t->lock);
	t->rediscard_done = t->pass;
	spin_unlock(&t->lock);
	hf_notify();
	return true;
}

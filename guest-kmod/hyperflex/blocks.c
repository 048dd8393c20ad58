// SPDX-License-Identifier: GPL-2.0-only
/*
 * The blocks of a tier's balloon: kept by order, released smallest first.
 *
 * Smallest first, because small blocks sit scattered where the guest was
 * fragmented: giving those back lets the buddy allocator merge them, while
 * whole 2 MiB blocks stay whole for the host.  A block larger than what is left
 * to release is split, by giving its second half a reference of its own.
 */
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include "hyperflex.h"

/* Order-0 pages looked at under one hold of the locks. */
#define HF_RELEASE_PAGES	512UL

void hf_blocks_init(struct hf_tier *t)
{
	int order;

	for (order = 0; order < HF_NR_ORDERS; order++) {
		INIT_LIST_HEAD(&t->blocks[order]);
		INIT_LIST_HEAD(&t->stale[order]);
	}
	balloon_devinfo_init(&t->movable);
#ifdef CONFIG_BALLOON_COMPACTION
	t->movable.migratepage = hf_movable_migrate;
#endif
	INIT_LIST_HEAD(&t->stash);
}

static void hf_set_offline(struct page *page, unsigned int order, bool offline)
{
	unsigned long i;

	for (i = 0; i < 1UL << order; i++) {
		if (offline)
			__SetPageOffline(page + i);
		else
			__ClearPageOffline(page + i);
	}
}

/*
 * Takes a block off the books: MemTotal and reclaim see what the guest really
 * has, and crash dumps and /proc/kcore keep off the pages.  Order-0 pages are
 * marked by the balloon_page_*() functions instead.
 */
void hf_block_withdraw(struct page *page)
{
	unsigned int order = page_private(page);

	adjust_managed_page_count(page, -(1L << order));
	if (order)
		hf_set_offline(page, order, true);
}

/* The reverse. */
void hf_block_readmit(struct page *page)
{
	unsigned int order = page_private(page);

	if (order)
		hf_set_offline(page, order, false);
	adjust_managed_page_count(page, 1L << order);
}

/* Gives a block that is on the books to the page allocator. */
void hf_block_free(struct page *page)
{
	unsigned int order = page_private(page);

	set_page_private(page, 0);
	__free_pages(page, order);
}

/* Under t->lock.  Files blocks that the host has discarded. */
void hf_blocks_hold(struct hf_tier *t, struct list_head *blocks)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, blocks, lru) {
		list_del(&page->lru);
		if (page_private(page))
			list_add_tail(&page->lru, &t->blocks[page_private(page)]);
		else
			balloon_page_enqueue(&t->movable, page);
	}
}

/* Under t->lock.  Files one half of a split block beside where it came from. */
static void hf_file_half(struct hf_tier *t, struct list_head *lists, struct page *page,
			 unsigned int order)
{
	set_page_private(page, order);
	if (order) {
		list_add(&page->lru, &lists[order]);
		return;
	}
	hf_set_offline(page, 0, false);
	if (lists == t->stale)
		list_add(&page->lru, &lists[0]);
	else
		balloon_page_enqueue(&t->movable, page);
}

/* Under t->lock.  Takes the smallest block, cut down to at most @want pages. */
static struct page *hf_pop_smallest(struct hf_tier *t, unsigned long want)
{
	struct list_head *lists = NULL;
	unsigned int order;
	struct page *page;

	for (order = 0; order < HF_NR_ORDERS && !lists; order++) {
		if (!list_empty(&t->blocks[order]))
			lists = t->blocks;
		else if (!list_empty(&t->stale[order]))
			lists = t->stale;
	}
	if (!lists)
		return NULL;

	order--;
	page = list_first_entry(&lists[order], struct page, lru);
	list_del(&page->lru);
	while (1UL << order > want) {
		order--;
		init_page_count(page + (1UL << order));
		hf_file_half(t, lists, page + (1UL << order), order);
		if (!order)
			hf_set_offline(page, 0, false);
	}
	set_page_private(page, order);
	return page;
}

/*
 * Gives up to @pages back to the guest; returns how many.  It can be less than
 * is held: pages that compaction is moving, or a rediscard has in flight, come
 * later.  Never sleeps, allocates or waits for the host: the OOM notifier calls
 * this.
 */
unsigned long hf_blocks_release(struct hf_tier *t, unsigned long pages)
{
	struct page *page, *next;
	unsigned long got;
	LIST_HEAD(out);

	spin_lock(&t->lock);
	pages = min(pages, t->held);
	got = balloon_page_list_dequeue(&t->movable, &out, min(pages, HF_RELEASE_PAGES));
	while (got < pages && got < HF_RELEASE_PAGES * 8) {
		page = hf_pop_smallest(t, pages - got);
		if (!page)
			break;
		list_add_tail(&page->lru, &out);
		got += 1UL << page_private(page);
	}
	t->held -= got;
	spin_unlock(&t->lock);

	if (got)
		WRITE_ONCE(t->hf->dirty, true);
	hf_tx_tell_deflated(t->hf, &out);
	list_for_each_entry_safe(page, next, &out, lru) {
		list_del(&page->lru);
		hf_block_readmit(page);
		hf_block_free(page);
	}
	return got;
}

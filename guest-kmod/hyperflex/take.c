// SPDX-License-Identifier: GPL-2.0-only
/*
 * Taking memory of one node, and of no other.
 *
 * Free blocks are isolated from the buddy allocator's lists the way free page
 * reporting takes them.  That skips what an allocation does to a page, above
 * all zeroing it (init_on_alloc), which is waste for memory that the host is
 * about to discard.  Where that is not possible, plain allocation.
 *
 * Every zone is left a margin above its high watermark, so the balloon never
 * wakes kswapd by itself, let alone eats the reserves of atomic allocations.
 * Only when the node has nothing above it does hf_take_reclaim() make the kernel
 * reclaim, gently and with back-off decided by the caller.
 */
#define pr_fmt(format) KBUILD_MODNAME ": " format

#include <linux/gfp.h>
#include <linux/kprobes.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/sched.h>
#include <linux/static_call.h>
#include "compat.h"
#include "hyperflex.h"

bool hf_isolate = true;
module_param_named(isolate, hf_isolate, bool, 0444);
MODULE_PARM_DESC(isolate, "take free blocks without zeroing where the kernel lets us (default 1)");

/* Pages kept free in a zone above its high watermark. */
#define HF_MARGIN		256UL
/* Blocks isolated under one hold of the zone lock, which has interrupts off. */
#define HF_ISOLATE_BATCH	16
/* Smaller free blocks are taken by allocation: the per-CPU lists hold many of them. */
#define HF_ISOLATE_MIN_ORDER	3

/* Less than this is no success of reclaim. */
#define HF_RECLAIM_MIN		64UL

#define HF_GFP	(__GFP_THISNODE | __GFP_NORETRY | __GFP_NOWARN | __GFP_NOMEMALLOC)

/*
 * Not exported.  A static call, because on IBT kernels an indirect call to a
 * function whose address the kernel itself never takes would fault.  Until
 * resolved it returns 0: "not isolated".
 */
typedef int hf_isolate_fn(struct page *page, unsigned int order);
int hf_isolate_unresolved(struct page *page, unsigned int order);
DEFINE_STATIC_CALL_RET0(hf_isolate_page, hf_isolate_unresolved);

static bool hf_can_isolate;

/*
 * These debugging aids keep books on every allocated page, which isolation
 * would bypass and so upset.
 */
#if defined(CONFIG_PAGE_OWNER) || defined(CONFIG_MEM_ALLOC_PROFILING_DEBUG)
#define HF_ISOLATE_BUILT 0
#else
#define HF_ISOLATE_BUILT 1
#endif

/* At load.  A disabled kprobe tells where a symbol is and patches nothing. */
void hf_take_resolve(void)
{
	struct kprobe kp = {
		.symbol_name = "__isolate_free_page",
		.flags = KPROBE_FLAG_DISABLED,
	};
	unsigned long addr;

	if (!hf_isolate || !HF_ISOLATE_BUILT)
		return;
	if (register_kprobe(&kp)) {
		pr_info("cannot isolate free pages, allocating instead\n");
		return;
	}
	addr = (unsigned long)kp.addr;
	unregister_kprobe(&kp);
#ifdef CONFIG_X86_KERNEL_IBT
	/* The probe point lies behind the landing pad; callers want the start. */
	addr = ALIGN_DOWN(addr, CONFIG_FUNCTION_ALIGNMENT);
#endif
	static_call_update(hf_isolate_page, (hf_isolate_fn *)addr);
	hf_can_isolate = true;
}

bool hf_take_isolates(void)
{
	return hf_can_isolate;
}

/*
 * The zones that the balloon may empty.  ZONE_DMA is too small and too precious.
 * ZONE_MOVABLE only through movable order-0 pages, so hf_zone_isolable() is
 * narrower.
 */
static bool hf_zone_counts(struct zone *zone)
{
#ifdef CONFIG_ZONE_DMA
	if (zone_idx(zone) == ZONE_DMA)
		return false;
#endif
	return populated_zone(zone) && !zone_is_zone_device(zone);
}

static bool hf_zone_isolable(struct zone *zone)
{
	return hf_zone_counts(zone) && zone_idx(zone) <= ZONE_NORMAL;
}

static unsigned long hf_zone_above(struct zone *zone, unsigned long mark)
{
	unsigned long keep = mark + HF_MARGIN + zone->nr_reserved_highatomic;
	unsigned long free = zone_page_state(zone, NR_FREE_PAGES);

	return free > keep ? free - keep : 0;
}

/* Pages of the node that can be had without any reclaim. */
unsigned long hf_take_spare(int node)
{
	unsigned long spare = 0;
	int i;

	for (i = 0; i < MAX_NR_ZONES; i++) {
		struct zone *zone = &NODE_DATA(node)->node_zones[i];

		if (hf_zone_counts(zone))
			spare += hf_zone_above(zone, high_wmark_pages(zone));
	}
	return spare;
}

static void hf_stash(struct hf_tier *t, struct page *page, unsigned int order)
{
	set_page_private(page, order);
	list_add_tail(&page->lru, &t->stash);
	t->stashed += 1UL << order;
}

/*
 * Moves up to @max free blocks of exactly @order from the zone to @out; returns
 * how many.  CMA and high-order atomic reserves keep theirs: those lists are
 * not looked at.  The fresh end of each list comes first, where the blocks are
 * that the host does still back (page reporting puts what it reported last).
 */
static unsigned int hf_isolate_batch(struct zone *zone, unsigned int order, unsigned int max,
				     struct list_head *out)
{
	static const int types[] = { MIGRATE_MOVABLE, MIGRATE_RECLAIMABLE, MIGRATE_UNMOVABLE };
	struct free_area *area = &zone->free_area[order];
	unsigned int n = 0, i;
	struct page *page;

	spin_lock_irq(&zone->lock);
	for (i = 0; i < ARRAY_SIZE(types); i++) {
		struct list_head *list = &area->free_list[types[i]];

		while (n < max && !list_empty(list)) {
			if (hf_zone_above(zone, high_wmark_pages(zone)) < 1UL << order)
				goto out;
			page = list_first_entry(list, struct page, buddy_list);
			if (!static_call(hf_isolate_page)(page, order))
				goto out;
			list_add_tail(&page->lru, out);
			n++;
		}
	}
out:
	spin_unlock_irq(&zone->lock);
	return n;
}

/* Stashes an isolated block as blocks of at most HF_BLOCK_ORDER; returns the pages. */
static unsigned long hf_stash_isolated(struct hf_tier *t, struct page *page, unsigned int order,
				       unsigned long want)
{
	unsigned int piece = min_t(unsigned int, order, HF_BLOCK_ORDER);
	unsigned long pos, got = 0;

	for (pos = 0; pos < 1UL << order; pos += 1UL << piece) {
		/* The allocator's state of a fresh page: one reference, on the head. */
		set_page_private(page + pos, 0);
		init_page_count(page + pos);
		if (got + (1UL << piece) > want) {
			__free_pages(page + pos, piece);
			continue;
		}
		hf_stash(t, page + pos, piece);
		got += 1UL << piece;
	}
	return got;
}

static unsigned long hf_isolate_order(struct hf_tier *t, unsigned int order, unsigned long want)
{
	unsigned long got = 0;
	int i;

	if (!hf_can_isolate)
		return 0;
	for (i = ZONE_NORMAL; i >= 0; i--) {
		struct zone *zone = &NODE_DATA(t->node)->node_zones[i];

		if (!hf_zone_isolable(zone))
			continue;
		/* >= a whole small block, or the first piece of an oversized one */
		while (want - got >= 1UL << min_t(unsigned int, order, HF_BLOCK_ORDER)) {
			unsigned long blocks = max(1UL, (want - got) >> order);
			struct page *page, *next;
			LIST_HEAD(list);

			if (!hf_isolate_batch(zone, order, min(blocks, HF_ISOLATE_BATCH * 1UL),
					      &list))
				break;
			list_for_each_entry_safe(page, next, &list, lru) {
				list_del(&page->lru);
				got += hf_stash_isolated(t, page, order, want - got);
			}
			cond_resched();
		}
	}
	return got;
}

/*
 * One allocation, strictly of the node, never of ZONE_DMA.  Only order 0 may be
 * movable memory, since only those pages of the balloon are movable.
 */
static struct page *hf_alloc(struct hf_tier *t, unsigned int order, gfp_t reclaim)
{
	gfp_t gfp = (order ? GFP_HIGHUSER : balloon_mapping_gfp_mask()) & ~__GFP_RECLAIM;
	struct page *page = alloc_pages_node(t->node, gfp | HF_GFP | reclaim, order);

	if (page && (page_to_nid(page) != t->node || !hf_zone_counts(page_zone(page)))) {
		__free_pages(page, order);
		page = NULL;
	}
	return page;
}

static unsigned long hf_alloc_order(struct hf_tier *t, unsigned int order, unsigned long want)
{
	/* Whole blocks are worth a try to compact; the kernel defers hopeless ones. */
	gfp_t reclaim = order == HF_BLOCK_ORDER ? __GFP_DIRECT_RECLAIM : 0;
	unsigned long got = 0;
	struct page *page;

	while (want - got >= 1UL << order) {
		if (hf_take_spare(t->node) < 1UL << order)
			break;
		page = hf_alloc(t, order, reclaim);
		if (!page)
			break;
		hf_stash(t, page, order);
		got += 1UL << order;
		cond_resched();
	}
	return got;
}

/*
 * Adds up to @want pages to the tier's stash, large blocks first, without
 * reclaim.  Returns the pages; 0 means that the node has nothing to spare.
 * Orders that came out empty are not tried again in this run of the worker.
 */
unsigned long hf_take(struct hf_tier *t, unsigned long want)
{
	unsigned long got = 0;
	int order;

	for (order = t->try_order; order >= 0 && got < want; order--) {
		unsigned long more = 0;

		if (order >= HF_ISOLATE_MIN_ORDER)
			more = hf_isolate_order(t, order, want - got);
		if (order <= HF_BLOCK_ORDER)
			more += hf_alloc_order(t, order, want - got - more);
		got += more;
		if (!more && order == t->try_order && want - got >= 1UL << order)
			t->try_order = max(0, order - 1);
	}
	return got;
}

/*
 * The last resort before a shortfall: allocates down to the low watermark with
 * direct reclaim, which writes back, swaps or demotes what the kernel deems
 * cold, then returns pages until the node has its low watermark again.  What
 * stays was really reclaimed.  Never the OOM killer (__GFP_NORETRY).
 */
unsigned long hf_take_reclaim(struct hf_tier *t, unsigned long want)
{
	unsigned long low = 0, depth = 0, batch, got = 0, give;
	struct page *page;
	LIST_HEAD(taken);
	int i;

	for (i = 0; i < MAX_NR_ZONES; i++) {
		struct zone *zone = &NODE_DATA(t->node)->node_zones[i];

		if (!hf_zone_counts(zone))
			continue;
		low += low_wmark_pages(zone) + zone->nr_reserved_highatomic;
		depth += low_wmark_pages(zone) - min_wmark_pages(zone);
	}
	/* Deep enough to pass the low watermark, or there would be no reclaim. */
	batch = min(want, HF_REQ_PAGES) + 2 * depth;
	while (got < batch) {
		page = hf_alloc(t, 0, __GFP_RECLAIM);
		if (!page)
			break;
		list_add(&page->lru, &taken);
		got++;
		if (!(got % 64))
			cond_resched();
	}
	give = hf_tier_free(t) < low + HF_MARGIN ? low + HF_MARGIN - hf_tier_free(t) : 0;
	give = max(give, got > want ? got - want : 0);
	/* Crumbs are not worth a request; the tier is short then. */
	if (got - min(got, give) < min(want, HF_RECLAIM_MIN))
		give = got;
	while (got && give) {
		page = list_first_entry(&taken, struct page, lru);
		list_del(&page->lru);
		__free_page(page);
		got--;
		give--;
	}
	while (!list_empty(&taken)) {
		page = list_first_entry(&taken, struct page, lru);
		list_del(&page->lru);
		hf_stash(t, page, 0);
	}
	return got;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * The exchange proper, of two folios that are taken, unmapped and flushed.
 *
 * Contents and identity change places, the frames of memory stay.  Identity is all that
 * says whose page it is and what the kernel knows of it:
 *
 * - mapping (the anon_vma) and index, by which its entries are found;
 * - the memory cgroup it is charged to: both folios are of one size, so each cgroup's
 *   charge and references stay as they are, only the folios change hands.  Counters
 *   that are kept by cgroup and node follow by themselves: those of mapped pages were taken down with the
 *   mapping and go up with the new one, those of lists with leaving and joining the list;
 * - dirty, referenced, active, workingset, swapbacked, young and idle: they describe the contents.
 *
 * What stays with the frame: node, zone, size, lock and waiters.  Whether the page was
 * exclusive is in the migration entry; PG_anon_exclusive itself is clear while unmapped.
 *
 * Everything that might have a reference without a mapping (compaction, the splitter of huge
 * pages, memory failure, a pin that won the race) is kept out by freezing both reference
 * counts: from then on nobody can get one, and had anybody one, freezing fails.
 */
#include <linux/highmem.h>
#include <linux/page-flags.h>
#include <linux/page_ref.h>
#include <linux/sched.h>
#include "compat.h"
#include "hyperplace.h"

/* The reference that isolation took; unmapping dropped the other. */
#define OURS 1

static const unsigned int moving_flags[] = {
	PG_dirty, PG_referenced, PG_active, PG_workingset, PG_swapbacked,
#if defined(CONFIG_PAGE_IDLE_FLAG) && defined(CONFIG_64BIT)
	PG_young, PG_idle,
#endif
};

/* Atomic: waiters and memory failure set flags of locked and frozen folios too. */
static void swap_flags(struct folio *a, struct folio *b)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(moving_flags); i++) {
		unsigned int flag = moving_flags[i];
		bool in_a = test_bit(flag, &a->flags);

		if (in_a == test_bit(flag, &b->flags))
			continue;
		change_bit(flag, &a->flags);
		change_bit(flag, &b->flags);
	}
}

static void swap_identity(struct folio *a, struct folio *b)
{
	struct address_space *mapping = a->mapping;

	/* Whole words: readers without a lock ask at any time whether it is anonymous. */
	WRITE_ONCE(a->mapping, b->mapping);
	WRITE_ONCE(b->mapping, mapping);
	swap(a->index, b->index);
	swap(a->memcg_data, b->memcg_data);
	swap_flags(a, b);
}

/* Word by word, eight at a time: each cache line of either is fetched once, and no bounce page is needed. */
static void swap_page(u64 *a, u64 *b)
{
	u64 *end = a + PAGE_SIZE / sizeof(*a);
	unsigned int i;

	for (; a < end; a += 8, b += 8) {
		u64 old[8];

		for (i = 0; i < 8; i++)
			old[i] = a[i];
		for (i = 0; i < 8; i++)
			a[i] = b[i];
		for (i = 0; i < 8; i++)
			b[i] = old[i];
	}
}

static void swap_contents(struct folio *a, struct folio *b)
{
	long i;

	for (i = 0; i < folio_nr_pages(a); i++) {
		u64 *from = kmap_local_folio(a, i * PAGE_SIZE);
		u64 *to = kmap_local_folio(b, i * PAGE_SIZE);

		swap_page(from, to);
		kunmap_local(to);
		kunmap_local(from);
		cond_resched();
	}
}

/*
 * Makes the migration entries to @src present entries to @dst, which has their index.
 *
 * For a huge folio the kernel computes places in it from the index of @src, which in a
 * migration is still that of @dst.  After an exchange it is not, therefore it is made so
 * for the time of the call.  For the second of the two @src is mapped again; but its index is of
 * interest only to a walk from folio to entries, and that takes the folio lock or a place
 * on a list, both of which we still have.
 */
static void remap(struct folio *src, struct folio *dst)
{
	pgoff_t index = src->index;

	src->index = dst->index;
	hp_remove_migration_ptes(src, dst);
	src->index = index;
}

/* Makes an unmapped page's entries what they were. */
void hp_page_remap(struct hp_page *page)
{
	if (!page->unmapped)
		return;
	remap(page->folio, page->folio);
	page->unmapped = false;
}

static enum hyperplace_status freeze(struct folio *a, struct folio *b, u8 *side)
{
	*side = 0;
	if (hp_fault(HP_FAULT_FREEZE_FIRST) || !folio_ref_freeze(a, OURS))
		return HYPERPLACE_PINNED;
	*side = 1;
	if (hp_fault(HP_FAULT_FREEZE_SECOND) || !folio_ref_freeze(b, OURS)) {
		folio_ref_unfreeze(a, OURS);
		return HYPERPLACE_PINNED;
	}
	return HYPERPLACE_OK;
}

/*
 * Exchanges page[0] and page[1]; both are mapped again afterwards, in their own places
 * if this fails.  @side is the page to blame.
 */
enum hyperplace_status hp_swap(struct hp_page *page, u8 *side)
{
	struct folio *a = page[0].folio, *b = page[1].folio;
	enum hyperplace_status status = HYPERPLACE_OK;
	bool split_a, split_b;

	for (*side = 0; *side < 2; ++*side) {
		if (hp_mapcount(page[*side].folio) || hp_fault(HP_FAULT_STILL_MAPPED)) {
			status = HYPERPLACE_CHANGED;
			break;
		}
	}
	if (status == HYPERPLACE_OK)
		status = freeze(a, b, side);
	if (status != HYPERPLACE_OK) {
		hp_page_remap(&page[0]);
		hp_page_remap(&page[1]);
		return status;
	}
	/* That list belongs to the cgroup that the folio is about to leave. */
	split_a = folio_test_large(a) && hp_unqueue_split(a);
	split_b = folio_test_large(b) && hp_unqueue_split(b);
	swap_contents(a, b);
	swap_identity(a, b);
	folio_ref_unfreeze(a, OURS);
	folio_ref_unfreeze(b, OURS);
	if (split_a)
		hp_requeue_split(b);
	if (split_b)
		hp_requeue_split(a);
	remap(a, b);
	remap(b, a);
	page[0].unmapped = false;
	page[1].unmapped = false;
	*side = 0;
	return HYPERPLACE_OK;
}

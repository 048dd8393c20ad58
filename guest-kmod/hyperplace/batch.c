// SPDX-License-Identifier: GPL-2.0-only
/*
 * A call's pairs, in rounds: under mmap_lock take and unmap all that can be, flush once,
 * then swap each pair and put it back.
 *
 * Locks, in this order: mmap_lock, folio locks, anon_vma locks.  To wait for an
 * mmap_lock or a folio while holding the lock of another folio could be forever, so
 * only the first mmap_lock of a round is waited for; all else is tried.
 *
 * 4 KiB pages: one round takes all pairs, whatever the number of processes, unless an
 * mmap_lock is busy.  So one flush a call, rarely a few more.
 * 2 MiB pages: a round is one process's (or two's) and holds mmap_lock for writing until
 * the flush (unmap.c says why); it is kept short by HUGE_ROUND.
 */
#include <linux/mmap_lock.h>
#include <linux/sched/signal.h>
#include "compat.h"
#include "hyperplace.h"

/*
 * Pairs of 2 MiB a round: threads that touch the last of these wait until 16 x 4 MiB
 * have been copied, some 10 to 20 ms; a flush for that much is nothing.
 */
#define HUGE_ROUND 16

/* The address spaces of one pair; the second is NULL if they are one. */
struct hp_locks {
	struct mm_struct *mm[2];
	bool huge;
};

static struct hp_locks locks_of(struct hp_pair *pair)
{
	struct mm_struct *first = pair->page[0].mm, *second = pair->page[1].mm;

	return (struct hp_locks){ { first, second == first ? NULL : second }, pair->huge };
}

static bool covers(struct hp_locks *locks, struct hp_pair *pair)
{
	int side;

	for (side = 0; side < 2; side++)
		if (pair->page[side].mm != locks->mm[0] && pair->page[side].mm != locks->mm[1])
			return false;
	return pair->huge == locks->huge;
}

static bool try_lock(struct mm_struct *mm, bool huge)
{
	if (hp_fault(HP_FAULT_MMAP_LOCK))
		return false;
	return huge ? hp_mmap_write_trylock(mm) : mmap_read_trylock(mm);
}

static void unlock(struct mm_struct *mm, bool huge)
{
	if (huge)
		mmap_write_unlock(mm);
	else
		mmap_read_unlock(mm);
}

/* False: not locked.  -EINTR cannot be told from busy and need not be: the caller looks. */
static bool lock_both(struct hp_locks *locks, bool wait)
{
	struct mm_struct *mm = locks->mm[0];

	if (wait ? (locks->huge ? mmap_write_lock_killable(mm) : mmap_read_lock_killable(mm)) :
		   !try_lock(mm, locks->huge))
		return false;
	if (locks->mm[1] && !try_lock(locks->mm[1], locks->huge)) {
		unlock(mm, locks->huge);
		return false;
	}
	return true;
}

static void unlock_both(struct hp_locks *locks)
{
	if (locks->mm[1])
		unlock(locks->mm[1], locks->huge);
	unlock(locks->mm[0], locks->huge);
}

static void release_pair(struct hp_pair *pair)
{
	hp_page_release(&pair->page[0]);
	hp_page_release(&pair->page[1]);
}

/* Takes and unmaps both pages or neither.  @hint: for each side the vma of the pair before. */
static bool take_pair(struct hp_pair *pair, struct vm_area_struct *hint[2])
{
	u8 *side = &pair->side;

	for (*side = 0; *side < 2; ++*side) {
		pair->status = hp_page_take(&pair->page[*side], pair->huge, hint[*side]);
		if (pair->status != HYPERPLACE_OK)
			goto fail;
	}
	for (*side = 0; *side < 2; ++*side) {
		pair->status = hp_page_unmap(&pair->page[*side], pair->huge);
		if (pair->status != HYPERPLACE_OK)
			goto fail;
		hint[*side] = pair->page[*side].vma;
	}
	pair->taken = true;
	return true;
fail:
	/* The first may be unmapped already; that its entry comes back unflushed is harmless. */
	hp_page_remap(&pair->page[0]);
	release_pair(pair);
	return false;
}

static bool untried(struct hp_pair *pair)
{
	return pair->status == HYPERPLACE_NOT_TRIED;
}

/* With @locks held: all pairs from the @first on that these cover. */
static void take_covered(struct hp_call *call, unsigned int first, struct hp_locks *locks)
{
	unsigned int i, limit = locks->huge ? HUGE_ROUND : call->nr_pairs, taken = 0;
	struct vm_area_struct *hint[2] = { NULL, NULL };

	for (i = first; i < call->nr_pairs && taken < limit; i++) {
		struct hp_pair *pair = &call->pairs[i];

		if (!untried(pair) || !covers(locks, pair))
			continue;
		/* Hints are of one address space only; pairs of two go without. */
		if (locks->mm[1])
			hint[0] = hint[1] = NULL;
		taken += take_pair(pair, hint);
	}
	if (!taken)
		return;
	hp_flush_add(&call->flush, locks->mm[0]);
	if (locks->mm[1])
		hp_flush_add(&call->flush, locks->mm[1]);
}

static void finish_pairs(struct hp_call *call, unsigned int first)
{
	unsigned int i;

	for (i = first; i < call->nr_pairs; i++) {
		struct hp_pair *pair = &call->pairs[i];

		if (!pair->taken)
			continue;
		pair->status = hp_swap(pair->page, &pair->side);
		release_pair(pair);
		pair->taken = false;
	}
}

/* One round, beginning with the untried pair @first, which will have been tried. */
static void do_round(struct hp_call *call, unsigned int first)
{
	struct hp_locks locks = locks_of(&call->pairs[first]);
	unsigned int i;

	if (!lock_both(&locks, true)) {
		call->pairs[first].status = HYPERPLACE_BUSY;
		return;
	}
	take_covered(call, first, &locks);
	if (locks.huge) {
		hp_flush(&call->flush);
		unlock_both(&locks);
		finish_pairs(call, first);
		return;
	}
	unlock_both(&locks);
	for (i = first + 1; i < call->nr_pairs; i++) {
		if (!untried(&call->pairs[i]) || call->pairs[i].huge)
			continue;
		locks = locks_of(&call->pairs[i]);
		if (!lock_both(&locks, false))
			continue;
		take_covered(call, i, &locks);
		unlock_both(&locks);
	}
	hp_flush(&call->flush);
	finish_pairs(call, first);
}

static void do_rounds(struct hp_call *call)
{
	unsigned int i;

	for (i = 0; i < call->nr_pairs && !fatal_signal_pending(current); i++) {
		if (untried(&call->pairs[i]))
			do_round(call, i);
		cond_resched();
	}
}

/*
 * Pages touched lately wait on a list of their processor for a place on the lists proper,
 * with a reference; so do those of the previous exchange.  Worth one drain and a second try.
 */
static bool worth_draining(struct hp_call *call)
{
	unsigned int i, n = 0;

	for (i = 0; i < call->nr_pairs; i++) {
		struct hp_pair *pair = &call->pairs[i];

		if (pair->status != HYPERPLACE_OFF_LRU && pair->status != HYPERPLACE_PINNED)
			continue;
		pair->status = HYPERPLACE_NOT_TRIED;
		n++;
	}
	return n;
}

/* Tries every pair whose status is NOT_TRIED and leaves it with its result. */
void hp_batch(struct hp_call *call)
{
	do_rounds(call);
	if (!hp_can_drain() || fatal_signal_pending(current) || !worth_draining(call))
		return;
	hp_lru_add_drain_all();
	call->drained = true;
	do_rounds(call);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Residency and accessed bits of a range of a process, by 2 MiB chunk.
 *
 * The cost is bounded by what is there: holes are skipped at the highest level of the page
 * table, a call ends when its chunks are used up or it has looked at enough tables, and
 * mmap_lock is let go of every few tables.  Clearing a bit flushes no TLB; a page whose
 * translation stays in a TLB is then seen as idle although it is in use, which is the
 * price (the caller may ask for one flush a call).
 *
 * Secondary page tables are not looked at: what KVM in this guest does with a process's
 * memory shows as idle.
 */
#include <linux/mmap_lock.h>
#include <linux/page_idle.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include "compat.h"
#include "hyperplace.h"

/* Tables between two chances for others to get mmap_lock: some 100 us. */
#define TABLES_A_HOLD	32
/* Tables a call, for each chunk that it may report; most tables are not empty. */
#define TABLES_A_CHUNK	4

struct hp_scanner {
	struct hyperplace_scan request;
	struct mm_struct *mm;
	struct hyperplace_chunk *chunks;
	unsigned long next;		/* all below is done */
	unsigned long table;		/* the address of the last that was looked at */
	u64 tables_left;
	unsigned int hold_left;
	bool cleared;			/* at least one bit */
};

/* The counters of the chunk that holds @address; NULL if there is no room for one more. */
static struct hyperplace_chunk *chunk_of(struct hp_scanner *scan, unsigned long address)
{
	u64 base = address & ~(HYPERPLACE_CHUNK - 1);
	u32 n = scan->request.nr_chunks;

	if (n && scan->chunks[n - 1].address == base)
		return &scan->chunks[n - 1];
	if (n == scan->request.max_chunks)
		return NULL;
	/* Counted only when something is found in it. */
	scan->chunks[n] = (struct hyperplace_chunk){ .address = base };
	return &scan->chunks[n];
}

static void keep_chunk(struct hp_scanner *scan, struct hyperplace_chunk *chunk)
{
	if (chunk->fmem || chunk->smem || chunk->other)
		scan->request.nr_chunks = chunk - scan->chunks + 1;
}

static void count(struct hp_scanner *scan, struct hyperplace_chunk *chunk, struct page *page,
		  unsigned int pages, bool young)
{
	int node = page_to_nid(page);

	if (node == scan->request.fmem_node) {
		chunk->fmem += pages;
		chunk->fmem_young += young ? pages : 0;
	} else if (node == scan->request.smem_node) {
		chunk->smem += pages;
		chunk->smem_young += young ? pages : 0;
	} else {
		chunk->other += pages;
		chunk->other_young += young ? pages : 0;
	}
}

/* Clears the accessed bit but lets the kernel's own reclaim know that it was set. */
static void clear_young(struct hp_scanner *scan, unsigned long *entry, struct page *page)
{
	if (!test_and_clear_bit(_PAGE_BIT_ACCESSED, entry))
		return;
	folio_set_young(page_folio(page));
	scan->cleared = true;
}

static void scan_huge(struct hp_scanner *scan, struct hyperplace_chunk *chunk, pmd_t *pmd,
		      unsigned long start, unsigned long end)
{
	struct page *page = pmd_page(*pmd);
	bool young = pmd_young(*pmd);

	/* The huge zero page is nobody's. */
	if (!READ_ONCE(page_folio(page)->mapping))
		return;
	count(scan, chunk, page, (end - start) >> PAGE_SHIFT, young);
	chunk->huge = 1;
	if (young && (scan->request.flags & HYPERPLACE_SCAN_CLEAR))
		clear_young(scan, (unsigned long *)pmd, page);
}

static void scan_table(struct hp_scanner *scan, struct hyperplace_chunk *chunk, pte_t *pte,
		       unsigned long start, unsigned long end)
{
	bool clear = scan->request.flags & HYPERPLACE_SCAN_CLEAR;
	unsigned long address;

	for (address = start; address < end; address += PAGE_SIZE, pte++) {
		pte_t value = *pte;
		struct page *page;

		if (!pte_present(value) || pte_special(value) || pte_devmap(value))
			continue;
		page = pte_page(value);
		count(scan, chunk, page, 1, pte_young(value));
		if (clear && pte_young(value))
			clear_young(scan, &pte->pte, page);
	}
}

/* One pmd, from @start to @end within it. */
static void scan_pmd(struct hp_scanner *scan, struct hyperplace_chunk *chunk, pmd_t *pmd,
		     unsigned long start, unsigned long end)
{
	spinlock_t *ptl;	/* of the pmd, then of its table */
	pmd_t value;

	if (pmd_trans_huge(hp_pmd_get(pmd))) {
		ptl = pmd_lock(scan->mm, pmd);
		if (pmd_trans_huge(*pmd)) {
			scan_huge(scan, chunk, pmd, start, end);
			spin_unlock(ptl);
			return;
		}
		spin_unlock(ptl);
	}
	rcu_read_lock();
	value = hp_pmd_get(pmd);
	if (!pmd_none(value) && !is_swap_pmd(value) && !pmd_trans_huge(value) && !pmd_devmap(value) &&
	    !pmd_bad(value)) {
		ptl = pte_lockptr(scan->mm, &value);
		spin_lock(ptl);
		if (pmd_same(value, hp_pmd_get(pmd)))
			scan_table(scan, chunk, pte_offset_kernel(&value, start), start, end);
		spin_unlock(ptl);
	}
	rcu_read_unlock();
}

/* False: enough for this hold of mmap_lock, or for this call. */
static bool scan_area(struct hp_scanner *scan, struct vm_area_struct *vma)
{
	unsigned long end = min_t(u64, vma->vm_end, scan->request.end);

	scan->next = max(scan->next, vma->vm_start);
	while (scan->next < end) {
		unsigned long stop = min(end, (scan->next & PMD_MASK) + PMD_SIZE);
		struct hyperplace_chunk *chunk;
		unsigned long hole_end;
		pmd_t *pmd = hp_pmd_find(scan->mm, scan->next, &hole_end);

		if (!pmd) {
			scan->next = hole_end ? min(end, hole_end) : end;
			continue;
		}
		if (!pmd_none(hp_pmd_get(pmd))) {
			chunk = chunk_of(scan, scan->next);
			if (!chunk || !scan->hold_left)
				return false;
			/* A table that several mappings share is one, so that no chunk is cut in two. */
			if (scan->table != (scan->next & PMD_MASK)) {
				if (!scan->tables_left)
					return false;
				scan->tables_left--;
				scan->table = scan->next & PMD_MASK;
			}
			scan->hold_left--;
			scan_pmd(scan, chunk, pmd, scan->next, stop);
			keep_chunk(scan, chunk);
		}
		scan->next = stop;
	}
	return true;
}

/* One hold of mmap_lock; false when there is nothing more to do. */
static bool scan_some(struct hp_scanner *scan)
{
	struct hyperplace_scan *request = &scan->request;
	struct vm_area_struct *vma;

	if (mmap_read_lock_killable(scan->mm))
		return false;
	scan->hold_left = TABLES_A_HOLD;
	while (scan->next < request->end) {
		vma = find_vma(scan->mm, scan->next);
		if (!vma || vma->vm_start >= request->end) {
			scan->next = request->end;
			break;
		}
		if (vma->vm_flags & (VM_IO | VM_PFNMAP | VM_MIXEDMAP | VM_HUGETLB))
			scan->next = min_t(u64, vma->vm_end, request->end);
		else if (!scan_area(scan, vma))
			break;
	}
	mmap_read_unlock(scan->mm);
	if (scan->next >= request->end || fatal_signal_pending(current))
		return false;
	/* Stopped although this hold was not used up: no room for chunks, or enough tables. */
	return !scan->hold_left;
}

static void flush_process(struct mm_struct *mm, struct hp_flush *flush)
{
	hp_flush_add(flush, mm);
	hp_flush(flush);
}

static long check_request(const struct hyperplace_scan *request)
{
	if (!(hp_features() & HYPERPLACE_SCAN))
		return -EOPNOTSUPP;
	if (request->flags & ~(HYPERPLACE_SCAN_CLEAR | HYPERPLACE_SCAN_FLUSH) ||
	    request->reserved[0] || request->reserved[1])
		return -EINVAL;
	if ((request->flags & HYPERPLACE_SCAN_FLUSH) && !(hp_features() & HYPERPLACE_SCAN_FLUSHES))
		return -EOPNOTSUPP;
	if ((request->start | request->end) & ~PAGE_MASK || request->start >= request->end ||
	    request->end > TASK_SIZE_MAX)
		return -EINVAL;
	if (!request->max_chunks || request->max_chunks > HYPERPLACE_MAX_CHUNKS)
		return -EINVAL;
	return 0;
}

static long scan_process(struct hp_scanner *scan, struct hp_flush *flush)
{
	struct hyperplace_scan *request = &scan->request;
	struct hp_process process;

	hp_process_get(&process, &request->process);
	if (process.status != HYPERPLACE_OK)
		return process.status == HYPERPLACE_NO_ACCESS ? -EACCES : -ESRCH;
	scan->mm = process.mm;
	scan->next = request->start;
	scan->table = ULONG_MAX;
	request->nr_chunks = 0;
	scan->tables_left = (u64)request->max_chunks * TABLES_A_CHUNK;
	while (scan_some(scan))
		cond_resched();
	if (scan->cleared && (request->flags & HYPERPLACE_SCAN_FLUSH))
		flush_process(scan->mm, flush);
	hp_process_put(&process);
	request->tables = (u64)request->max_chunks * TABLES_A_CHUNK - scan->tables_left;
	request->next = scan->next;
	return 0;
}

long hp_scan(struct hyperplace_scan __user *arg)
{
	struct hp_scanner scan = {};
	struct hp_flush *flush;
	long error;

	if (copy_from_user(&scan.request, arg, sizeof(scan.request)))
		return -EFAULT;
	error = check_request(&scan.request);
	if (error)
		return error;
	scan.chunks = kvcalloc(scan.request.max_chunks, sizeof(*scan.chunks), GFP_KERNEL);
	flush = kzalloc(sizeof(*flush), GFP_KERNEL);
	error = -ENOMEM;
	if (scan.chunks && flush && !hp_fault(HP_FAULT_NO_MEMORY))
		error = scan_process(&scan, flush);
	if (!error && (copy_to_user(u64_to_user_ptr(scan.request.chunks), scan.chunks,
				    scan.request.nr_chunks * sizeof(*scan.chunks)) ||
		       copy_to_user(arg, &scan.request, sizeof(scan.request))))
		error = -EFAULT;
	kfree(flush);
	kvfree(scan.chunks);
	return error;
}

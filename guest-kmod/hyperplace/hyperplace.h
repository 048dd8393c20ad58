/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hyperplace: the parts and what they offer each other.
 *
 *   main.c      the device
 *   exchange.c  one exchange call: parameters, results
 *   batch.c     rounds of a call: lock, unmap many, flush once, swap each
 *   check.c     which pages may be exchanged; taking them off their list
 *   find.c      from an address to its page table entry
 *   unmap.c     page table entry to migration entry; the flush
 *   swap.c      contents and identity of two folios; putting entries back
 *   scan.c      accessed bits and residency
 *   process.c   from a process number to its address space
 *   symbols.c   the kernel's functions that are not exported
 *   inject.c    faults and missing symbols for tests (HYPERPLACE_LAB)
 */
#ifndef HP_HYPERPLACE_H
#define HP_HYPERPLACE_H

#include <linux/mm.h>
#include <linux/mm_types.h>
#include <linux/nodemask.h>
#include "hyperplace_uapi.h"

/* ---- process.c ---- */

struct hp_process {
	struct mm_struct *mm;		/* with a reference; NULL unless status is OK */
	nodemask_t allowed;		/* by its cpuset */
	enum hyperplace_status status;
};

void hp_process_get(struct hp_process *process, struct hyperplace_process *request);
void hp_process_put(struct hp_process *process);

/* ---- find.c ---- */

/* A present entry, its page table lock held. */
struct hp_entry {
	struct vm_area_struct *vma;
	struct folio *folio;
	pmd_t *pmd;
	pte_t *pte;			/* NULL: a 2 MiB entry */
	spinlock_t *ptl;
};

enum hyperplace_status hp_entry_lock(struct mm_struct *mm, unsigned long address, bool huge,
				     struct vm_area_struct *hint, struct hp_entry *entry);
void hp_entry_unlock(struct hp_entry *entry);
pmd_t *hp_pmd_find(struct mm_struct *mm, unsigned long address, unsigned long *hole_end);

/* ---- check.c ---- */

struct hp_page {
	struct mm_struct *mm;
	struct folio *folio;		/* locked, off its list, one reference is ours; NULL: not taken */
	struct anon_vma *anon_vma;	/* with a reference, from unmapping on */
	struct vm_area_struct *vma;	/* valid while mmap_lock is held from taking to unmapping */
	unsigned long address;
	const nodemask_t *allowed;
	int node;			/* where it is */
	int target;			/* where it goes */
	int isolated;			/* the counter of isolated pages that has it */
	bool unmapped;			/* its entry is a migration entry */
};

struct hp_pair {
	struct hp_page page[2];
	enum hyperplace_status status;
	u8 side;
	bool huge;
	bool taken;			/* both pages are unmapped */
};

enum hyperplace_status hp_page_take(struct hp_page *page, bool huge, struct vm_area_struct *hint);
void hp_page_release(struct hp_page *page);

/* ---- unmap.c ---- */

/* Processors that may have one of the cleared entries in their TLB. */
struct hp_flush {
	struct arch_tlbflush_unmap_batch batch;
	bool wanted;
	unsigned int count;
};

enum hyperplace_status hp_page_unmap(struct hp_page *page, bool huge);
void hp_flush_add(struct hp_flush *flush, struct mm_struct *mm);
void hp_flush(struct hp_flush *flush);

/* ---- swap.c ---- */

void hp_page_remap(struct hp_page *page);
enum hyperplace_status hp_swap(struct hp_page *page, u8 *side);

/* ---- batch.c ---- */

struct hp_call {
	struct hp_pair *pairs;
	unsigned int nr_pairs;
	struct hp_flush flush;
	bool drained;
};

void hp_batch(struct hp_call *call);

/* ---- exchange.c, scan.c ---- */

long hp_exchange(struct hyperplace_exchange __user *arg);
long hp_scan(struct hyperplace_scan __user *arg);

/* ---- symbols.c: wrappers are to be called only if the feature that needs them is there ---- */

void hp_symbols_resolve(void);
u32 hp_features(void);
bool hp_can_drain(void);

struct mm_struct *hp_mm_access(struct task_struct *task, unsigned int mode);
bool hp_folio_isolate_lru(struct folio *folio);
void hp_lru_add_drain_all(void);
void hp_put_anon_vma(struct anon_vma *anon_vma);
void hp_remove_migration_ptes(struct folio *src, struct folio *dst);
void hp_remove_rmap_pte(struct folio *folio, struct page *page, struct vm_area_struct *vma);
void hp_remove_rmap_pmd(struct folio *folio, struct page *page, struct vm_area_struct *vma);
void hp_tlbbatch_flush(struct arch_tlbflush_unmap_batch *batch);
bool hp_unqueue_split(struct folio *folio);
void hp_requeue_split(struct folio *folio);
bool hp_entries_keep_bits(void);

/* ---- inject.c ---- */

enum hp_fault {
	HP_FAULT_NO_MEMORY,	/* allocating the call's arrays */
	HP_FAULT_MMAP_LOCK,	/* trylock of another process's mmap_lock */
	HP_FAULT_ISOLATE,
	HP_FAULT_LOCK,		/* trylock of the folio */
	HP_FAULT_REFERENCES,	/* the check after isolation and lock */
	HP_FAULT_FIND_AGAIN,	/* entry changed before unmapping */
	HP_FAULT_SHARE,		/* pinned when unmapping */
	HP_FAULT_STILL_MAPPED,	/* found mapped after the flush */
	HP_FAULT_FREEZE_FIRST,
	HP_FAULT_FREEZE_SECOND,
	HP_FAULTS
};

#ifdef HYPERPLACE_LAB
bool hp_fault(enum hp_fault fault);
bool hp_symbol_hidden(const char *name);
#else
static inline bool hp_fault(enum hp_fault fault)
{
	return false;
}

static inline bool hp_symbol_hidden(const char *name)
{
	return false;
}
#endif

#endif

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page table entries become migration entries, many of them before one TLB flush.
 *
 * Threads that touch such a page wait for its folio lock.  Until the flush, though,
 * processors may go on using what their TLB holds, and nobody else may believe that
 * the mapping is gone:
 *
 * - 4 KiB: mm->tlb_flush_batched says so under the page table lock, as in the kernel's
 *   reclaim; munmap, mprotect, mremap and madvise flush for themselves if they see it.
 * - 2 MiB: those paths do not look at it for huge entries.  Our caller holds mmap_lock for
 *   writing until the flush, so that none of them can run.
 */
#include <linux/rmap.h>
#include "compat.h"
#include "hyperplace.h"

/* mm->tlb_flush_batched: flushes pending in the low half, flushed in the high one. */
#define PENDING_MASK	((1 << 15) - 1)
#define PENDING_LARGE	(PENDING_MASK / 2)

/* Under the page table lock, after the entry was cleared. */
static void mark_flush_pending(struct mm_struct *mm)
{
	int old = atomic_read(&mm->tlb_flush_batched), new;

	do {
		/* Near overflow: start again with one pending and none flushed. */
		new = (old & PENDING_MASK) > PENDING_LARGE ? 1 : old + 1;
	} while (!atomic_try_cmpxchg(&mm->tlb_flush_batched, &old, new));
}

static swp_entry_t migration_entry(struct page *page, bool write, bool exclusive, bool young, bool dirty)
{
	unsigned long pfn = page_to_pfn(page);
	unsigned long bits = 0;
	swp_entry_t entry;

	if (write)
		entry = make_writable_migration_entry(pfn);
	else if (exclusive)
		entry = make_readable_exclusive_migration_entry(pfn);
	else
		entry = make_readable_migration_entry(pfn);
	if (hp_entries_keep_bits())
		bits = (young ? SWP_MIG_YOUNG : 0) | (dirty ? SWP_MIG_DIRTY : 0);
	return swp_entry(swp_type(entry), swp_offset(entry) | bits);
}

static enum hyperplace_status unmap_small(struct hp_page *hp, struct hp_entry *entry)
{
	struct page *page = &hp->folio->page;
	bool exclusive = PageAnonExclusive(page);
	pte_t old = ptep_get_and_clear(hp->mm, hp->address, entry->pte);
	pte_t new;

	/* The order "clear, then look for pins" is what makes this safe against fast pinning. */
	if (exclusive && (hp_fault(HP_FAULT_SHARE) || hp_try_share_pte(hp->folio, page))) {
		set_pte_at(hp->mm, hp->address, entry->pte, old);
		return HYPERPLACE_PINNED;
	}
	mark_flush_pending(hp->mm);
	if (pte_dirty(old))
		folio_set_dirty(hp->folio);
	new = swp_entry_to_pte(migration_entry(page, pte_write(old), exclusive, pte_young(old),
					       pte_dirty(old)));
	if (pte_soft_dirty(old))
		new = pte_swp_mksoft_dirty(new);
	if (pte_uffd_wp(old))
		new = pte_swp_mkuffd_wp(new);
	set_pte_at(hp->mm, hp->address, entry->pte, new);
	hp_remove_rmap_pte(hp->folio, page, entry->vma);
	return HYPERPLACE_OK;
}

static enum hyperplace_status unmap_huge(struct hp_page *hp, struct hp_entry *entry)
{
	struct page *page = &hp->folio->page;
	bool exclusive = PageAnonExclusive(page);
	/* Invalid but not empty in between: an empty one would look like a hole to others. */
	pmd_t old = pmdp_establish(entry->vma, hp->address, entry->pmd, pmd_mkinvalid(*entry->pmd));
	pmd_t new;

	if (exclusive && (hp_fault(HP_FAULT_SHARE) || hp_try_share_pmd(hp->folio, page))) {
		set_pmd_at(hp->mm, hp->address, entry->pmd, old);
		return HYPERPLACE_PINNED;
	}
	if (pmd_dirty(old))
		folio_set_dirty(hp->folio);
	new = swp_entry_to_pmd(migration_entry(page, pmd_write(old), exclusive, pmd_young(old),
					       pmd_dirty(old)));
	if (pmd_soft_dirty(old))
		new = pmd_swp_mksoft_dirty(new);
	if (pmd_uffd_wp(old))
		new = pmd_swp_mkuffd_wp(new);
	set_pmd_at(hp->mm, hp->address, entry->pmd, new);
	hp_remove_rmap_pmd(hp->folio, page, entry->vma);
	return HYPERPLACE_OK;
}

/*
 * Replaces the only mapping of a taken page.  mmap_lock has been held since it was
 * taken, for writing if @huge.  Without a flush: see hp_flush_add().
 */
enum hyperplace_status hp_page_unmap(struct hp_page *page, bool huge)
{
	unsigned long anon_vma = (unsigned long)page->folio->mapping & ~PAGE_MAPPING_FLAGS;
	struct hp_entry entry;
	enum hyperplace_status status;

	status = hp_entry_lock(page->mm, page->address, huge, page->vma, &entry);
	if (status != HYPERPLACE_OK)
		return HYPERPLACE_CHANGED;
	if (entry.folio != page->folio || hp_fault(HP_FAULT_FIND_AGAIN)) {
		hp_entry_unlock(&entry);
		return HYPERPLACE_CHANGED;
	}
	status = huge ? unmap_huge(page, &entry) : unmap_small(page, &entry);
	if (status == HYPERPLACE_OK) {
		/*
		 * The way back to the entry goes through the anon_vma, which an unmapped folio
		 * does not keep alive by itself. Here the vma still does.
		 */
		page->anon_vma = (struct anon_vma *)anon_vma;
		get_anon_vma(page->anon_vma);
		page->unmapped = true;
	}
	hp_entry_unlock(&entry);
	if (status == HYPERPLACE_OK)
		folio_put(page->folio);
	return status;
}

/*
 * After entries of @mm have been cleared.  The order is what switch_mm() relies on: a
 * processor that loads @mm from now on sees the new generation and flushes by itself,
 * any other is in the mask.
 */
void hp_flush_add(struct hp_flush *flush, struct mm_struct *mm)
{
	atomic64_inc_return(&mm->context.tlb_gen);
	cpumask_or(&flush->batch.cpumask, &flush->batch.cpumask, mm_cpumask(mm));
	flush->wanted = true;
}

/* One inter-processor interrupt to all of them. */
void hp_flush(struct hp_flush *flush)
{
	if (!flush->wanted)
		return;
	hp_tlbbatch_flush(&flush->batch);
	flush->wanted = false;
	flush->count++;
}

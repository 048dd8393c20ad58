// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which pages may be exchanged, and taking them: locked, off their list, references
 * accounted for.  What is not plainly an anonymous page of one process is refused;
 * user space has move_pages(2) for the rest.
 *
 * A taken folio stays what it is: swap cache, KSM, mlock, split and migration all need
 * the folio lock or its place on a list.
 */
#include <linux/ksm.h>
#include <linux/mempolicy.h>
#include <linux/mm_inline.h>
#include <linux/memremap.h>
#include <linux/mmu_notifier.h>
#include <linux/page-flags.h>
#include <linux/pagemap.h>
#include <linux/rmap.h>
#include "compat.h"
#include "hyperplace.h"

/* What kind of page; does not change while the folio is locked. */
static enum hyperplace_status check_kind(struct folio *folio, bool huge)
{
	if (folio_is_zone_device(folio))
		return HYPERPLACE_SPECIAL;
	if (!folio_test_anon(folio))
		return HYPERPLACE_NOT_ANON;
	if (folio_test_ksm(folio))
		return HYPERPLACE_KSM;
	if (huge ? !folio_test_pmd_mappable(folio) : folio_test_large(folio))
		return HYPERPLACE_SIZE;
	if (folio_test_hwpoison(folio) || (huge && folio_test_has_hwpoisoned(folio)))
		return HYPERPLACE_POISONED;
	if (folio_test_swapcache(folio))
		return HYPERPLACE_SWAP_CACHE;
	if (folio_test_writeback(folio))
		return HYPERPLACE_WRITEBACK;
	if (folio_test_mlocked(folio) || folio_test_unevictable(folio))
		return HYPERPLACE_MLOCKED;
	if (!folio_test_uptodate(folio))
		return HYPERPLACE_BUSY;
	if (huge && hp_split_pending(folio))
		return HYPERPLACE_SIZE;
	if (hp_mapcount(folio) != 1)
		return HYPERPLACE_SHARED;
	return HYPERPLACE_OK;
}

static enum hyperplace_status check_place(struct hp_page *page, struct vm_area_struct *vma, struct folio *folio)
{
	struct mempolicy *policy = vma_policy(vma);

	if (folio_nid(folio) == page->target)
		return HYPERPLACE_ALREADY;
	if (folio_nid(folio) != page->node)
		return HYPERPLACE_WRONG_NODE;
	if (policy && policy->mode == MPOL_BIND && !node_isset(page->target, policy->nodes))
		return HYPERPLACE_POLICY;
	if (!node_isset(page->target, *page->allowed))
		return HYPERPLACE_POLICY;
	return HYPERPLACE_OK;
}

/*
 * Given up with MADV_FREE and not written since.  Written again it is as good as any other,
 * although the kernel goes on listing it with the page cache until reclaim meets it.
 */
static bool is_given_up(struct hp_entry *entry)
{
	if (folio_test_swapbacked(entry->folio) || folio_test_dirty(entry->folio))
		return false;
	return entry->pte ? !pte_dirty(*entry->pte) : !pmd_dirty(*entry->pmd);
}

static void count_isolated(struct hp_page *page, struct folio *folio, long pages)
{
	mod_node_page_state(folio_pgdat(folio), page->isolated, pages);
}

static void put_back(struct hp_page *page, struct folio *folio)
{
	count_isolated(page, folio, -folio_nr_pages(folio));
	folio_add_lru(folio);
	folio_put(folio);
}

/* Isolates and locks; the references are then one of ours and one of the only mapping. */
static enum hyperplace_status take_folio(struct hp_page *page, struct folio *folio, bool huge)
{
	enum hyperplace_status status;

	if (!folio_test_lru(folio) || hp_fault(HP_FAULT_ISOLATE) || !hp_folio_isolate_lru(folio))
		return HYPERPLACE_OFF_LRU;
	/* Remembered: the exchange may change the kind of list that the frame belongs to. */
	page->isolated = NR_ISOLATED_ANON + folio_is_file_lru(folio);
	count_isolated(page, folio, folio_nr_pages(folio));
	if (hp_fault(HP_FAULT_LOCK) || !folio_trylock(folio)) {
		put_back(page, folio);
		return HYPERPLACE_BUSY;
	}
	status = check_kind(folio, huge);
	if (status == HYPERPLACE_OK && (hp_fault(HP_FAULT_REFERENCES) || folio_ref_count(folio) != 2))
		status = HYPERPLACE_PINNED;
	if (status != HYPERPLACE_OK) {
		folio_unlock(folio);
		put_back(page, folio);
	}
	return status;
}

/*
 * Takes the page at page->address; mmap_lock is held, @hint as for hp_entry_lock().  Never waits: other folios may be
 * locked already, and whoever holds this one may be waiting for one of those.
 */
enum hyperplace_status hp_page_take(struct hp_page *page, bool huge,
				    struct vm_area_struct *hint)
{
	struct hp_entry entry;
	enum hyperplace_status status;

	/*
	 * Secondary page tables would have to be told of each page. Checked under mmap_lock,
	 * which registration takes for writing.
	 */
	if (mm_has_notifiers(page->mm))
		return HYPERPLACE_NOTIFIED;
	status = hp_entry_lock(page->mm, page->address, huge, hint, &entry);
	if (status != HYPERPLACE_OK)
		return status;
	page->vma = entry.vma;
	status = check_kind(entry.folio, huge);
	if (status == HYPERPLACE_OK && is_given_up(&entry))
		status = HYPERPLACE_LAZY_FREE;
	if (status == HYPERPLACE_OK)
		status = check_place(page, entry.vma, entry.folio);
	if (status == HYPERPLACE_OK)
		status = take_folio(page, entry.folio, huge);
	if (status == HYPERPLACE_OK)
		page->folio = entry.folio;
	hp_entry_unlock(&entry);
	return status;
}

/* Undoes hp_page_take(), after any unmapping has been undone or completed. */
void hp_page_release(struct hp_page *page)
{
	if (!page->folio)
		return;
	folio_unlock(page->folio);
	put_back(page, page->folio);
	page->folio = NULL;
	if (page->anon_vma)
		hp_put_anon_vma(page->anon_vma);
	page->anon_vma = NULL;
}

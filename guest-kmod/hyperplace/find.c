// SPDX-License-Identifier: GPL-2.0-only
/*
 * From an address to its page table entry.
 *
 * All under mmap_lock, for reading at least.  A page table may still vanish under it
 * (khugepaged retracts those of file mappings), therefore the RCU read section, as
 * in the kernel's own pte_offset_map_lock(): page tables are freed after a grace
 * period, and the second look at the pmd under the lock tells if it has gone.
 */
#include <linux/memremap.h>
#include <linux/pagewalk.h>
#include "compat.h"
#include "hyperplace.h"

/*
 * The pmd of @address, or NULL where there is no table with one; then *@hole_end, if
 * wanted, is where the hole ends.
 */
pmd_t *hp_pmd_find(struct mm_struct *mm, unsigned long address, unsigned long *hole_end)
{
	unsigned long size = PGDIR_SIZE;
	pgd_t *pgd = pgd_offset(mm, address);
	p4d_t *p4d;
	pud_t *pud;

	if (pgd_none(*pgd) || pgd_bad(*pgd))
		goto hole;
	size = P4D_SIZE;
	p4d = p4d_offset(pgd, address);
	if (p4d_none(*p4d) || p4d_bad(*p4d))
		goto hole;
	size = PUD_SIZE;
	pud = pud_offset(p4d, address);
	/* pud_bad() is also true for 1 GiB pages, which are not ours to touch. */
	if (pud_none(*pud) || pud_bad(*pud))
		goto hole;
	return pmd_offset(pud, address);
hole:
	if (hole_end)
		*hole_end = (address & ~(size - 1)) + size;
	return NULL;
}

static enum hyperplace_status lock_huge(struct mm_struct *mm, struct hp_entry *entry)
{
	pmd_t pmd;

	entry->ptl = pmd_lock(mm, entry->pmd);
	pmd = *entry->pmd;
	if (!pmd_trans_huge(pmd)) {
		spin_unlock(entry->ptl);
		/* Swap entries and holes; what is left is a table of small pages. */
		return pmd_none(pmd) || is_swap_pmd(pmd) ? HYPERPLACE_NOT_PRESENT : HYPERPLACE_SIZE;
	}
	entry->folio = page_folio(pmd_page(pmd));
	/* The huge zero page, whose number is not exported. */
	if (!READ_ONCE(entry->folio->mapping)) {
		spin_unlock(entry->ptl);
		return HYPERPLACE_SPECIAL;
	}
	__release(entry->ptl);	/* for sparse: held on, see hp_entry_unlock() */
	return HYPERPLACE_OK;
}

/* On success inside an RCU read section, which hp_entry_unlock() ends. */
static enum hyperplace_status lock_small(struct mm_struct *mm, unsigned long address, struct hp_entry *entry)
{
	enum hyperplace_status status = HYPERPLACE_NOT_PRESENT;
	pmd_t pmd;
	pte_t pte;

	rcu_read_lock();
	pmd = hp_pmd_get(entry->pmd);
	if (pmd_none(pmd) || is_swap_pmd(pmd))
		goto out;
	status = HYPERPLACE_SIZE;
	if (pmd_trans_huge(pmd) || pmd_devmap(pmd) || pmd_bad(pmd))
		goto out;
	entry->pte = pte_offset_kernel(&pmd, address);
	entry->ptl = pte_lockptr(mm, &pmd);
	spin_lock(entry->ptl);
	status = HYPERPLACE_CHANGED;
	if (!pmd_same(pmd, hp_pmd_get(entry->pmd)))
		goto unlock;
	pte = *entry->pte;
	status = HYPERPLACE_NOT_PRESENT;
	if (pte_none(pte) || !pte_present(pte))
		goto unlock;
	status = HYPERPLACE_SPECIAL;
	if (pte_special(pte) || pte_devmap(pte) || is_zero_pfn(pte_pfn(pte)))
		goto unlock;
	entry->folio = page_folio(pte_page(pte));
	__release(entry->ptl);
	__release(RCU);
	return HYPERPLACE_OK;
unlock:
	spin_unlock(entry->ptl);
out:
	rcu_read_unlock();
	return status;
}

/*
 * Finds the present entry of @address and locks its table; mmap_lock is held.  @hint is
 * NULL or some vma of @mm found under this same hold.  The mapping's own reference keeps
 * the folio until hp_entry_unlock().
 */
enum hyperplace_status hp_entry_lock(struct mm_struct *mm, unsigned long address, bool huge,
				     struct vm_area_struct *hint, struct hp_entry *entry)
{
	unsigned long size = huge ? HPAGE_PMD_SIZE : PAGE_SIZE;
	struct vm_area_struct *vma = hint;

	if (!vma || address < vma->vm_start || address >= vma->vm_end)
		vma = find_vma(mm, address);
	*entry = (struct hp_entry){ .vma = vma };
	if (!vma || address < vma->vm_start)
		return HYPERPLACE_NOT_PRESENT;
	if (vma->vm_end - address < size)
		return HYPERPLACE_SIZE;
	if (vma->vm_flags & (VM_IO | VM_PFNMAP | VM_MIXEDMAP | VM_HUGETLB))
		return HYPERPLACE_SPECIAL;
	if (vma->vm_flags & VM_LOCKED)
		return HYPERPLACE_MLOCKED;
	entry->pmd = hp_pmd_find(mm, address, NULL);
	if (!entry->pmd)
		return HYPERPLACE_NOT_PRESENT;
	return huge ? lock_huge(mm, entry) : lock_small(mm, address, entry);
}

void hp_entry_unlock(struct hp_entry *entry)
{
	__acquire(entry->ptl);
	spin_unlock(entry->ptl);
	if (!entry->pte)
		return;
	__acquire(RCU);
	rcu_read_unlock();
}

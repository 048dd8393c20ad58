/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between the kernels that hyperplace supports, and nothing else.
 *
 * The exchange relies on rules of mm/ that are no API: who takes which lock before
 * it looks at a page table entry, who may look at a folio that is off its list, what
 * a deferred TLB flush needs.  They were checked for these kernels only, so that
 * another one is refused here rather than trusted.
 */
#ifndef HP_COMPAT_H
#define HP_COMPAT_H

#include <linux/mm.h>
#include <linux/mmap_lock.h>
#include <linux/rmap.h>
#include <linux/swap.h>
#include <linux/swapops.h>	/* needs swap.h before it */
#include <linux/version.h>

#define HP_LINUX(a, b) (LINUX_VERSION_CODE >= KERNEL_VERSION(a, b, 0) && \
			LINUX_VERSION_CODE < KERNEL_VERSION(a, (b) + 1, 0))

#if !HP_LINUX(6, 1) && !HP_LINUX(6, 12)
#error "hyperplace was checked with Linux 6.1 and 6.12 only"
#endif
#if !defined(CONFIG_X86_64) || !defined(CONFIG_NUMA) || !defined(CONFIG_MIGRATION) || \
	!defined(CONFIG_TRANSPARENT_HUGEPAGE) || !defined(CONFIG_MEMCG)
#error "hyperplace needs x86-64 with NUMA, migration, huge pages and memory cgroups"
#endif

#if HP_LINUX(6, 1)

static inline int hp_try_share_pte(struct folio *folio, struct page *page)
{
	return page_try_share_anon_rmap(page);
}

static inline int hp_try_share_pmd(struct folio *folio, struct page *page)
{
	return page_try_share_anon_rmap(page);
}

static inline pmd_t hp_pmd_get(pmd_t *pmd)
{
	return READ_ONCE(*pmd);
}

static inline bool hp_mmap_write_trylock(struct mm_struct *mm)
{
	return mmap_write_trylock(mm);
}

/* On the list of huge pages to be split because a part of them was unmapped. */
static inline bool hp_split_pending(struct folio *folio)
{
	return !list_empty(page_deferred_list(&folio->page)) || PageDoubleMap(&folio->page);
}

#else /* 6.12 */

static inline int hp_try_share_pte(struct folio *folio, struct page *page)
{
	return folio_try_share_anon_rmap_pte(folio, page);
}

static inline int hp_try_share_pmd(struct folio *folio, struct page *page)
{
	return folio_try_share_anon_rmap_pmd(folio, page);
}

static inline pmd_t hp_pmd_get(pmd_t *pmd)
{
	return pmdp_get_lockless(pmd);
}

/* The kernel's was removed for want of users.  Early 6.12 counts at unlock only. */
static inline bool hp_mmap_write_trylock(struct mm_struct *mm)
{
	if (!down_write_trylock(&mm->mmap_lock))
		return false;
#ifdef CONFIG_PER_VMA_LOCK
	if (__builtin_types_compatible_p(typeof(mm->mm_lock_seq), seqcount_t))
		do_raw_write_seqcount_begin((seqcount_t *)&mm->mm_lock_seq);
#endif
	return true;
}

/* 6.12 lists every huge page, to split those that turn out mostly empty; that is no obstacle. */
static inline bool hp_split_pending(struct folio *folio)
{
	return folio_test_partially_mapped(folio);
}

#endif

/*
 * folio_mapcount() without calls.  Of a huge folio only the mappings of the whole;
 * those of parts hold references too, and references are counted beside.
 */
static inline int hp_mapcount(struct folio *folio)
{
	if (folio_test_large(folio))
		return folio_entire_mapcount(folio);
	return atomic_read(&folio->page._mapcount) + 1;
}

/*
 * Prototypes of what is declared in no header that a module may include.  The others
 * take theirs from the kernel's headers, so that a changed one does not compile.
 */
unsigned long hp_proto_kallsyms_lookup_name(const char *name);
void hp_proto_arch_tlbbatch_flush(struct arch_tlbflush_unmap_batch *batch);
#if HP_LINUX(6, 1)
int hp_proto_folio_isolate_lru(struct folio *folio);	/* 0: isolated */
#else
bool hp_proto_folio_isolate_lru(struct folio *folio);	/* true: isolated */
bool hp_proto___folio_unqueue_deferred_split(struct folio *folio);
#endif

#endif

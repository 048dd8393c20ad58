// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's functions that it does not export to modules.
 *
 * All calls are static calls.  On kernels with indirect branch tracking (IBT) a
 * function may be called through a pointer only if it begins with ENDBR, and the
 * kernel overwrites that in functions whose address it never takes itself, as is
 * the case for most of these: an indirect call would be a control protection fault.
 * A static call is patched into a direct one when its target is set, which needs
 * no ENDBR.
 *
 * A missing symbol costs the feature that needs it, not the module.
 */
#define pr_fmt(format) KBUILD_MODNAME ": " format

#include <linux/kprobes.h>
#include <linux/migrate.h>
#include <linux/module.h>
#include <linux/sched/mm.h>
#include <linux/static_call.h>
#include "compat.h"
#include "hyperplace.h"

DEFINE_STATIC_CALL_NULL(hp_kallsyms_lookup_name, hp_proto_kallsyms_lookup_name);
DEFINE_STATIC_CALL_NULL(hp_mm_access, mm_access);
DEFINE_STATIC_CALL_NULL(hp_folio_isolate_lru, hp_proto_folio_isolate_lru);
DEFINE_STATIC_CALL_NULL(hp_lru_add_drain_all, lru_add_drain_all);
DEFINE_STATIC_CALL_NULL(hp_put_anon_vma, __put_anon_vma);
DEFINE_STATIC_CALL_NULL(hp_remove_migration_ptes, remove_migration_ptes);
DEFINE_STATIC_CALL_NULL(hp_tlbbatch_flush, hp_proto_arch_tlbbatch_flush);
#if HP_LINUX(6, 1)
DEFINE_STATIC_CALL_NULL(hp_remove_rmap, page_remove_rmap);
#else
DEFINE_STATIC_CALL_NULL(hp_remove_rmap_ptes, folio_remove_rmap_ptes);
DEFINE_STATIC_CALL_NULL(hp_remove_rmap_pmd, folio_remove_rmap_pmd);
DEFINE_STATIC_CALL_NULL(hp_unqueue_split, hp_proto___folio_unqueue_deferred_split);
DEFINE_STATIC_CALL_NULL(hp_requeue_split, deferred_split_folio);
#endif

static u32 features;
static bool can_drain;
static const bool *keep_bits;

/* A missing symbol takes @needed_by from the features. */
static unsigned long find_symbol(const char *name, u32 needed_by)
{
	unsigned long address = hp_symbol_hidden(name) ? 0 : static_call(hp_kallsyms_lookup_name)(name);

	if (!address) {
		pr_warn("this kernel has no %s\n", name);
		features &= ~needed_by;
	}
	return address;
}

#define AIM(call, address) static_call_update(call, (typeof(STATIC_CALL_TRAMP(call)) *)(address))

#define RESOLVE(call, symbol, needed_by) ({				\
	unsigned long target = find_symbol(#symbol, needed_by);		\
									\
	if (target)							\
		AIM(call, target);					\
	target != 0;							\
})

/*
 * A kprobe's address is all that a module can learn about a function by its name.
 * A disabled one patches nothing.
 */
static bool resolve_kallsyms(void)
{
	struct kprobe probe = {
		.symbol_name = "kallsyms_lookup_name",
		.flags = KPROBE_FLAG_DISABLED,
	};
	unsigned long address;
	int error = hp_symbol_hidden(probe.symbol_name) ? -ENOENT : register_kprobe(&probe);

	if (error) {
		pr_warn("cannot look up the kernel's symbols (error %d): no feature works\n", error);
		return false;
	}
	address = (unsigned long)probe.addr;
	unregister_kprobe(&probe);
#ifdef CONFIG_X86_KERNEL_IBT
	/* The probe lies behind ENDBR; patched calls must aim at the start. */
	address = ALIGN_DOWN(address, CONFIG_FUNCTION_ALIGNMENT);
#endif
	AIM(hp_kallsyms_lookup_name, address);
	return true;
}

#define BOTH (HYPERPLACE_EXCHANGE | HYPERPLACE_EXCHANGE_HUGE)
#define ALL (BOTH | HYPERPLACE_SCAN | HYPERPLACE_SCAN_FLUSHES)

/* At load. */
void hp_symbols_resolve(void)
{
	if (!resolve_kallsyms())
		return;
	features = ALL;
	RESOLVE(hp_mm_access, mm_access, ALL);
	RESOLVE(hp_tlbbatch_flush, arch_tlbbatch_flush, BOTH | HYPERPLACE_SCAN_FLUSHES);
	RESOLVE(hp_folio_isolate_lru, folio_isolate_lru, BOTH);
	RESOLVE(hp_put_anon_vma, __put_anon_vma, BOTH);
	RESOLVE(hp_remove_migration_ptes, remove_migration_ptes, BOTH);
#if HP_LINUX(6, 1)
	RESOLVE(hp_remove_rmap, page_remove_rmap, BOTH);
#else
	RESOLVE(hp_remove_rmap_ptes, folio_remove_rmap_ptes, BOTH);
	RESOLVE(hp_remove_rmap_pmd, folio_remove_rmap_pmd, HYPERPLACE_EXCHANGE_HUGE);
	RESOLVE(hp_unqueue_split, __folio_unqueue_deferred_split, HYPERPLACE_EXCHANGE_HUGE);
	RESOLVE(hp_requeue_split, deferred_split_folio, HYPERPLACE_EXCHANGE_HUGE);
#endif
	keep_bits = (const bool *)find_symbol("swap_migration_ad_supported", BOTH);
	can_drain = RESOLVE(hp_lru_add_drain_all, lru_add_drain_all, 0);
	if (features != ALL)
		pr_warn("features lost:%s%s%s%s\n",
			features & HYPERPLACE_EXCHANGE ? "" : " exchange",
			features & HYPERPLACE_EXCHANGE_HUGE ? "" : " exchange-2M",
			features & HYPERPLACE_SCAN ? "" : " scan",
			features & HYPERPLACE_SCAN_FLUSHES ? "" : " scan-flush");
}

u32 hp_features(void)
{
#ifdef HYPERPLACE_LAB
	return features | HYPERPLACE_LAB_BUILD;
#else
	return features;
#endif
}

bool hp_can_drain(void)
{
	return can_drain;
}

struct mm_struct *hp_mm_access(struct task_struct *task, unsigned int mode)
{
	return static_call(hp_mm_access)(task, mode);
}

/* On success the folio is on no list and has one more reference. */
bool hp_folio_isolate_lru(struct folio *folio)
{
#if HP_LINUX(6, 1)
	return !static_call(hp_folio_isolate_lru)(folio);
#else
	return static_call(hp_folio_isolate_lru)(folio);
#endif
}

/* Waits for every processor to move its recently touched pages to the lists proper. */
void hp_lru_add_drain_all(void)
{
	static_call(hp_lru_add_drain_all)();
}

void hp_put_anon_vma(struct anon_vma *anon_vma)
{
	if (atomic_dec_and_test(&anon_vma->refcount))
		static_call(hp_put_anon_vma)(anon_vma);
}

/*
 * Makes every migration entry to @src a present entry to @dst, which has the anon_vma
 * and index under which they are found.
 */
void hp_remove_migration_ptes(struct folio *src, struct folio *dst)
{
	static_call(hp_remove_migration_ptes)(src, dst, 0);
}

void hp_remove_rmap_pte(struct folio *folio, struct page *page, struct vm_area_struct *vma)
{
#if HP_LINUX(6, 1)
	static_call(hp_remove_rmap)(page, vma, false);
#else
	static_call(hp_remove_rmap_ptes)(folio, page, 1, vma);
#endif
}

void hp_remove_rmap_pmd(struct folio *folio, struct page *page, struct vm_area_struct *vma)
{
#if HP_LINUX(6, 1)
	static_call(hp_remove_rmap)(page, vma, true);
#else
	static_call(hp_remove_rmap_pmd)(folio, page, vma);
#endif
}

void hp_tlbbatch_flush(struct arch_tlbflush_unmap_batch *batch)
{
	static_call(hp_tlbbatch_flush)(batch);
}

/*
 * Takes a huge folio off its memory cgroup's list of folios to be split; true if it
 * was there.  Its reference count must be frozen.
 */
bool hp_unqueue_split(struct folio *folio)
{
#if HP_LINUX(6, 1)
	/* There only if partly unmapped, and such a folio is refused. */
	return false;
#else
	/* Nobody can list it while it is frozen. */
	if (data_race(list_empty(&folio->_deferred_list)))
		return false;
	return static_call(hp_unqueue_split)(folio);
#endif
}

void hp_requeue_split(struct folio *folio)
{
#if !HP_LINUX(6, 1)
	static_call(hp_requeue_split)(folio, false);
#endif
}

/* Whether migration entries have room for the accessed and dirty bits on this processor. */
bool hp_entries_keep_bits(void)
{
	return *keep_bits;
}

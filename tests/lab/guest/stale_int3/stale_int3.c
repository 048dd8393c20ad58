// SPDX-License-Identifier: GPL-2.0-only
/*
 * For guests that QEMU emulates on several threads.  Linux patches its code by
 * way of a breakpoint: it writes one over the first byte of an instruction, then
 * the rest of the new instruction, then its first byte.  QEMU drops what it has
 * translated from a page before it lets a guest write there, so a vCPU that
 * translates between the two keeps the breakpoint although memory has it no more.
 * Linux 6.12 dies of it ("Oops: int3"); 6.1 takes the same breakpoint for ever.
 *
 * Writing a byte again, unchanged, has QEMU translate anew.  That is done after
 * each patch, and for whoever meets a breakpoint that is not there.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kdebug.h>
#include <linux/kprobes.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/ptrace.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#define INT3 0xcc

static unsigned long text, text_end;
/* The kernel's code once more, where it can be written. */
static u8 *writable;

static unsigned long met;
module_param(met, ulong, 0444);
MODULE_PARM_DESC(met, "breakpoints met that memory has no more");

static bool is_text(unsigned long address)
{
	return address >= text && address < text_end;
}

/* In one step, so that no patch is undone. */
static void write_again(unsigned long address)
{
	asm volatile("lock orb $0, %0" : "+m"(writable[address - text]));
}

static int met_int3(struct notifier_block *block, unsigned long event, void *data)
{
	struct pt_regs *regs = ((struct die_args *)data)->regs;
	unsigned long address = regs->ip - 1;

	if (event != DIE_INT3 || user_mode(regs) || !is_text(address) || READ_ONCE(*(u8 *)address) == INT3)
		return NOTIFY_DONE;
	write_again(address);
	met++;
	regs->ip = address;
	return NOTIFY_STOP;
}

static struct notifier_block notifier = {.notifier_call = met_int3};

/* __text_poke(how, address, source, length) */
static int before_patch(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	*(unsigned long *)instance->data = regs->si;
	return is_text(regs->si) ? 0 : 1;
}

static int after_patch(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	write_again(*(unsigned long *)instance->data);
	return 0;
}

static struct kretprobe patches = {
    .kp.symbol_name = "__text_poke",
    .entry_handler = before_patch,
    .handler = after_patch,
    .data_size = sizeof(unsigned long),
};

/* Where a function begins; a kprobe is all that a module can learn it by. */
static unsigned long __init address_of(const char *name)
{
	struct kprobe probe = {.symbol_name = name, .flags = KPROBE_FLAG_DISABLED};
	unsigned long address;

	if (register_kprobe(&probe))
		return 0;
	address = (unsigned long)probe.addr;
	unregister_kprobe(&probe);
#ifdef CONFIG_X86_KERNEL_IBT
	address = ALIGN_DOWN(address, CONFIG_FUNCTION_ALIGNMENT);
#endif
	return address;
}

static int __init map_text(void)
{
	unsigned long (*lookup)(const char *name) = (void *)address_of("kallsyms_lookup_name");
	unsigned long i, count;
	struct page **pages;

	if (!lookup)
		return -ENOENT;
	text = ALIGN_DOWN(lookup("_stext"), PAGE_SIZE);
	text_end = lookup("_etext");
	if (!text || text_end <= text)
		return -ENOENT;
	count = DIV_ROUND_UP(text_end - text, PAGE_SIZE);
	pages = kvmalloc_array(count, sizeof(*pages), GFP_KERNEL);
	if (!pages)
		return -ENOMEM;
	for (i = 0; i < count; i++)
		pages[i] = pfn_to_page(PHYS_PFN(__pa_symbol(text + i * PAGE_SIZE)));
	writable = vmap(pages, count, VM_MAP, PAGE_KERNEL);
	kvfree(pages);
	return writable ? 0 : -ENOMEM;
}

static int __init stale_int3_init(void)
{
	int error = map_text();

	if (error)
		return error;
	error = register_die_notifier(&notifier);
	if (!error) {
		error = register_kretprobe(&patches);
		if (error)
			unregister_die_notifier(&notifier);
	}
	if (error)
		vunmap(writable);
	return error;
}
module_init(stale_int3_init);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("HyperTier lab: breakpoints that only the emulator still sees");

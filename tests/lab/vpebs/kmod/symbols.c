// SPDX-License-Identifier: GPL-2.0-only
/*
 * Perf lets modules register a PMU, but exports none of what a PMU that samples
 * calls.  Static calls, as an indirect one would fault on a kernel that tracks
 * indirect branches.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/static_call.h>
#include "vpebs.h"

static unsigned long lookup(const char *name);

DEFINE_STATIC_CALL_NULL(vpebs_kallsyms_lookup_name, lookup);
DEFINE_STATIC_CALL_NULL(vpebs_event_output, perf_event_output);
DEFINE_STATIC_CALL_NULL(vpebs_log_lost_samples, perf_log_lost_samples);
DEFINE_STATIC_CALL_NULL(vpebs_sched_cb_inc, perf_sched_cb_inc);
DEFINE_STATIC_CALL_NULL(vpebs_sched_cb_dec, perf_sched_cb_dec);

#define AIM(call, address) static_call_update(call, (typeof(STATIC_CALL_TRAMP(call)) *)(address))

static unsigned long lookup(const char *name)
{
	unsigned long address = static_call(vpebs_kallsyms_lookup_name)(name);

	if (!address)
		pr_err("this kernel has no %s\n", name);
	return address;
}

#define RESOLVE(call, symbol)                                                                                          \
	({                                                                                                             \
		unsigned long target = lookup(#symbol);                                                                \
                                                                                                                       \
		if (target)                                                                                            \
			AIM(call, target);                                                                             \
		target != 0;                                                                                           \
	})

/* A kprobe's address is all that a module can learn about a function by its name. */
int vpebs_symbols_resolve(void)
{
	struct kprobe probe = {
	    .symbol_name = "kallsyms_lookup_name",
	    .flags = KPROBE_FLAG_DISABLED,
	};
	unsigned long address;
	int error = register_kprobe(&probe);

	if (error) {
		pr_err("cannot look up the kernel's symbols (error %d)\n", error);
		return error;
	}
	address = (unsigned long)probe.addr;
	unregister_kprobe(&probe);
#ifdef CONFIG_X86_KERNEL_IBT
	/* The probe lies behind ENDBR; patched calls must aim at the start. */
	address = ALIGN_DOWN(address, CONFIG_FUNCTION_ALIGNMENT);
#endif
	AIM(vpebs_kallsyms_lookup_name, address);
	if (!RESOLVE(vpebs_event_output, perf_event_output) ||
	    !RESOLVE(vpebs_log_lost_samples, perf_log_lost_samples) ||
	    !RESOLVE(vpebs_sched_cb_inc, perf_sched_cb_inc) || !RESOLVE(vpebs_sched_cb_dec, perf_sched_cb_dec))
		return -ENOENT;
	return 0;
}

void vpebs_output(struct perf_event *event, struct perf_sample_data *data, struct pt_regs *regs)
{
	static_call(vpebs_event_output)(event, data, regs);
}

void vpebs_log_lost(struct perf_event *event, u64 lost)
{
	static_call(vpebs_log_lost_samples)(event, lost);
}

/* Each wish on a CPU must be taken back on it.  While there is one, perf calls pmu->sched_task at context switches. */
void vpebs_sched_callback(struct pmu *pmu, bool wanted)
{
	if (wanted)
		static_call(vpebs_sched_cb_inc)(pmu);
	else
		static_call(vpebs_sched_cb_dec)(pmu);
}

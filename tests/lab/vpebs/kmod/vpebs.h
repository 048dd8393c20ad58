/* SPDX-License-Identifier: GPL-2.0-only */
/* A lab-only PMU: load latency and store events as the emulator's plugin counts and samples them. */
#ifndef VPEBS_KMOD_H
#define VPEBS_KMOD_H

#include <linux/hrtimer.h>
#include <linux/percpu.h>
#include <linux/perf_event.h>
#include "layout.h"

/*
 * What a CPU samples.  Used on that CPU only, with interrupts off: its records
 * are read by its context switches, its timer and its events' callbacks.
 */
struct vpebs_cpu {
	struct vpebs_vcpu *shared;
	struct perf_event *events[VPEBS_SLOTS];
	u64 lost[VPEBS_SLOTS]; /* as far as the events' owners have been told */
	int active;
	u64 clock_offset; /* from the emulator's clock to perf's */
	u64 last_time;
	struct hrtimer timer;
};

DECLARE_PER_CPU(struct vpebs_cpu, vpebs_cpus);

/* Parameters of the module. */
extern bool vpebs_addresses;
extern unsigned int vpebs_drain_ms;

/* symbols.c: what the kernel does not export.  Resolve first; an errno if something is missing. */
int vpebs_symbols_resolve(void);
void vpebs_output(struct perf_event *event, struct perf_sample_data *data, struct pt_regs *regs);
void vpebs_log_lost(struct perf_event *event, u64 lost);
void vpebs_sched_callback(struct pmu *pmu, bool wanted);

/* slot.c: programs the slot of an event, hw.idx, on this CPU. */
void vpebs_slot_start(struct vpebs_cpu *cpu, struct perf_event *event);
void vpebs_slot_stop(struct vpebs_cpu *cpu, struct perf_event *event);
void vpebs_slot_read(struct vpebs_cpu *cpu, struct perf_event *event);

/* drain.c: hands this CPU's records to the rings of their events, as of the current task. */
void vpebs_drain(struct vpebs_cpu *cpu);
void vpebs_timer_init(struct vpebs_cpu *cpu);

/* pmu.c */
int vpebs_pmu_register(void);

#endif

// SPDX-License-Identifier: GPL-2.0-only
/*
 * From the plugin's ring of a CPU to perf's rings.
 *
 * As with the stock kernel's large PEBS, there is no interrupt for a record: the
 * ring is read at each context switch, while the task that the records are about
 * is still current, and by a slow timer for tasks that run on and on.
 */
#include <asm/perf_event.h>
#include <linux/minmax.h>
#include <linux/sched/clock.h>
#include "vpebs.h"

static void data_source(struct perf_sample_data *data, const struct vpebs_record *record, bool store)
{
	union perf_mem_data_src source = {
	    .mem_op = store ? PERF_MEM_OP_STORE : PERF_MEM_OP_LOAD,
	    .mem_snoop = PERF_MEM_SNOOP_NA,
	    .mem_lock = PERF_MEM_LOCK_NA,
	    .mem_dtlb = PERF_MEM_TLB_NA,
	};

	switch (record->tier) {
	case VPEBS_FMEM:
		source.mem_lvl = PERF_MEM_LVL_LOC_RAM | PERF_MEM_LVL_HIT;
		source.mem_lvl_num = PERF_MEM_LVLNUM_RAM;
		break;
	case VPEBS_SMEM:
		source.mem_lvl = PERF_MEM_LVL_NA;
		source.mem_lvl_num = PERF_MEM_LVLNUM_PMEM;
		break;
	case VPEBS_HIT:
		source.mem_lvl = PERF_MEM_LVL_L2 | PERF_MEM_LVL_HIT;
		source.mem_lvl_num = PERF_MEM_LVLNUM_ANY_CACHE;
		break;
	default:
		source.mem_lvl = PERF_MEM_LVL_NA;
		source.mem_lvl_num = PERF_MEM_LVLNUM_NA;
	}
	/* Of a store, hardware tells only whether the first cache had its line. */
	if (store) {
		source.mem_lvl = PERF_MEM_LVL_L1;
		source.mem_lvl |= record->tier == VPEBS_FIRST_HIT ? PERF_MEM_LVL_HIT : PERF_MEM_LVL_MISS;
		source.mem_lvl_num = PERF_MEM_LVLNUM_NA;
	}
	data->data_src = source;
	data->sample_flags |= PERF_SAMPLE_DATA_SRC;
}

/*
 * Between perf's clock and the emulator's.  The emulator's thread may lose its CPU
 * between two readings, so the closest of a few attempts is taken.
 */
static void set_clock(struct vpebs_cpu *cpu)
{
	u64 least = U64_MAX;
	int attempts = 4;

	do {
		u64 before = local_clock(), spread;

		VPEBS_MARK(VPEBS_MARK_SYNC);
		spread = local_clock() - before;
		if (spread < least) {
			least = spread;
			cpu->clock_offset = before - READ_ONCE(cpu->shared->now_ns);
		}
	} while (least > 20 * NSEC_PER_USEC && --attempts);
}

/* Never backwards on a CPU, as the time stamps of real records. */
static u64 time_of(struct vpebs_cpu *cpu, const struct vpebs_record *record)
{
	cpu->last_time = clamp(record->time_ns + cpu->clock_offset, cpu->last_time, max(cpu->last_time, local_clock()));
	return cpu->last_time;
}

static void emit(struct vpebs_cpu *cpu, struct perf_event *event, const struct vpebs_record *record)
{
	struct pt_regs regs = {
	    .ip = record->ip,
	    .cs = record->mode == VPEBS_USER ? __USER_CS : __KERNEL_CS,
	    .flags = X86_EFLAGS_IF | PERF_EFLAGS_EXACT,
	};
	struct perf_sample_data data;

	perf_sample_data_init(&data, 0, event->hw.last_period);
	/* A guest whose host hides adaptive PEBS gets records without an address, as does an event that is not precise.
	 */
	data.addr = vpebs_addresses && event->attr.precise_ip ? record->address : 0;
	data.sample_flags |= PERF_SAMPLE_ADDR;
	data.weight.full = record->latency;
	data.sample_flags |= PERF_SAMPLE_WEIGHT_TYPE;
	/* The kernel's own PEBS code does not convert to other clocks either. */
	if (!event->attr.use_clockid) {
		data.time = time_of(cpu, record);
		data.sample_flags |= PERF_SAMPLE_TIME;
	}
	data_source(&data, record, event->hw.config == VPEBS_STORE);
	vpebs_output(event, &data, &regs);
}

static void tell_lost(struct vpebs_cpu *cpu)
{
	int i;

	for (i = 0; i < VPEBS_SLOTS; i++) {
		u64 lost = cpu->shared->slots[i].lost - cpu->lost[i];

		if (!cpu->events[i] || !lost)
			continue;
		cpu->lost[i] += lost;
		if (is_sampling_event(cpu->events[i]))
			vpebs_log_lost(cpu->events[i], lost);
	}
}

void vpebs_drain(struct vpebs_cpu *cpu)
{
	struct vpebs_vcpu *shared = cpu->shared;

	if (READ_ONCE(shared->head) == shared->tail)
		return;
	/* What is recorded from here on stays for the next time, or this could go on for ever. */
	set_clock(cpu);
	for (u64 head = READ_ONCE(shared->head); shared->tail != head; shared->tail++) {
		struct vpebs_record record = shared->ring[shared->tail % VPEBS_RING];
		struct perf_event *event = cpu->events[record.slot % VPEBS_SLOTS];

		if (event)
			emit(cpu, event, &record);
	}
	tell_lost(cpu);
}

static enum hrtimer_restart timer_expired(struct hrtimer *timer)
{
	struct vpebs_cpu *cpu = container_of(timer, struct vpebs_cpu, timer);

	if (!cpu->active)
		return HRTIMER_NORESTART;
	vpebs_drain(cpu);
	hrtimer_forward_now(timer, ms_to_ktime(vpebs_drain_ms));
	return HRTIMER_RESTART;
}

void vpebs_timer_init(struct vpebs_cpu *cpu)
{
	hrtimer_init(&cpu->timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED_HARD);
	cpu->timer.function = timer_expired;
}

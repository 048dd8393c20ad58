// SPDX-License-Identifier: GPL-2.0-only
/*
 * The PMU.  Its events have the numbers that Intel's have since Ice Lake:
 *
 *   0x01cd  MEM_TRANS_RETIRED.LOAD_LATENCY, config1 = threshold in core cycles
 *   0x82d0  MEM_INST_RETIRED.ALL_STORES
 *
 * Where no other PMU is there, as under emulation, it is "cpu" of type
 * PERF_TYPE_RAW, and what is made for real PEBS runs unchanged; else "vpebs" of a
 * type that sysfs tells.
 */
#include <linux/module.h>
#include <linux/version.h>
#include "vpebs.h"

#define EVENT_LOAD_LATENCY 0x01cd
#define EVENT_ALL_STORES 0x82d0

/* For ordinary programs as for perf's. */
static struct vpebs_cpu *this_cpu(void)
{
	return this_cpu_ptr(&vpebs_cpus);
}

static struct pmu vpebs_pmu;

static int event_init(struct perf_event *event)
{
	if (event->attr.type != event->pmu->type)
		return -ENOENT;
	switch (event->attr.config) {
	case EVENT_LOAD_LATENCY:
		event->hw.config = VPEBS_LOAD;
		break;
	case EVENT_ALL_STORES:
		event->hw.config = VPEBS_STORE;
		break;
	default:
		return -EINVAL;
	}
	/* The kernel's own PEBS code takes these another way, which nothing here would test. */
	if (event->attr.freq || has_branch_stack(event))
		return -EOPNOTSUPP;
	if (event->attr.precise_ip > 3 || (event->attr.exclude_user && event->attr.exclude_kernel))
		return -EINVAL;
	/* Makes perf follow context switches while the event is there. */
	event->attach_state |= PERF_ATTACH_SCHED_CB;
	return 0;
}

static void event_start(struct perf_event *event, int flags)
{
	if (WARN_ON_ONCE(!(event->hw.state & PERF_HES_STOPPED)))
		return;
	/* A new period begins with a full one. */
	if (flags & PERF_EF_RELOAD || local64_read(&event->hw.period_left) > event->hw.sample_period)
		local64_set(&event->hw.period_left, 0);
	event->hw.last_period = event->hw.sample_period;
	event->hw.state = 0;
	vpebs_slot_start(this_cpu(), event);
}

static void event_stop(struct perf_event *event, int flags)
{
	if (event->hw.state & PERF_HES_STOPPED)
		return;
	/* Records of the old period, or of the task that leaves. */
	vpebs_drain(this_cpu());
	vpebs_slot_stop(this_cpu(), event);
	event->hw.state = PERF_HES_STOPPED | PERF_HES_UPTODATE;
}

static int event_add(struct perf_event *event, int flags)
{
	struct vpebs_cpu *cpu = this_cpu();
	int i = 0;

	while (cpu->events[i])
		if (++i == VPEBS_SLOTS)
			return -EAGAIN;
	cpu->events[i] = event;
	event->hw.idx = i;
	event->hw.state = PERF_HES_STOPPED | PERF_HES_UPTODATE;
	vpebs_sched_callback(event->pmu, true);
	if (!cpu->active++)
		hrtimer_start(&cpu->timer, ms_to_ktime(vpebs_drain_ms), HRTIMER_MODE_REL_PINNED_HARD);
	if (flags & PERF_EF_START)
		event_start(event, 0);
	perf_event_update_userpage(event);
	return 0;
}

static void event_del(struct perf_event *event, int flags)
{
	struct vpebs_cpu *cpu = this_cpu();

	event_stop(event, PERF_EF_UPDATE);
	cpu->events[event->hw.idx] = NULL;
	/* The timer ends by itself: it may be the one that is running. */
	cpu->active--;
	vpebs_sched_callback(event->pmu, false);
	perf_event_update_userpage(event);
}

static void event_read(struct perf_event *event)
{
	if (!(event->hw.state & PERF_HES_STOPPED))
		vpebs_slot_read(this_cpu(), event);
}

static void switched(bool in)
{
	if (!in)
		vpebs_drain(this_cpu());
}

#if defined(VPEBS_SCHED_TASK_HAS_TASK)
static void sched_task(struct perf_event_pmu_context *context, struct task_struct *task, bool in)
{
	switched(in);
}
#elif LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
static void sched_task(struct perf_event_pmu_context *context, bool in)
{
	switched(in);
}
#else
static void sched_task(struct perf_event_context *context, bool in)
{
	switched(in);
}
#endif

PMU_FORMAT_ATTR(event, "config:0-7");
PMU_FORMAT_ATTR(umask, "config:8-15");
PMU_FORMAT_ATTR(ldlat, "config1:0-15");
PMU_EVENT_ATTR_STRING(mem - loads, mem_loads, "event=0xcd,umask=0x1,ldlat=3");
PMU_EVENT_ATTR_STRING(mem - stores, mem_stores, "event=0xd0,umask=0x82");

static struct attribute *formats[] = {
    &format_attr_event.attr,
    &format_attr_umask.attr,
    &format_attr_ldlat.attr,
    NULL,
};

static struct attribute *events[] = {
    &mem_loads.attr.attr,
    &mem_stores.attr.attr,
    NULL,
};

static ssize_t max_precise_show(struct device *device, struct device_attribute *attribute, char *text)
{
	return sysfs_emit(text, "3\n");
}

static DEVICE_ATTR_RO(max_precise);

static struct attribute *caps[] = {
    &dev_attr_max_precise.attr,
    NULL,
};

static const struct attribute_group format_group = {.name = "format", .attrs = formats};
static const struct attribute_group events_group = {.name = "events", .attrs = events};
static const struct attribute_group caps_group = {.name = "caps", .attrs = caps};
static const struct attribute_group *groups[] = {&format_group, &events_group, &caps_group, NULL};

static struct pmu vpebs_pmu = {
    .module = THIS_MODULE,
    .attr_groups = groups,
    .task_ctx_nr = perf_hw_context,
    .event_init = event_init,
    .add = event_add,
    .del = event_del,
    .start = event_start,
    .stop = event_stop,
    .read = event_read,
    .sched_task = sched_task,
};

/* Whether somebody counts PERF_TYPE_RAW already. */
static bool there_is_a_cpu_pmu(void)
{
	struct perf_event_attr cycles = {
	    .type = PERF_TYPE_HARDWARE,
	    .config = PERF_COUNT_HW_CPU_CYCLES,
	    .size = sizeof(cycles),
	    .disabled = 1,
	};
	struct perf_event *event = perf_event_create_kernel_counter(&cycles, 0, NULL, NULL, NULL);

	if (IS_ERR(event))
		return PTR_ERR(event) != -ENOENT;
	perf_event_release_kernel(event);
	return true;
}

int vpebs_pmu_register(void)
{
	if (there_is_a_cpu_pmu()) {
#ifdef PERF_PMU_CAP_HETEROGENEOUS_CPUS
		/* Before 6.2, only one PMU may have events of tasks. */
		vpebs_pmu.task_ctx_nr = perf_invalid_context;
#endif
		return perf_pmu_register(&vpebs_pmu, "vpebs", -1);
	}
	return perf_pmu_register(&vpebs_pmu, "cpu", PERF_TYPE_RAW);
}

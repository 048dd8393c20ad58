// SPDX-License-Identifier: GPL-2.0-only
/* From a process number to its address space, with the checks that move_pages(2) makes. */
#include <linux/pid.h>
#include <linux/ptrace.h>
#include <linux/sched/mm.h>
#include <linux/sched/task.h>
#include <linux/time_namespace.h>
#include "hyperplace.h"

/* As field 22 of /proc/PID/stat says it to the caller: ticks of 1/100 s since boot. */
static u64 start_time(struct task_struct *task)
{
	return div_u64(timens_add_boottime_ns(task->start_boottime), NSEC_PER_SEC / USER_HZ);
}

static struct task_struct *find_task(s32 number)
{
	struct task_struct *task;
	struct pid *pid;

	if (number <= 0)
		return NULL;
	pid = find_get_pid(number);
	task = get_pid_task(pid, PIDTYPE_TGID);
	put_pid(pid);
	return task;
}

/* Fills in @process, also on failure; its status goes to @request too. */
void hp_process_get(struct hp_process *process, struct hyperplace_process *request)
{
	struct task_struct *task = find_task(request->pid);
	struct mm_struct *mm = NULL;

	*process = (struct hp_process){ .status = HYPERPLACE_NO_PROCESS };
	if (task && (!request->start_time || request->start_time == start_time(task))) {
		mm = hp_mm_access(task, PTRACE_MODE_READ_REALCREDS);
		if (!IS_ERR_OR_NULL(mm)) {
			process->mm = mm;
			process->status = HYPERPLACE_OK;
			task_lock(task);
			process->allowed = task->mems_allowed;
			task_unlock(task);
		} else if (mm == ERR_PTR(-EACCES)) {
			process->status = HYPERPLACE_NO_ACCESS;
		}
	}
	if (task)
		put_task_struct(task);
	request->status = process->status;
}

void hp_process_put(struct hp_process *process)
{
	if (process->mm)
		mmput(process->mm);
	process->mm = NULL;
}

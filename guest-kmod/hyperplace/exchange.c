// SPDX-License-Identifier: GPL-2.0-only
/* One HYPERPLACE_IOC_EXCHANGE: checks what user space asks for, hands back what came of it. */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include "hyperplace.h"

/* Everything a call needs, in one allocation. */
struct hp_work {
	struct hyperplace_exchange request;
	struct hyperplace_process who[HYPERPLACE_MAX_PROCESSES];
	struct hyperplace_pair what[HYPERPLACE_MAX_PAIRS];
	struct hp_process processes[HYPERPLACE_MAX_PROCESSES];
	struct hp_pair pairs[HYPERPLACE_MAX_PAIRS];
	struct hp_call call;
};

static enum hyperplace_status check_pair(const struct hyperplace_pair *pair, const struct hyperplace_exchange *request)
{
	u64 size = pair->size == HYPERPLACE_2M ? HPAGE_PMD_SIZE : PAGE_SIZE;
	int side;

	if (pair->size > HYPERPLACE_2M || memchr_inv(pair->reserved, 0, sizeof(pair->reserved)))
		return HYPERPLACE_INVALID;
	if (pair->node[0] == pair->node[1])
		return HYPERPLACE_INVALID;
	for (side = 0; side < 2; side++) {
		if (pair->process[side] >= request->nr_processes)
			return HYPERPLACE_INVALID;
		if (pair->node[side] >= MAX_NUMNODES || !node_state(pair->node[side], N_MEMORY))
			return HYPERPLACE_INVALID;
		if (pair->address[side] % size || pair->address[side] >= TASK_SIZE_MAX)
			return HYPERPLACE_INVALID;
	}
	if (!(hp_features() & (pair->size == HYPERPLACE_2M ? HYPERPLACE_EXCHANGE_HUGE : HYPERPLACE_EXCHANGE)))
		return HYPERPLACE_UNSUPPORTED;
	return HYPERPLACE_NOT_TRIED;
}

static void prepare_pair(struct hp_work *work, unsigned int i)
{
	const struct hyperplace_pair *from = &work->what[i];
	struct hp_pair *pair = &work->pairs[i];
	int side;

	pair->status = check_pair(from, &work->request);
	if (pair->status != HYPERPLACE_NOT_TRIED)
		return;
	pair->huge = from->size == HYPERPLACE_2M;
	for (side = 1; side >= 0; side--) {
		struct hp_process *process = &work->processes[from->process[side]];

		if (process->status != HYPERPLACE_OK) {
			pair->status = process->status;
			pair->side = side;
		}
		pair->page[side] = (struct hp_page){
			.mm = process->mm,
			.address = from->address[side],
			.allowed = &process->allowed,
			.node = from->node[side],
			.target = from->node[!side],
		};
	}
}

static void exchange(struct hp_work *work)
{
	struct hyperplace_exchange *request = &work->request;
	struct hp_call *call = &work->call;
	unsigned int i;

	for (i = 0; i < request->nr_processes; i++)
		hp_process_get(&work->processes[i], &work->who[i]);
	for (i = 0; i < request->nr_pairs; i++)
		prepare_pair(work, i);
	call->pairs = work->pairs;
	call->nr_pairs = request->nr_pairs;
	hp_batch(call);
	for (i = 0; i < request->nr_processes; i++)
		hp_process_put(&work->processes[i]);
	request->exchanged = 0;
	for (i = 0; i < request->nr_pairs; i++) {
		work->what[i].status = work->pairs[i].status;
		work->what[i].side = work->pairs[i].side;
		request->exchanged += work->pairs[i].status == HYPERPLACE_OK;
	}
	request->flushes = call->flush.count;
	request->drains = call->drained;
}

static long check_request(const struct hyperplace_exchange *request)
{
	if (!(hp_features() & (HYPERPLACE_EXCHANGE | HYPERPLACE_EXCHANGE_HUGE)))
		return -EOPNOTSUPP;
	if (request->flags || request->reserved[0] || request->reserved[1])
		return -EINVAL;
	if (!request->nr_pairs || request->nr_pairs > HYPERPLACE_MAX_PAIRS)
		return -EINVAL;
	if (!request->nr_processes || request->nr_processes > HYPERPLACE_MAX_PROCESSES)
		return -EINVAL;
	return 0;
}

static long run(struct hp_work *work, struct hyperplace_exchange __user *arg)
{
	struct hyperplace_exchange *request = &work->request;
	struct hyperplace_process __user *who;
	struct hyperplace_pair __user *what;
	long error;

	if (copy_from_user(request, arg, sizeof(*request)))
		return -EFAULT;
	error = check_request(request);
	if (error)
		return error;
	who = u64_to_user_ptr(request->processes);
	what = u64_to_user_ptr(request->pairs);
	if (copy_from_user(work->who, who, request->nr_processes * sizeof(*who)) ||
	    copy_from_user(work->what, what, request->nr_pairs * sizeof(*what)))
		return -EFAULT;
	exchange(work);
	if (copy_to_user(who, work->who, request->nr_processes * sizeof(*who)) ||
	    copy_to_user(what, work->what, request->nr_pairs * sizeof(*what)) ||
	    copy_to_user(arg, request, sizeof(*request)))
		return -EFAULT;
	return 0;
}

long hp_exchange(struct hyperplace_exchange __user *arg)
{
	struct hp_work *work = hp_fault(HP_FAULT_NO_MEMORY) ? NULL : kvzalloc(sizeof(*work), GFP_KERNEL);
	long error;

	if (!work)
		return -ENOMEM;
	error = run(work, arg);
	kvfree(work);
	return error;
}

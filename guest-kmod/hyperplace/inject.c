// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lab builds only: makes the exchange fail where it can fail.  The parameter fail=A,B,...
 * holds a number for each enum hp_fault: 0 never, N every Nth time; hits= counts.
 */
#include <linux/atomic.h>
#include <linux/module.h>
#include "hyperplace.h"

static unsigned int fail[HP_FAULTS];
module_param_array(fail, uint, NULL, 0600);
MODULE_PARM_DESC(fail, "lab: let each point of failure fail every Nth time");

static unsigned int hits[HP_FAULTS];
module_param_array(hits, uint, NULL, 0400);
MODULE_PARM_DESC(hits, "lab: how often each point of failure was made to fail");

static atomic_t passes[HP_FAULTS];

bool hp_fault(enum hp_fault fault)
{
	unsigned int every = READ_ONCE(fail[fault]);

	if (!every || (unsigned int)atomic_inc_return(&passes[fault]) % every)
		return false;
	hits[fault]++;
	return true;
}

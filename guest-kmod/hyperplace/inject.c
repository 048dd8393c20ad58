// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lab builds only: makes the exchange fail where it can fail.  The parameter fail=A,B,...
 * holds a number for each enum hp_fault: 0 never, N every Nth time; hits= counts.
 * missing=NAME,... at load makes the kernel look like one without these functions.
 */
#include <linux/atomic.h>
#include <linux/module.h>
#include <linux/string.h>
#include "hyperplace.h"

static unsigned int fail[HP_FAULTS];
module_param_array(fail, uint, NULL, 0600);
MODULE_PARM_DESC(fail, "lab: let each point of failure fail every Nth time");

static unsigned int hits[HP_FAULTS];
module_param_array(hits, uint, NULL, 0400);
MODULE_PARM_DESC(hits, "lab: how often each point of failure was made to fail");

static char *missing[8];
static unsigned int nr_missing;
module_param_array(missing, charp, &nr_missing, 0400);
MODULE_PARM_DESC(missing, "lab: names of kernel functions that are not to be found");

static atomic_t passes[HP_FAULTS];

bool hp_fault(enum hp_fault fault)
{
	unsigned int every = READ_ONCE(fail[fault]);

	if (!every || (unsigned int)atomic_inc_return(&passes[fault]) % every)
		return false;
	hits[fault]++;
	return true;
}

bool hp_symbol_hidden(const char *name)
{
	unsigned int i;

	for (i = 0; i < nr_missing; i++)
		if (!strcmp(missing[i], name))
			return true;
	return false;
}

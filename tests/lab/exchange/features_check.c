// SPDX-License-Identifier: Apache-2.0
/*
 * What /dev/hyperplace says it can do, and what it does: one line for each feature, "NAME yes" or "NAME no: ERROR".
 *
 *   features_check             exit status 0 if the two agree
 *
 * Without the module, or without permission, it says so and ends with status 2.
 */
#include "exchange.h"

static struct hyperplace_process self;

/* Moving a page, if only to where it is, first puts all pages on the kernel's lists: the module may not be able to. */
static void get_listed(void *page, int node)
{
	int status;

	if (syscall(SYS_move_pages, 0, 1UL, &page, &node, &status, MOVE) || status != node)
		die("move_pages: status %d", status);
}

/* An exchange of two pages of this process: 0, the call's error number, or EOPNOTSUPP if only this size is refused. */
static int try_exchange(int size)
{
	bool huge = size == HYPERPLACE_2M;
	char *a = memory(huge ? HUGE : SMALL, huge, 0), *b = memory(huge ? HUGE : SMALL, huge, 1);
	struct hyperplace_pair pair = pair_of(a, b, size);
	struct hyperplace_exchange request;
	int error;

	*a = 'a';
	*b = 'b';
	get_listed(a, 0);
	get_listed(b, 1);
	error = exchange(&request, &self, 1, &pair, 1);
	if (!error && pair.status == HYPERPLACE_UNSUPPORTED)
		error = EOPNOTSUPP;
	if (!error && pair.status)
		die("exchange: %s", status_name(pair.status));
	if (*a != 'a' || *b != 'b' || node_of(a) != !error || node_of(b) != !!error)
		die("exchange ended with error %d, but the pages are not where they should be", error);
	return error;
}

static int try_scan(unsigned int flags)
{
	static struct hyperplace_chunk chunk;
	char *page = memory(SMALL, false, 0);
	struct hyperplace_scan request = { .process = self, .start = (uintptr_t)page, .end = (uintptr_t)page + SMALL,
					   .chunks = (uintptr_t)&chunk, .max_chunks = 1, .flags = flags, .smem_node = 1 };

	if (ioctl(device, HYPERPLACE_IOC_SCAN, &request))
		return errno;
	if (request.nr_chunks != 1 || chunk.fmem != 1 || chunk.fmem_young != 1)
		die("scan: %u chunks, %u pages, %u young", request.nr_chunks, chunk.fmem, chunk.fmem_young);
	return 0;
}

/* Whether what was tried agrees with what the module says of itself. */
static bool agrees(const char *name, bool said, int error)
{
	printf("%s %s%s\n", name, error ? "no: " : "yes", error ? strerror(error) : "");
	return error == (said ? 0 : EOPNOTSUPP);
}

int main(void)
{
	struct hyperplace_info info;
	bool right;

	open_device();
	self.pid = getpid();
	if (ioctl(device, HYPERPLACE_IOC_INFO, &info))
		die("info");
	right = info.abi == HYPERPLACE_ABI;
	right &= agrees("exchange", info.features & HYPERPLACE_EXCHANGE, try_exchange(HYPERPLACE_4K));
	right &= agrees("exchange-2M", info.features & HYPERPLACE_EXCHANGE_HUGE, try_exchange(HYPERPLACE_2M));
	right &= agrees("scan", info.features & HYPERPLACE_SCAN, try_scan(HYPERPLACE_SCAN_CLEAR));
	right &= agrees("scan-flush", info.features & HYPERPLACE_SCAN_FLUSHES,
			try_scan(HYPERPLACE_SCAN_CLEAR | HYPERPLACE_SCAN_FLUSH));
	return right ? 0 : 1;
}

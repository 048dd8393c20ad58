// SPDX-License-Identifier: Apache-2.0
/*
 * The promises of /dev/hyperplace's scan, one by one.
 *
 *   scan_check             runs all; a line "ok NAME" or "FAIL NAME: why" each; exit status 0 if all are ok
 *
 * Needs two nodes and hyperplace.ko loaded.
 */
#include "exchange.h"
#include <pthread.h>
#include <sys/wait.h>

enum { CHUNKS = 64, RESERVED = 46 /* bits of address space that a Go or Java program may reserve at once */ };

static struct hyperplace_chunk chunks[HYPERPLACE_MAX_CHUNKS];
static struct hyperplace_scan request;
static const char *current;
static int failures;

#define expect(condition)                                                                          \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			printf("FAIL %s: %s (line %d)\n", current, #condition, __LINE__);          \
			failures++;                                                                \
		}                                                                                  \
	} while (0)

static int scan(const void *start, size_t size, unsigned int max, unsigned int flags)
{
	request = (struct hyperplace_scan){ .process.pid = getpid(), .start = (uintptr_t)start,
					    .end = (uintptr_t)start + size, .chunks = (uintptr_t)chunks,
					    .max_chunks = max, .flags = flags, .fmem_node = 0, .smem_node = 1 };
	return ioctl(device, HYPERPLACE_IOC_SCAN, &request) ? errno : 0;
}

static void clear(const void *start, size_t size)
{
	expect(scan(start, size, CHUNKS, HYPERPLACE_SCAN_CLEAR | HYPERPLACE_SCAN_FLUSH) == 0);
}

static void counts_pages_by_node(void)
{
	char *start = reserve(2 * HUGE, false);

	bind_to(start, HUGE, 0);
	bind_to(start + HUGE, HUGE, 1);
	memset(start, 1, 10 * SMALL);
	memset(start + HUGE + 3 * SMALL, 1, 20 * SMALL);
	expect(scan(start, 2 * HUGE, CHUNKS, 0) == 0);
	expect(request.nr_chunks == 2 && request.next == request.end);
	expect(chunks[0].address == (uintptr_t)start && chunks[1].address == (uintptr_t)start + HUGE);
	expect(chunks[0].fmem == 10 && chunks[0].smem == 0 && chunks[0].other == 0 && chunks[0].huge == 0);
	expect(chunks[1].fmem == 0 && chunks[1].smem == 20 && chunks[1].smem_young == 20);
	/* Part of it only. */
	expect(scan(start + HUGE + 4 * SMALL, 5 * SMALL, CHUNKS, 0) == 0);
	expect(request.nr_chunks == 1 && chunks[0].smem == 5 && chunks[0].address == (uintptr_t)start + HUGE);
}

static void sees_what_was_accessed_since_the_last_time(void)
{
	char *start = memory(HUGE, false, 1);

	clear(start, HUGE);
	expect(scan(start, HUGE, CHUNKS, 0) == 0);
	expect(chunks[0].smem == 512 && chunks[0].smem_young == 0);
	for (int i = 0; i < 7; i++)
		start[i * 50 * SMALL] = 2;
	expect(scan(start, HUGE, CHUNKS, 0) == 0 && chunks[0].smem_young == 7);
	/* Looking changes nothing. */
	expect(scan(start, HUGE, CHUNKS, 0) == 0 && chunks[0].smem_young == 7);
	expect(scan(start, HUGE, CHUNKS, HYPERPLACE_SCAN_CLEAR) == 0 && chunks[0].smem_young == 7);
	expect(scan(start, HUGE, CHUNKS, 0) == 0 && chunks[0].smem_young == 0);
	expect(start[0] == 2);
}

static void sees_huge_pages(void)
{
	char *start = memory(HUGE, true, 0);

	clear(start, HUGE);
	expect(chunks[0].huge == 1 && chunks[0].fmem == 512 && chunks[0].fmem_young == 512);
	expect(scan(start, HUGE, CHUNKS, 0) == 0 && chunks[0].fmem == 512 && chunks[0].fmem_young == 0);
	start[HUGE / 2] = 1;
	expect(scan(start, HUGE, CHUNKS, 0) == 0 && chunks[0].fmem_young == 512);
	munmap(start, SMALL);
	expect(scan(start, HUGE, CHUNKS, 0) == 0 && chunks[0].fmem == 511 && chunks[0].huge == 0);
}

static void skips_what_is_not_there(void)
{
	size_t size = 1UL << RESERVED;
	char *start = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	double begun = seconds();

	if (start == MAP_FAILED)
		die("mmap of %zu bytes", size);
	madvise(start, size, MADV_NOHUGEPAGE);
	start[size / 3] = 1;
	start[size - 1] = 1;
	expect(scan(start, size, CHUNKS, HYPERPLACE_SCAN_CLEAR) == 0);
	expect(request.nr_chunks == 2 && request.next == request.end && request.tables <= 4);
	printf("   64 TiB with two pages: %.3f s\n", seconds() - begun);
	munmap(start, size);
}

static void a_chunk_of_several_mappings_is_reported_once(void)
{
	char *start = memory(2 * HUGE, false, 0);

	for (int i = 0; i < 100; i += 2)
		mprotect(start + i * SMALL, SMALL, PROT_READ);
	munmap(start + 200 * SMALL, 10 * SMALL);
	expect(scan(start, 2 * HUGE, 2, 0) == 0);
	expect(request.nr_chunks == 2 && chunks[0].fmem == 502 && chunks[1].fmem == 512 && request.next == request.end);
}

static void goes_on_where_it_stopped(void)
{
	char *start = memory((size_t)CHUNKS * HUGE, false, 1);
	uintptr_t at = (uintptr_t)start, end = at + (size_t)CHUNKS * HUGE;
	unsigned int calls = 0, seen = 0;

	for (; at < end && calls < 100; calls++) {
		expect(scan((void *)at, end - at, 5, HYPERPLACE_SCAN_CLEAR) == 0);
		expect(request.nr_chunks <= 5 && request.nr_chunks > 0);
		for (unsigned int i = 0; i < request.nr_chunks; i++, seen++)
			expect(chunks[i].address == (uintptr_t)start + (size_t)seen * HUGE && chunks[i].smem == 512);
		at = request.next;
	}
	expect(seen == CHUNKS && calls == (CHUNKS + 4) / 5);
	munmap(start, (size_t)CHUNKS * HUGE);
}

static void follows_exchanges(void)
{
	struct hyperplace_process self = { .pid = getpid() };
	struct hyperplace_exchange r;
	struct hyperplace_pair pair;
	char *a = memory(SMALL, false, 0), *b = memory(SMALL, false, 1);

	pair = pair_of(a, b, HYPERPLACE_4K);
	expect(exchange(&r, &self, 1, &pair, 1) == 0 && pair.status == HYPERPLACE_OK);
	expect(scan(a, SMALL, 1, 0) == 0 && chunks[0].fmem == 0 && chunks[0].smem == 1 && chunks[0].smem_young == 1);
	expect(scan(b, SMALL, 1, 0) == 0 && chunks[0].fmem == 1 && chunks[0].smem == 0);
}

static void *churn(void *arg)
{
	while (!__atomic_load_n((int *)arg, __ATOMIC_RELAXED)) {
		char *start = reserve(8 * HUGE, true);

		for (size_t i = 0; i < 8 * HUGE; i += HUGE / 2)
			start[i] = 1;
		madvise(start + HUGE, SMALL, MADV_DONTNEED);
		mprotect(start + 2 * HUGE, HUGE / 2, PROT_READ);
		munmap(start, 8 * HUGE);
	}
	return NULL;
}

static void mappings_may_change_meanwhile(void)
{
	double begun = seconds();
	unsigned int calls = 0;
	int stop = 0, child;
	pthread_t id;

	pthread_create(&id, NULL, churn, &stop);
	while (seconds() - begun < 3) {
		expect(scan(NULL, 1UL << 46, HYPERPLACE_MAX_CHUNKS, HYPERPLACE_SCAN_CLEAR) == 0);
		expect(request.next == request.end && request.nr_chunks > 0);
		if (calls++ % 8 == 0) {
			child = fork();
			if (child == 0)
				_exit(0);
			waitpid(child, NULL, 0);
		}
	}
	stop = 1;
	pthread_join(id, NULL);
	printf("   %u scans\n", calls);
}

static void bad_parameters_are_refused(void)
{
	char *start = memory(SMALL, false, 0);
	int child;

	expect(scan(start + 1, SMALL, 1, 0) == EINVAL);
	expect(scan(start, SMALL + 1, 1, 0) == EINVAL);
	expect(scan(start, 0, 1, 0) == EINVAL);
	expect(scan(start, (size_t)-SMALL - (uintptr_t)start, 1, 0) == EINVAL);
	expect(scan(start, SMALL, 0, 0) == EINVAL);
	expect(scan(start, SMALL, HYPERPLACE_MAX_CHUNKS + 1, 0) == EINVAL);
	expect(scan(start, SMALL, 1, 4) == EINVAL);
	expect(ioctl(device, HYPERPLACE_IOC_SCAN, NULL) == -1 && errno == EFAULT);
	request.chunks = 1;
	request.max_chunks = 1;
	request.flags = 0;
	expect(ioctl(device, HYPERPLACE_IOC_SCAN, &request) == -1 && errno == EFAULT);
	request.process.start_time = 1;
	expect(ioctl(device, HYPERPLACE_IOC_SCAN, &request) == -1 && errno == ESRCH);
	child = fork();
	if (child == 0)
		_exit(0);
	waitpid(child, NULL, 0);
	request.process = (struct hyperplace_process){ .pid = child };
	expect(ioctl(device, HYPERPLACE_IOC_SCAN, &request) == -1 && errno == ESRCH);
	request.process.pid = 2;	/* a kernel thread */
	expect(ioctl(device, HYPERPLACE_IOC_SCAN, &request) == -1 && errno == ESRCH);
}

#define CHECK(name) { #name, name }

int main(void)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} checks[] = {
		CHECK(counts_pages_by_node),
		CHECK(sees_what_was_accessed_since_the_last_time),
		CHECK(sees_huge_pages),
		CHECK(skips_what_is_not_there),
		CHECK(a_chunk_of_several_mappings_is_reported_once),
		CHECK(goes_on_where_it_stopped),
		CHECK(follows_exchanges),
		CHECK(bad_parameters_are_refused),
		CHECK(mappings_may_change_meanwhile),
	};

	setvbuf(stdout, NULL, _IOLBF, 0);
	open_device();
	for (size_t i = 0; i < sizeof(checks) / sizeof(*checks); i++) {
		int before = failures;

		current = checks[i].name;
		checks[i].run();
		if (failures == before)
			printf("ok %s\n", current);
	}
	return failures ? 1 : 0;
}

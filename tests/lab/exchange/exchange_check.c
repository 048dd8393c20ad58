// SPDX-License-Identifier: Apache-2.0
/*
 * The promises of /dev/hyperplace's exchange, one by one.
 *
 *   exchange_check             runs all; a line "ok NAME" or "FAIL NAME: why" each; exit status 0 if all are ok
 *
 * Needs two nodes and hyperplace.ko loaded.
 */
#include "exchange.h"
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <sys/wait.h>

static struct hyperplace_process self;
static struct hyperplace_exchange request;
static const char *current;
static int failures;

#define expect(condition)                                                                          \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			printf("FAIL %s: %s (line %d)\n", current, #condition, __LINE__);          \
			failures++;                                                                \
		}                                                                                  \
	} while (0)

#define expect_status(got, wanted)                                                                                    \
	do {                                                                                                          \
		unsigned int got_ = (got), wanted_ = (wanted);                                                        \
		if (got_ != wanted_) {                                                                                \
			printf("FAIL %s: %s instead of %s (line %d)\n", current, status_name(got_),                   \
			       status_name(wanted_), __LINE__);                                                       \
			failures++;                                                                                   \
		}                                                                                                     \
	} while (0)

/* The status of exchanging one pair of this process. */
static unsigned int one(const void *a, const void *b, int size)
{
	struct hyperplace_pair pair = pair_of(a, b, size);
	int error = exchange(&request, &self, 1, &pair, 1);

	expect(error == 0);
	return pair.status;
}

static unsigned int one_small(const void *a, const void *b)
{
	return one(a, b, HYPERPLACE_4K);
}

static void fill(void *start, size_t size, uint64_t seed)
{
	uint64_t *words = start;

	for (size_t i = 0; i < size / 8; i++)
		words[i] = seed * 0x9e3779b97f4a7c15 + i;
}

static bool filled(const void *start, size_t size, uint64_t seed)
{
	const uint64_t *words = start;

	for (size_t i = 0; i < size / 8; i++)
		if (words[i] != seed * 0x9e3779b97f4a7c15 + i)
			return false;
	return true;
}

static void two_pages_change_places(void)
{
	char *a = memory(SMALL, false, 0), *b = memory(SMALL, false, 1);

	fill(a, SMALL, 1);
	fill(b, SMALL, 2);
	expect_status(one_small(a, b), HYPERPLACE_OK);
	expect(request.exchanged == 1 && request.flushes >= 1);
	expect(node_of(a) == 1 && node_of(b) == 0);
	expect(filled(a, SMALL, 1) && filled(b, SMALL, 2));
	a[0]++;
	b[0]++;
	a[0]--;
	expect_status(one_small(a, b), HYPERPLACE_ALREADY);
	expect_status(one_small(b, a), HYPERPLACE_OK);
	expect(node_of(a) == 0 && node_of(b) == 1);
	b[0]--;
	expect(filled(a, SMALL, 1) && filled(b, SMALL, 2));
}

static void huge_pages_change_places(void)
{
	char *a = memory(HUGE, true, 0), *b = memory(HUGE, true, 1);

	fill(a, HUGE, 1);
	fill(b, HUGE, 2);
	expect_status(one(a, b, HYPERPLACE_2M), HYPERPLACE_OK);
	expect(node_of(a) == 1 && node_of(b) == 0);
	expect(filled(a, HUGE, 1) && filled(b, HUGE, 2));
	fill(a, HUGE, 3);
	expect_status(one(b, a, HYPERPLACE_2M), HYPERPLACE_OK);
	expect(filled(a, HUGE, 3) && filled(b, HUGE, 2));
	/* Still one page each, and the kernel can split and free them. */
	expect_status(one(a + HUGE / 2, b, HYPERPLACE_2M), HYPERPLACE_INVALID);
	munmap(a, HUGE / 2);
	expect(filled(b, HUGE, 2));
	expect(((uint64_t *)a)[HUGE / 16] == (uint64_t)3 * 0x9e3779b97f4a7c15 + HUGE / 16);
	munmap(b, HUGE);
}

/* The number of remote flushes the kernel itself has traced, of 512 pairs in one call. */
static void a_full_batch_needs_at_most_four_flushes(void)
{
	static struct hyperplace_pair pairs[HYPERPLACE_MAX_PAIRS];
	size_t size = (size_t)HYPERPLACE_MAX_PAIRS * SMALL;
	char *a = memory(size, false, 0), *b = memory(size, false, 1);

	fill(a, size, 1);
	fill(b, size, 2);
	for (size_t i = 0; i < HYPERPLACE_MAX_PAIRS; i++)
		pairs[i] = pair_of(a + i * SMALL, b + size - (i + 1) * SMALL, HYPERPLACE_4K);
	expect(exchange(&request, &self, 1, pairs, HYPERPLACE_MAX_PAIRS) == 0);
	printf("   %u pairs, %u flushes, %u drains\n", request.exchanged, request.flushes, request.drains);
	expect(request.exchanged == HYPERPLACE_MAX_PAIRS);
	expect(request.flushes >= 1 && request.flushes <= 4);
	expect(filled(a, size, 1) && filled(b, size, 2));
	for (size_t i = 0; i < size; i += SMALL)
		expect(node_of(a + i) == 1 && node_of(b + i) == 0);
}

static void a_page_named_twice_is_exchanged_once(void)
{
	char *a = memory(SMALL, false, 0), *b = memory(2 * SMALL, false, 1);
	struct hyperplace_pair pairs[2] = { pair_of(a, b, 0), pair_of(a, b + SMALL, 0) };

	fill(a, SMALL, 1);
	fill(b, 2 * SMALL, 2);
	expect(exchange(&request, &self, 1, pairs, 2) == 0);
	expect_status(pairs[0].status, HYPERPLACE_OK);
	expect(pairs[1].status != HYPERPLACE_OK && pairs[1].side == 0);
	expect(node_of(b + SMALL) == 1 && filled(a, SMALL, 1) && filled(b, 2 * SMALL, 2));
}

static void wrong_node_and_already_there_are_told_apart(void)
{
	char *a = memory(SMALL, false, 0), *b = memory(SMALL, false, 1), *c = memory(SMALL, false, 0);

	expect_status(one_small(b, a), HYPERPLACE_ALREADY);
	expect_status(one_small(a, c), HYPERPLACE_ALREADY);
	expect(node_of(a) == 0 && node_of(b) == 1);
}

static void what_is_not_plain_anonymous_memory_is_refused(void)
{
	char *a = memory(SMALL, false, 0), *b = memory(SMALL, false, 1), *huge = memory(HUGE, true, 1);
	char *hole = reserve(HUGE, false), *huge_hole = reserve(HUGE, true);
	int pipes[2];
	struct iovec vector = { b, SMALL };

	expect_status(one_small(a, hole), HYPERPLACE_NOT_PRESENT);
	expect_status(one(a, hole, HYPERPLACE_2M), HYPERPLACE_SIZE);
	expect(*(volatile char *)hole == 0);
	expect_status(one_small(a, hole), HYPERPLACE_SPECIAL);
	expect(*(volatile char *)huge_hole == 0);
	expect_status(one(memory(HUGE, true, 0), huge_hole, HYPERPLACE_2M), HYPERPLACE_SPECIAL);
	expect_status(one_small(a, huge), HYPERPLACE_SIZE);
	expect_status(one(memory(HUGE, false, 0), huge, HYPERPLACE_2M), HYPERPLACE_SIZE);
	expect_status(one_small(a, (void *)0x10000), HYPERPLACE_NOT_PRESENT);

	char *shared = mmap(NULL, SMALL, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	bind_to(shared, SMALL, 1);
	*shared = 1;
	expect_status(one_small(a, shared), HYPERPLACE_NOT_ANON);

	expect(mlock(b, SMALL) == 0);
	expect_status(one_small(a, b), HYPERPLACE_MLOCKED);
	expect(munlock(b, SMALL) == 0);
	expect_status(one_small(a, b), HYPERPLACE_OK);
	expect_status(one_small(b, a), HYPERPLACE_OK);

	expect(pipe(pipes) == 0 && vmsplice(pipes[1], &vector, 1, 0) == SMALL);
	expect_status(one_small(a, b), HYPERPLACE_PINNED);
	close(pipes[0]);
	close(pipes[1]);
	expect_status(one_small(a, b), HYPERPLACE_OK);
	expect_status(one_small(b, a), HYPERPLACE_OK);

	bind_to(b, SMALL, 1);
	expect_status(one_small(a, b), HYPERPLACE_POLICY);
	bind_to(b, SMALL, -1);

	expect(node_of(a) == 0 && node_of(b) == 1);
}

static void memory_given_up_is_left_until_it_is_written_again(void)
{
	char *a = memory(SMALL, false, 0), *b = memory(SMALL, false, 1);
	unsigned int status;

	expect(madvise(b, SMALL, MADV_FREE) == 0);
	status = one_small(a, b);
	expect(status == HYPERPLACE_LAZY_FREE);
	fill(a, SMALL, 1);
	fill(b, SMALL, 2);
	expect_status(one_small(a, b), HYPERPLACE_OK);
	expect(node_of(a) == 1 && node_of(b) == 0 && filled(a, SMALL, 1) && filled(b, SMALL, 2));
	/* It may still be thrown away, but only if it was not written. */
	madvise(a, SMALL, 21 /* MADV_PAGEOUT */);
	madvise(b, SMALL, 21);
	expect(filled(a, SMALL, 1) && filled(b, SMALL, 2));
}

static void after_fork_pages_are_refused_until_they_are_ones_own(void)
{
	char *a = memory(SMALL, false, 0), *b = memory(SMALL, false, 1);
	int to_child[2], byte;
	pid_t child;

	fill(a, SMALL, 1);
	fill(b, SMALL, 2);
	expect(pipe(to_child) == 0);
	child = fork();
	if (child == 0) {
		close(to_child[1]);
		(void)!read(to_child[0], &byte, 1);
		_exit(filled(a, SMALL, 1) && filled(b, SMALL, 2) ? 0 : 1);
	}
	expect_status(one_small(a, b), HYPERPLACE_SHARED);
	close(to_child[1]);
	expect(waitpid(child, &byte, 0) == child && byte == 0);
	expect_status(one_small(a, b), HYPERPLACE_OK);
	fill(a, SMALL, 3);
	expect(filled(a, SMALL, 3) && filled(b, SMALL, 2));
	close(to_child[0]);
}

static void pages_of_two_processes_change_places(void)
{
	char *a = memory(SMALL, false, 0), *b = memory(SMALL, false, 1);
	struct hyperplace_pair pair = pair_of(a, b, 0);
	struct hyperplace_process who[3] = { self };
	int ready[2], go[2], byte;
	pid_t child;

	expect(pipe(ready) == 0 && pipe(go) == 0);
	fill(a, SMALL, 1);
	child = fork();
	if (child == 0) {
		fill(b, SMALL, 2);	/* its own from now on */
		bind_to(b, SMALL, 1);
		madvise(b, SMALL, MADV_DONTNEED);
		fill(b, SMALL, 2);
		bind_to(b, SMALL, -1);
		(void)!write(ready[1], "", 1);
		(void)!read(go[0], &byte, 1);
		_exit(node_of(b) == 0 && filled(b, SMALL, 2) ? 0 : 1);
	}
	(void)!read(ready[0], &byte, 1);
	fill(a, SMALL, 1);		/* copied on write: no longer shared, on node 0 */
	who[1].pid = child;
	who[2].pid = 1 << 22;
	pair.process[1] = 1;
	pair.node[0] = (uint16_t)node_of(a);
	expect(exchange(&request, who, 3, &pair, 1) == 0);
	expect(who[0].status == 0 && who[1].status == 0 && who[2].status == HYPERPLACE_NO_PROCESS);
	expect_status(pair.status, HYPERPLACE_OK);
	expect(node_of(a) == 1 && filled(a, SMALL, 1));
	(void)!write(go[1], "", 1);
	expect(waitpid(child, &byte, 0) == child && byte == 0);
}

static void another_start_time_is_another_process(void)
{
	char *a = memory(SMALL, false, 0), *b = memory(SMALL, false, 1);
	struct hyperplace_pair pair = pair_of(a, b, 0);
	struct hyperplace_process who = { .pid = getpid() };
	unsigned long long start = 0;
	FILE *file = fopen("/proc/self/stat", "r");

	expect(file && fscanf(file, "%*d %*s %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d "
				    "%*d %llu", &start) == 1);
	fclose(file);
	who.start_time = start + 1;
	expect(exchange(&request, &who, 1, &pair, 1) == 0);
	expect_status(pair.status, HYPERPLACE_NO_PROCESS);
	who.start_time = start;
	expect(exchange(&request, &who, 1, &pair, 1) == 0);
	expect_status(pair.status, HYPERPLACE_OK);
}

static void bad_parameters_change_nothing(void)
{
	char *a = memory(SMALL, false, 0), *b = memory(SMALL, false, 1);
	struct hyperplace_pair good = pair_of(a, b, 0), bad;
	struct hyperplace_exchange r;

	expect(exchange(&request, &self, 1, &good, 0) == EINVAL);
	expect(exchange(&request, &self, 1, &good, HYPERPLACE_MAX_PAIRS + 1) == EINVAL);
	expect(exchange(&request, &self, 0, &good, 1) == EINVAL);
	expect(exchange(&request, &self, HYPERPLACE_MAX_PROCESSES + 1, &good, 1) == EINVAL);
	expect(exchange(&request, NULL, 1, &good, 1) == EFAULT);
	expect(exchange(&request, &self, 1, NULL, 1) == EFAULT);
	expect(ioctl(device, HYPERPLACE_IOC_EXCHANGE, NULL) == -1 && errno == EFAULT);
	expect(ioctl(device, _IO(HYPERPLACE_IOC_MAGIC, 99), NULL) == -1 && errno == ENOTTY);
	r = (struct hyperplace_exchange){ .processes = (uintptr_t)&self, .nr_processes = 1,
					  .pairs = (uintptr_t)&good, .nr_pairs = 1, .flags = 1 };
	expect(ioctl(device, HYPERPLACE_IOC_EXCHANGE, &r) == -1 && errno == EINVAL);
#define REFUSED(change)                                                                            \
	do {                                                                                       \
		bad = good;                                                                        \
		change;                                                                            \
		expect(exchange(&request, &self, 1, &bad, 1) == 0);                                \
		expect_status(bad.status, HYPERPLACE_INVALID);                                     \
	} while (0)
	REFUSED(bad.address[0]++);
	REFUSED(bad.address[1] = -(uint64_t)SMALL);
	REFUSED(bad.process[1] = 1);
	REFUSED(bad.node[0] = 1);
	REFUSED(bad.node[1] = 1000);
	REFUSED(bad.node[1] = 65535);
	REFUSED(bad.size = 2);
	REFUSED(bad.reserved[4] = 1);
	REFUSED((bad.size = HYPERPLACE_2M, bad.address[0] += SMALL));
	expect(node_of(a) == 0 && node_of(b) == 1);
}

/* Not root any more: this check runs in a child. */
static void others_need_capability_and_access(void)
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		if (setgid(1000) || setuid(1000))
			_exit(1);
		if (open("/dev/hyperplace", O_RDWR) >= 0 || (errno != EACCES && errno != EPERM))
			_exit(2);
		struct hyperplace_info info;

		/* Handed on by somebody who may. */
		if (ioctl(device, HYPERPLACE_IOC_INFO, &info) != -1 || errno != EPERM)
			_exit(3);
		_exit(0);
	}
	expect(waitpid(child, &status, 0) == child && status == 0);
}

/* The right to the device is none to the processes of others. */
static void processes_of_other_users_need_the_right_to_trace_them(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct admin[2] = { { .effective = 1 << CAP_SYS_ADMIN, .permitted = 1 << CAP_SYS_ADMIN } };
	char *a = memory(SMALL, false, 0), *b = memory(SMALL, false, 1);
	struct hyperplace_pair pair = pair_of(a, b, 0);
	struct hyperplace_process who = { 0 };
	struct hyperplace_chunk chunk;
	struct hyperplace_scan scan = { .start = (uintptr_t)a, .end = (uintptr_t)a + SMALL, .smem_node = 1,
					.chunks = (uintptr_t)&chunk, .max_chunks = 1 };
	int ready[2], status;
	pid_t child;

	expect(pipe(ready) == 0);
	who.pid = fork();
	if (who.pid == 0) {
		if (setgid(1000) || setuid(1000))
			_exit(1);
		(void)!write(ready[1], "", 1);
		for (;;)
			pause();
	}
	close(ready[1]);
	expect(read(ready[0], &status, 1) == 1);
	close(ready[0]);
	scan.process.pid = who.pid;
	child = fork();
	if (child == 0) {
		if (syscall(SYS_capset, &header, admin))
			_exit(1);
		if (exchange(&request, &who, 1, &pair, 1) || pair.status != HYPERPLACE_NO_ACCESS)
			_exit(2);
		if (ioctl(device, HYPERPLACE_IOC_SCAN, &scan) != -1 || errno != EACCES)
			_exit(3);
		_exit(0);
	}
	expect(waitpid(child, &status, 0) == child && status == 0);
	expect(ioctl(device, HYPERPLACE_IOC_SCAN, &scan) == 0);
	kill(who.pid, SIGKILL);
	expect(waitpid(who.pid, &status, 0) == who.pid && WIFSIGNALED(status));
}

#define CHECK(name) { #name, name }

int main(void)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} checks[] = {
		CHECK(two_pages_change_places),
		CHECK(a_full_batch_needs_at_most_four_flushes),
		CHECK(a_page_named_twice_is_exchanged_once),
		CHECK(wrong_node_and_already_there_are_told_apart),
		CHECK(what_is_not_plain_anonymous_memory_is_refused),
		CHECK(memory_given_up_is_left_until_it_is_written_again),
		CHECK(after_fork_pages_are_refused_until_they_are_ones_own),
		CHECK(pages_of_two_processes_change_places),
		CHECK(another_start_time_is_another_process),
		CHECK(bad_parameters_change_nothing),
		CHECK(others_need_capability_and_access),
		CHECK(processes_of_other_users_need_the_right_to_trace_them),
		CHECK(huge_pages_change_places),
	};

	setvbuf(stdout, NULL, _IOLBF, 0);
	open_device();
	self.pid = getpid();
	for (size_t i = 0; i < sizeof(checks) / sizeof(*checks); i++) {
		int before = failures;

		current = checks[i].name;
		checks[i].run();
		if (failures == before)
			printf("ok %s\n", current);
	}
	return failures ? 1 : 0;
}

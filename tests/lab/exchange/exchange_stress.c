// SPDX-License-Identifier: Apache-2.0
/*
 * Exchanges pages under the feet of processes that do everything to them that Linux offers, and loses no byte.
 *
 *   exchange_stress [--pairs N] [--seconds S] [--disk DEVICE]
 *
 * Two victims of four threads each write tagged pages, small and huge, and check every word they read back, while they fork,
 * unmap, move, protect, lock, free, swap out, split and collapse them, splice them into pipes and do direct I/O from and to them
 * (DEVICE: a block device that may be overwritten, of 1 MiB at least). Two threads exchange random pairs of their pages meanwhile.
 * Victims are killed and replaced every few seconds. Ends after N exchanged pairs or S seconds; exit status 0: not one wrong word.
 */
#include "exchange.h"
#include <getopt.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <sys/wait.h>

enum { VICTIMS = 2, THREADS = 4, PAGES = 1024 /* a thread's small ones */, HUGES = 4 /* and huge ones */, RUN = 16, WRONG = 7,
       MPOL_INTERLEAVE_ = 3, PAGEOUT = 21, COLLAPSE = 25, LIFE = 4 /* seconds */ };

static char *const small_arena = (char *)0x100000000000, *const huge_arena = (char *)0x200000000000,
		  *const elsewhere = (char *)0x300000000000;
static const size_t small_size = (size_t)PAGES * SMALL, huge_size = (size_t)HUGES * HUGE;

static unsigned long wanted = 100000, limit = 600;
static const char *disk;

/* Shared by all processes. */
static struct {
	pid_t victim[VICTIMS];
	unsigned long status[32], huge_ok, calls, flushes, verified, operations[16];
	int wrong;
} *shared;

struct thread {
	unsigned int number, random;
	char *pages, *huges;		/* its slices of the arenas */
	uint64_t tag[PAGES], huge_tag[HUGES];	/* 0: reads as zeroes */
	int fd;
};

static unsigned int pick(struct thread *t, unsigned int n)
{
	t->random = t->random * 1664525 + 1013904223;
	return (t->random >> 8) % n;
}

static void write_tag(char *page, size_t size, uint64_t tag)
{
	for (size_t i = 0; i < size / 8; i++)
		((volatile uint64_t *)page)[i] = tag + i * 0x9e3779b97f4a7c15;
}

static void check_tag(const char *page, size_t size, uint64_t tag, const char *when)
{
	for (size_t i = 0; i < size / 8; i++) {
		uint64_t word = ((const volatile uint64_t *)page)[i], right = tag ? tag + i * 0x9e3779b97f4a7c15 : 0;

		if (word == right)
			continue;
		printf("WRONG %s: %p word %zu is %#lx instead of %#lx\n", when, (const void *)page, i, word, right);
		__atomic_store_n(&shared->wrong, 1, __ATOMIC_RELAXED);
		_exit(WRONG);
	}
	__atomic_fetch_add(&shared->verified, size / SMALL, __ATOMIC_RELAXED);
}

static void tag_page(struct thread *t, unsigned int i)
{
	t->tag[i] = ((uint64_t)t->random << 32) + t->number * PAGES + i + 1;
	write_tag(t->pages + (size_t)i * SMALL, SMALL, t->tag[i]);
}

static void check_run(struct thread *t, const char *at, unsigned int first, const char *when)
{
	for (unsigned int i = 0; i < RUN; i++)
		check_tag(at + (size_t)i * SMALL, SMALL, t->tag[first + i], when);
}

static void map_interleaved(char *start, size_t size, bool huge)
{
	unsigned long mask = 3;

	if (mmap(start, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0) != start)
		die("mmap");
	if (syscall(SYS_mbind, start, size, MPOL_INTERLEAVE_, &mask, 8 * sizeof(mask), 0))
		die("mbind");
	madvise(start, size, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
}

/* ---- What a victim's thread does to a run of RUN small pages, which starts at page number `first`. ---- */

static void forget(struct thread *t, unsigned int first)
{
	memset(&t->tag[first], 0, RUN * sizeof(t->tag[0]));
}

static void op_discard(struct thread *t, char *run, unsigned int first)
{
	madvise(run, RUN * SMALL, MADV_DONTNEED);
	forget(t, first);
}

static void op_unmap(struct thread *t, char *run, unsigned int first)
{
	munmap(run, RUN * SMALL);
	map_interleaved(run, RUN * SMALL, false);
	forget(t, first);
}

static void op_move(struct thread *t, char *run, unsigned int first)
{
	char *away = elsewhere + t->number * HUGE;

	if (mremap(run, RUN * SMALL, RUN * SMALL, MREMAP_MAYMOVE | MREMAP_FIXED, away) != away)
		die("mremap");
	check_run(t, away, first, "moved away");
	t->tag[first] = t->random | 1;
	write_tag(away, SMALL, t->tag[first]);
	if (mremap(away, RUN * SMALL, RUN * SMALL, MREMAP_MAYMOVE | MREMAP_FIXED, run) != run)
		die("mremap back");
}

static void op_protect(struct thread *t, char *run, unsigned int first)
{
	mprotect(run, RUN * SMALL, PROT_READ);
	check_run(t, run, first, "read-only");
	mprotect(run, RUN * SMALL, PROT_NONE);
	mprotect(run, RUN * SMALL, PROT_READ | PROT_WRITE);
}

static void op_swap_out(struct thread *t, char *run, unsigned int first)
{
	(void)t, (void)first;
	madvise(run, RUN * SMALL, PAGEOUT);
}

static void op_free(struct thread *t, char *run, unsigned int first)
{
	madvise(run, RUN * SMALL, MADV_FREE);
	for (unsigned int i = 0; i < RUN; i++)
		tag_page(t, first + i);
}

static void op_lock(struct thread *t, char *run, unsigned int first)
{
	mlock(run, RUN * SMALL);
	check_run(t, run, first, "locked");
	munlock(run, RUN * SMALL);
}

static void op_merge(struct thread *t, char *run, unsigned int first)
{
	(void)t, (void)first;
	madvise(run, RUN * SMALL, pick(t, 2) ? MADV_MERGEABLE : MADV_UNMERGEABLE);
}

static void op_fork(struct thread *t, char *run, unsigned int first)
{
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		check_run(t, run, first, "in a child");
		write_tag(run, SMALL, 42);
		for (unsigned int i = 0; i < PAGES; i += 8)
			if (i != first)
				check_tag(t->pages + (size_t)i * SMALL, SMALL, t->tag[i], "in a child");
		check_tag(run, SMALL, 42, "written by a child");
		_exit(0);
	}
	if (child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status))
		_exit(WRONG);
}

/* The pipe holds references to the pages for a while. */
static void op_splice(struct thread *t, char *run, unsigned int first)
{
	static __thread char copy[RUN * SMALL];
	struct iovec vector = { run, RUN * SMALL };
	ssize_t size = 0;
	int ends[2];

	if (pipe(ends))
		die("pipe");
	size = vmsplice(ends[1], &vector, 1, SPLICE_F_NONBLOCK);
	poll(NULL, 0, (int)pick(t, 20));
	for (ssize_t got = 0; got < size;)
		got += read(ends[0], copy + got, (size_t)(size - got));
	for (ssize_t i = 0; i < size; i += SMALL)
		check_tag(copy + i, SMALL, t->tag[first + i / SMALL], "through a pipe");
	close(ends[0]);
	close(ends[1]);
}

/* The device reads and writes the pages themselves. */
static void op_direct_io(struct thread *t, char *run, unsigned int first)
{
	unsigned int other = (first + PAGES / 2) % PAGES;
	off_t offset = (off_t)(t->number * RUN * SMALL);
	char *to = t->pages + (size_t)other * SMALL;

	if (t->fd < 0)
		return;
	if (pwrite(t->fd, run, RUN * SMALL, offset) != RUN * SMALL || pread(t->fd, to, RUN * SMALL, offset) != RUN * SMALL)
		die("direct I/O");
	memcpy(&t->tag[other], &t->tag[first], RUN * sizeof(t->tag[0]));
	check_run(t, to, other, "read from the device");
}

static void (*const operations[])(struct thread *, char *, unsigned int) = {
	op_discard, op_unmap, op_move, op_protect, op_swap_out, op_free, op_lock, op_merge, op_splice, op_direct_io, op_fork,
};

/* ---- Huge pages. ---- */

static void work_on_huge(struct thread *t)
{
	unsigned int i = pick(t, HUGES);
	char *huge = t->huges + (size_t)i * HUGE, *away = elsewhere + (size_t)(64 + t->number) * HUGE;

	check_tag(huge, HUGE, t->huge_tag[i], "huge");
	switch (pick(t, 7)) {
	case 0:	/* a new page */
		madvise(huge, HUGE, MADV_DONTNEED);
		t->huge_tag[i] = 0;
		break;
	case 1:	/* splits the mapping */
		mprotect(huge, HUGE / 2, PROT_READ);
		check_tag(huge, HUGE, t->huge_tag[i], "half read-only");
		mprotect(huge, HUGE / 2, PROT_READ | PROT_WRITE);
		break;
	case 2:	/* puts the page on the list of those to be split */
		madvise(huge + HUGE / 2, SMALL, MADV_DONTNEED);
		for (size_t n = 0; n < SMALL / 8; n++)
			((uint64_t *)(huge + HUGE / 2))[n] = t->huge_tag[i] + (HUGE / 16 + n) * 0x9e3779b97f4a7c15;
		break;
	case 3:
		if (mremap(huge, HUGE, HUGE, MREMAP_MAYMOVE | MREMAP_FIXED, away) != away)
			die("mremap");
		check_tag(away, HUGE, t->huge_tag[i], "huge moved away");
		if (mremap(away, HUGE, HUGE, MREMAP_MAYMOVE | MREMAP_FIXED, huge) != huge)
			die("mremap back");
		break;
	case 4:
		madvise(huge, HUGE, PAGEOUT);
		check_tag(huge, HUGE, t->huge_tag[i], "huge swapped out");
		break;
	}
	if (pick(t, 4)) {	/* one page again */
		madvise(huge, HUGE, COLLAPSE);
		check_tag(huge, HUGE, t->huge_tag[i], "collapsed");
	}
	t->huge_tag[i] = t->random | 1;
	write_tag(huge, HUGE, t->huge_tag[i]);
}

static void *run_thread(void *arg)
{
	struct thread *t = arg;

	for (unsigned int i = 0; i < PAGES; i++)
		tag_page(t, i);
	for (unsigned int i = 0; i < HUGES; i++)
		t->huge_tag[i] = i + 1, write_tag(t->huges + (size_t)i * HUGE, HUGE, i + 1);
	for (unsigned int round = 0;; round++) {
		/* Leaves some processor time to the others, of which emulation has little. */
		poll(NULL, 0, 1);
		for (unsigned int n = 0; n < 16; n++) {
			unsigned int i = pick(t, PAGES);

			check_tag(t->pages + (size_t)i * SMALL, SMALL, t->tag[i], "small");
			tag_page(t, i);
		}
		/* Forking is the most expensive by far. */
		unsigned int what = pick(t, round % 16 ? 10 : 11), first = pick(t, PAGES / RUN) * RUN;

		operations[what](t, t->pages + (size_t)first * SMALL, first);
		__atomic_fetch_add(&shared->operations[what], 1, __ATOMIC_RELAXED);
		if (round % 2 == 0)
			work_on_huge(t);
	}
	return NULL;
}

static void be_victim(int number)
{
	static struct thread threads[THREADS];
	pthread_t id;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (unsigned int i = 0; i < THREADS; i++) {
		struct thread *t = &threads[i];

		t->number = i;
		t->random = (unsigned int)getpid() * 2654435761u + i;
		t->pages = small_arena + i * small_size;
		t->huges = huge_arena + i * huge_size;
		t->fd = disk ? open(disk, O_RDWR | O_DIRECT) : -1;
		map_interleaved(t->pages, small_size, false);
		map_interleaved(t->huges, huge_size, true);
		t->number += (unsigned int)number * THREADS;
		if (pthread_create(&id, NULL, run_thread, t))
			die("thread");
	}
	for (;;)
		pause();
}

/* ---- The exchanging side. ---- */

struct place {
	void *page;
	unsigned short process;
};

/* Finds up to n pages of random victims by node; returns how many pairs there are. */
static unsigned int find_pairs(struct thread *t, struct hyperplace_pair *pairs, bool huge)
{
	static __thread struct place on[2][HYPERPLACE_MAX_PAIRS];
	unsigned int count[2] = { 0 }, n = huge ? 32 : HYPERPLACE_MAX_PAIRS, v;
	void *pages[HYPERPLACE_MAX_PAIRS];
	int nodes[HYPERPLACE_MAX_PAIRS];

	for (v = 0; v < VICTIMS; v++) {
		for (unsigned int i = 0; i < n; i++)
			pages[i] = huge ? huge_arena + (size_t)pick(t, THREADS * HUGES) * HUGE
					: small_arena + (size_t)pick(t, THREADS * PAGES) * SMALL;
		nodes_of(shared->victim[v], n, pages, nodes);
		for (unsigned int i = 0; i < n; i++)
			if ((nodes[i] == 0 || nodes[i] == 1) && count[nodes[i]] < n)
				on[nodes[i]][count[nodes[i]]++] = (struct place){ pages[i], (unsigned short)v };
	}
	n = count[0] < count[1] ? count[0] : count[1];
	for (unsigned int i = 0; i < n; i++) {
		pairs[i] = pair_of(on[0][i].page, on[1][i].page, huge);
		pairs[i].process[0] = on[0][i].process;
		pairs[i].process[1] = on[1][i].process;
	}
	return n;
}

static void *exchange_pages(void *arg)
{
	static __thread struct hyperplace_pair pairs[HYPERPLACE_MAX_PAIRS];
	static __thread struct hyperplace_process who[VICTIMS];
	struct thread t = { .random = (unsigned int)(uintptr_t)arg };
	struct hyperplace_exchange request;

	for (;;) {
		bool huge = pick(&t, 4) == 0;
		unsigned int n = find_pairs(&t, pairs, huge);

		for (int v = 0; v < VICTIMS; v++)
			who[v] = (struct hyperplace_process){ .pid = shared->victim[v] };
		int error = n ? exchange(&request, who, VICTIMS, pairs, n) : 0;

		if (error)
			die("exchange: error %d", error);
		for (unsigned int i = 0; i < n; i++) {
			__atomic_fetch_add(&shared->status[pairs[i].status & 31], 1, __ATOMIC_RELAXED);
			if (huge && !pairs[i].status)
				__atomic_fetch_add(&shared->huge_ok, 1, __ATOMIC_RELAXED);
		}
		__atomic_fetch_add(&shared->calls, n != 0, __ATOMIC_RELAXED);
		__atomic_fetch_add(&shared->flushes, n ? request.flushes : 0, __ATOMIC_RELAXED);
	}
	return NULL;
}

static void replace_victim(int v)
{
	int status = 0;

	if (shared->victim[v]) {
		kill(shared->victim[v], SIGKILL);
		waitpid(shared->victim[v], &status, 0);
		if (WIFEXITED(status))
			shared->wrong = 1;
	}
	pid_t child = fork();

	if (child == 0)
		be_victim(v);
	if (child < 0)
		die("fork");
	shared->victim[v] = child;
}

static void report(double begun)
{
	printf("%.0f s: %lu pairs (%lu huge) in %lu calls, %lu flushes, %lu pages verified;", seconds() - begun, shared->status[0],
	       shared->huge_ok, shared->calls, shared->flushes, shared->verified);
	for (unsigned int i = 1; i < 32; i++)
		if (shared->status[i])
			printf(" %s %lu", status_name(i), shared->status[i]);
	printf("; operations");
	for (unsigned int i = 0; i < sizeof(operations) / sizeof(*operations); i++)
		printf(" %lu", shared->operations[i]);
	printf("\n");
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "pairs", required_argument, NULL, 'p' }, { "seconds", required_argument, NULL, 's' },
		{ "disk", required_argument, NULL, 'd' }, { 0 },
	};
	pthread_t id;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'p': wanted = strtoul(optarg, NULL, 10); break;
		case 's': limit = strtoul(optarg, NULL, 10); break;
		case 'd': disk = optarg; break;
		default: return 2;
		}
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	open_device();
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	double begun = seconds();

	for (int v = 0; v < VICTIMS; v++)
		replace_victim(v);
	for (uintptr_t i = 1; i <= 2; i++)
		if (pthread_create(&id, NULL, exchange_pages, (void *)i))
			die("thread");
	for (int turn = 0; shared->status[0] < wanted && seconds() - begun < (double)limit && !shared->wrong; turn++) {
		sleep(LIFE / VICTIMS);
		report(begun);
		for (int v = 0; v < VICTIMS; v++)
			if (waitpid(shared->victim[v], &option, WNOHANG) == shared->victim[v]) {
				shared->wrong = 1;
				printf("a victim ended with status %#x\n", option);
			}
		if (turn >= VICTIMS && !shared->wrong)
			replace_victim(turn % VICTIMS);
	}
	for (int v = 0; v < VICTIMS; v++)
		kill(shared->victim[v], SIGKILL);
	while (wait(NULL) > 0)
		;
	report(begun);
	return shared->wrong ? 1 : shared->status[0] >= wanted ? 0 : 3;
}

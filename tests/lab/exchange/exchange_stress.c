// SPDX-License-Identifier: Apache-2.0
/*
 * Exchanges pages under the feet of processes that do everything to them that Linux offers, and loses no byte.
 *
 *   exchange_stress [--pairs N] [--seconds S] [--disk DEVICE] [--cgroups DIRECTORY]
 *
 * Two victims of four threads each write tagged pages, small and huge, and check every word they read back, while they fork,
 * unmap, move, protect, lock, free, swap out, split and collapse them, splice them into pipes and do direct I/O from and to them
 * (DEVICE: a block device that may be overwritten, of 1 MiB at least). Two threads exchange random pairs of their pages meanwhile.
 * Victims are replaced every few seconds: one is killed, the next is told to end and checks all of its pages once more. In
 * DIRECTORY, a cgroup, each has one of its own. Ends after N exchanged pairs or S seconds with a line of JSON; exit status 0: N pairs
 * and not one wrong word.
 */
#include "victim.h"
#include <getopt.h>

enum { LIFE = 4 /* seconds of a victim */, SLACK = 3 << 20 };

static unsigned long wanted = 100000, limit = 600;

struct place {
	void *page;
	unsigned short process;
};

/* Finds up to n pages of random victims by node; returns how many pairs there are. */
static unsigned int find_pairs(struct thread *t, struct hyperplace_pair *pairs, unsigned int n, bool huge)
{
	static __thread struct place on[2][HYPERPLACE_MAX_PAIRS];
	unsigned int count[2] = { 0 }, v;
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
	/* They are in order of victims; shifted, many pairs are of both. */
	unsigned int shift = n && pick(t, 2) ? pick(t, n) : 0;

	for (unsigned int i = 0; i < n; i++) {
		struct place *a = &on[0][i], *b = &on[1][(i + shift) % n];

		pairs[i] = pair_of(a->page, b->page, huge);
		pairs[i].process[0] = a->process;
		pairs[i].process[1] = b->process;
	}
	return n;
}

/*
 * ABI.md: one flush if all locks can be had at once. At worst there is one for each way to lock two victims (one, the other, both), and one
 * more for every 16 huge pairs; all that twice if there was a drain.
 */
static unsigned int most_flushes(const struct hyperplace_exchange *request, bool huge)
{
	return (1 + request->drains) * (VICTIMS + 1 + (huge ? request->nr_pairs / 16 : 0));
}

static void count(const struct hyperplace_exchange *request, const struct hyperplace_pair *pairs, bool huge)
{
	for (unsigned int i = 0; i < request->nr_pairs; i++) {
		__atomic_fetch_add(&shared->status[pairs[i].status & 31], 1, __ATOMIC_RELAXED);
		if (!pairs[i].status && pairs[i].process[0] != pairs[i].process[1])
			__atomic_fetch_add(&shared->mixed, 1, __ATOMIC_RELAXED);
	}
	if (huge)
		__atomic_fetch_add(&shared->huge_ok, request->exchanged, __ATOMIC_RELAXED);
	__atomic_fetch_add(&shared->cost[huge].calls, 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&shared->cost[huge].flushes, request->flushes, __ATOMIC_RELAXED);
	__atomic_fetch_add(&shared->cost[huge].beyond, request->flushes > most_flushes(request, huge), __ATOMIC_RELAXED);
}

static void *exchange_pages(void *arg)
{
	static __thread struct hyperplace_pair pairs[HYPERPLACE_MAX_PAIRS];
	static __thread struct hyperplace_process who[VICTIMS];
	struct thread t = { .random = (unsigned int)(uintptr_t)arg };
	struct hyperplace_exchange request;

	for (;;) {
		bool huge = pick(&t, 4) == 0;
		/* Few pages are copied right after they were unmapped, when a TLB that was forgotten is still in use. */
		unsigned int n = pick(&t, 2) ? 1 + pick(&t, 4) : huge ? 32 : HYPERPLACE_MAX_PAIRS;

		n = find_pairs(&t, pairs, n, huge);

		for (int v = 0; v < VICTIMS; v++)
			who[v] = (struct hyperplace_process){ .pid = shared->victim[v] };
		if (n == 0)
			continue;
		int error = exchange(&request, who, VICTIMS, pairs, n);

		if (error && error != ENOMEM)
			die("exchange: error %d", error);
		if (error)
			__atomic_fetch_add(&shared->no_memory, 1, __ATOMIC_RELAXED);
		else
			count(&request, pairs, huge);
	}
	return NULL;
}

static void start_victim(int v)
{
	pid_t child;

	/* From its first moment on. */
	signal(SIGTERM, end);
	child = fork();
	if (child == 0)
		be_victim(v);
	signal(SIGTERM, SIG_DFL);
	if (child < 0)
		die("fork");
	shared->victim[v] = child;
}

/*
 * Pages of a victim that has ended are charged to its cgroup no more, whoever has the frames now. An exchange under way may
 * still hold some; what stays below SLACK are the cgroup's own structures and charges kept for later.
 */
static void check_cgroup(int v)
{
	char path[256], text[32] = "";
	int file;

	snprintf(path, sizeof(path), "%s/victim%d/memory.current", cgroups, v);
	for (int tries = 0; tries < 100; tries++) {
		file = open(path, O_RDONLY);
		if (file < 0 || read(file, text, sizeof(text) - 1) <= 0)
			die("cannot read %s", path);
		close(file);
		if (strtoul(text, NULL, 10) < SLACK)
			return;
		poll(NULL, 0, 100);
	}
	printf("WRONG: victim %d has ended, but its cgroup still has bytes: %s\n", v, text);
	shared->wrong = 1;
}

/* With SIGTERM a victim looks at all of its pages first. */
static void end_victim(int v, int signal)
{
	int status = 0;

	kill(shared->victim[v], signal);
	waitpid(shared->victim[v], &status, 0);
	if (signal == SIGTERM ? status != 0 : WIFEXITED(status)) {
		printf("victim %d ended with status %#x\n", v, status);
		shared->wrong = 1;
	}
	if (cgroups)
		check_cgroup(v);
}

static void report_cost(const char *size, bool huge)
{
	printf(", \"%s_calls\": %lu, \"%s_flushes\": %lu, \"%s_calls_beyond_bound\": %lu", size, shared->cost[huge].calls, size,
	       shared->cost[huge].flushes, size, shared->cost[huge].beyond);
}

static void report(double begun)
{
	printf("{\"seconds\": %.1f, \"pairs\": %lu, "
	       "\"huge_pairs\": %lu, \"pairs_of_two_processes\": %lu, \"pages_verified\": %lu, \"no_memory\": %lu",
	       seconds() - begun, shared->status[0], shared->huge_ok, shared->mixed, shared->verified, shared->no_memory);
	report_cost("small", false);
	report_cost("huge", true);
	printf(", \"refused\": {");
	for (unsigned int i = 1, n = 0; i < 32; i++)
		if (shared->status[i])
			printf("%s\"%s\": %lu", n++ ? ", " : "", status_name(i), shared->status[i]);
	printf("}, \"operations\": {");
	for (unsigned int i = 0; i < OPERATIONS; i++)
		printf("%s\"%s\": %lu", i ? ", " : "", operations[i].name, shared->operations[i]);
	printf("}}\n");
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "pairs", required_argument, NULL, 'p' }, { "seconds", required_argument, NULL, 's' },
		{ "disk", required_argument, NULL, 'd' }, { "cgroups", required_argument, NULL, 'c' }, { 0 },
	};
	pthread_t id;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'p': wanted = strtoul(optarg, NULL, 10); break;
		case 's': limit = strtoul(optarg, NULL, 10); break;
		case 'd': disk = optarg; break;
		case 'c': cgroups = optarg; break;
		default: return 2;
		}
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	open_device();
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	double begun = seconds();

	for (int v = 0; v < VICTIMS; v++)
		start_victim(v);
	for (uintptr_t i = 1; i <= 2; i++)
		if (pthread_create(&id, NULL, exchange_pages, (void *)i))
			die("thread");
	for (int turn = 0; shared->status[0] < wanted && seconds() - begun < (double)limit && !shared->wrong; turn++) {
		int v = turn % VICTIMS;

		sleep(LIFE / VICTIMS);
		report(begun);
		if (turn < VICTIMS)
			continue;
		end_victim(v, turn / VICTIMS % 2 ? SIGTERM : SIGKILL);
		start_victim(v);
	}
	for (int v = 0; v < VICTIMS; v++)
		end_victim(v, SIGTERM);
	report(begun);
	return shared->wrong ? 1 : shared->status[0] >= wanted ? 0 : 3;
}

// SPDX-License-Identifier: Apache-2.0
/*
 * How fast pages change places: by exchange, and by move_pages(2) both ways.
 *
 *   exchange_bench [--pairs N] [--rounds R] [--huge] [--touch] [--only-exchange]
 *
 * N pairs in batches of 512 (16 if huge). The other way is what a mover does without the module: a batch down, then a batch up into what that
 * freed. --touch: another thread keeps reading all of the pages meanwhile, so that processors have them in their TLBs.
 * Prints one JSON line: pairs per second of each, of wall clock and of the caller's own processor time, best of R rounds.
 */
#include "exchange.h"
#include <getopt.h>
#include <pthread.h>
#include <sys/resource.h>

static size_t pairs = 8192, size = SMALL, batch = HYPERPLACE_MAX_PAIRS;
static char *a, *b;
static bool stop;
static unsigned long flushes;

struct timing {
	double wall, cpu;
};

static double cpu_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void *touch(void *arg)
{
	(void)arg;
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		for (size_t i = 0; i < pairs; i++) {
			(void)*(volatile char *)(a + i * size);
			(void)*(volatile char *)(b + i * size);
		}
	}
	return NULL;
}

static void by_exchange(bool back)
{
	static struct hyperplace_pair list[HYPERPLACE_MAX_PAIRS];
	struct hyperplace_process self = { .pid = getpid() };
	struct hyperplace_exchange request;

	for (size_t done = 0; done < pairs; done += batch) {
		size_t n = pairs - done < batch ? pairs - done : batch;

		for (size_t i = 0; i < n; i++)
			list[i] = pair_of((back ? b : a) + (done + i) * size, (back ? a : b) + (done + i) * size, size == HUGE);
		if (exchange(&request, &self, 1, list, (unsigned int)n))
			die("exchange");
		if (request.exchanged != n)
			for (size_t i = 0; i < n; i++)
				if (list[i].status)
					printf("pair %zu: %s\n", i, status_name(list[i].status));
		flushes += request.flushes;
	}
}

static void move(char *from, size_t n, int node)
{
	static void *pages[HYPERPLACE_MAX_PAIRS];
	static int nodes[HYPERPLACE_MAX_PAIRS], status[HYPERPLACE_MAX_PAIRS];

	for (size_t i = 0; i < n; i++) {
		pages[i] = from + i * size;
		nodes[i] = node;
	}
	if (syscall(SYS_move_pages, 0, n, pages, nodes, status, MOVE) < 0)
		die("move_pages");
	for (size_t i = 0; i < n; i++)
		if (status[i] != node)
			printf("move_pages left page %zu: %d\n", i, status[i]);
}

static void by_moving(bool back)
{
	char *down = back ? b : a, *up = back ? a : b;

	for (size_t done = 0; done < pairs; done += batch) {
		size_t n = pairs - done < batch ? pairs - done : batch;

		move(down + done * size, n, 1);
		move(up + done * size, n, 0);
	}
}

static struct timing best_of(int rounds, void (*way)(bool))
{
	struct timing best = { 1e9, 1e9 };

	for (int r = 0; r < rounds; r++) {
		double wall = seconds(), cpu = cpu_seconds();

		way(false);
		way(true);
		wall = (seconds() - wall) / 2;
		cpu = (cpu_seconds() - cpu) / 2;
		best.wall = wall < best.wall ? wall : best.wall;
		best.cpu = cpu < best.cpu ? cpu : best.cpu;
	}
	return best;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "pairs", required_argument, NULL, 'p' }, { "rounds", required_argument, NULL, 'r' },
		{ "huge", no_argument, NULL, 'h' }, { "touch", no_argument, NULL, 't' },
		{ "only-exchange", no_argument, NULL, 'o' }, { 0 },
	};
	int option, rounds = 3;
	bool touching = false, only = false;
	pthread_t id;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'p': pairs = strtoul(optarg, NULL, 10); break;
		case 'r': rounds = atoi(optarg); break;
		case 'h': size = HUGE, batch = 16; break;
		case 't': touching = true; break;
		case 'o': only = true; break;
		default: return 2;
		}
	}
	open_device();
	a = memory(pairs * size, size == HUGE, 0);
	b = memory(pairs * size, size == HUGE, 1);
	for (size_t i = 0; i < pairs * size; i += 8)
		*(uint64_t *)(a + i) = i, *(uint64_t *)(b + i) = ~i;
	if (touching && pthread_create(&id, NULL, touch, NULL))
		die("thread");

	struct timing exchanged = best_of(rounds, by_exchange), moved = { 0 };

	if (!only)
		moved = best_of(rounds, by_moving);

	stop = true;
	for (size_t i = 0; i < pairs * size; i += 8)
		if (*(uint64_t *)(a + i) != i || *(uint64_t *)(b + i) != ~i)
			die("word %zu is wrong", i / 8);
	printf("{\"pairs\": %zu, \"size\": %zu, \"exchange\": %.0f, \"move_pages\": %.0f, \"ratio\": %.2f, \"exchange_cpu\": %.0f, "
	       "\"move_pages_cpu\": %.0f, \"ratio_cpu\": %.2f, \"flushes_per_batch\": %.2f}\n", pairs, size, (double)pairs / exchanged.wall,
	       (double)pairs / moved.wall, moved.wall / exchanged.wall, (double)pairs / exchanged.cpu, (double)pairs / moved.cpu,
	       moved.cpu / exchanged.cpu, (double)flushes / (2.0 * rounds * (double)((pairs + batch - 1) / batch)));
	return 0;
}

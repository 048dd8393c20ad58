// SPDX-License-Identifier: Apache-2.0
/*
 * Holds memory on one NUMA node and proves that it keeps what was written to it.
 *
 *   memhog --node N --bytes B [--workers W] [--rounds R] [--stride S] [--thp always|never] [--log FILE]
 *
 * Each worker is a process with B/W bytes bound to node N. It fills them (round 0), says "ready", then in each round checks every word
 * and writes the next round's. SIGTERM ends after the round; --rounds 0 only holds, --rounds R ends by itself. Exit status: 0 all words
 * right, 1 a mismatch, 2 wrong use or no memory, 3 a worker was killed (by the OOM killer, say).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BIND = 2, MAX_WORKERS = 64 };	/* MPOL_BIND */

static const struct option options[] = {
	{ "node", required_argument, NULL, 'n' },   { "bytes", required_argument, NULL, 'b' },
	{ "workers", required_argument, NULL, 'w' }, { "rounds", required_argument, NULL, 'r' },
	{ "stride", required_argument, NULL, 's' },  { "thp", required_argument, NULL, 't' },
	{ "log", required_argument, NULL, 'l' },     { 0 },
};

static volatile sig_atomic_t stopping;
static unsigned long node, bytes, workers = 1, stride = 64;
static long rounds = -1;	/* -1: until told to stop */
static int advice;
static int logged = 1;
static pid_t pids[MAX_WORKERS];	/* the parent's; 0 in workers */

static void stop(int signal)
{
	stopping = 1;
	for (int i = 0; i < MAX_WORKERS; i++)
		if (pids[i] > 0)
			kill(pids[i], signal);
}

/* One write a line: workers share the file. */
static void say(const char *format, ...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	int size = vsnprintf(text, sizeof(text), format, args);

	va_end(args);
	if (write(logged, text, size) != size)
		_exit(2);
}

/* What word `index` of a worker holds in a round: splitmix64. */
static uint64_t word(unsigned long worker, uint64_t round, uint64_t index)
{
	uint64_t x = (worker << 56) + (round << 40) + index + 1;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

static uint8_t *allocate(size_t size)
{
	unsigned long mask = 1ul << node;
	uint8_t *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED || syscall(SYS_mbind, memory, size, BIND, &mask, sizeof(mask) * 8, 0)) {
		say("memhog: %zu bytes on node %lu: %s\n", size, node, strerror(errno));
		_exit(2);
	}
	if (advice)
		madvise(memory, size, advice);
	return memory;
}

static int work(unsigned long worker, int ready)
{
	size_t size = bytes / workers & ~(stride - 1);
	uint8_t *memory = allocate(size);
	unsigned long mismatches = 0;
	uint64_t round = 0;

	for (size_t at = 0; at < size; at += stride)
		*(volatile uint64_t *)(memory + at) = word(worker, 0, at);
	if (write(ready, "", 1) != 1)
		return 2;
	close(ready);
	while (!stopping && rounds == 0)
		sleep(1);
	while (!stopping && (rounds < 0 || round < (uint64_t)rounds)) {
		for (size_t at = 0; at < size; at += stride) {
			volatile uint64_t *here = (volatile uint64_t *)(memory + at);
			uint64_t found = *here, wanted = word(worker, round, at);

			if (found != wanted && ++mismatches <= 10)
				say("worker %lu round %lu offset %zu: %#lx instead of %#lx\n", worker, round, at, found, wanted);
			*here = word(worker, round + 1, at);
		}
		round++;
		say("worker %lu round %lu mismatches %lu\n", worker, round, mismatches);
	}
	return mismatches ? 1 : 0;
}

static bool parse(int argc, char **argv)
{
	bool node_given = false;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'n': node = strtoul(optarg, NULL, 0); node_given = true; break;
		case 'b': bytes = strtoul(optarg, NULL, 0); break;
		case 'w': workers = strtoul(optarg, NULL, 0); break;
		case 'r': rounds = strtol(optarg, NULL, 0); break;
		case 's': stride = strtoul(optarg, NULL, 0); break;
		case 't': advice = strcmp(optarg, "never") ? MADV_HUGEPAGE : MADV_NOHUGEPAGE; break;
		case 'l': logged = open(optarg, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644); break;
		default: return false;
		}
	}
	return node_given && node < 64 && bytes && workers && workers <= MAX_WORKERS && stride >= 8 && !(stride & (stride - 1)) &&
	       bytes / workers >= stride && logged >= 0 && optind == argc;
}

int main(int argc, char **argv)
{
	int ready[2], worst = 0;
	unsigned long is_ready = 0;
	char byte;

	if (!parse(argc, argv) || pipe2(ready, O_CLOEXEC)) {
		fprintf(stderr, "use: memhog --node N --bytes B [--workers W] [--rounds R] [--stride S] [--thp always|never] [--log FILE]\n");
		return 2;
	}
	/* Without SA_RESTART: it must interrupt sleep(). */
	sigaction(SIGTERM, &(struct sigaction){ .sa_handler = stop }, NULL);
	for (unsigned long i = 0; i < workers; i++) {
		pid_t pid = fork();

		if (pid < 0)
			return 2;
		if (pid == 0) {
			memset(pids, 0, sizeof(pids));
			_exit(work(i, ready[1]));
		}
		pids[i] = pid;
	}
	close(ready[1]);
	while (is_ready < workers && read(ready[0], &byte, 1) == 1)
		is_ready++;
	if (is_ready == workers)
		say("ready\n");
	for (unsigned long left = workers; left;) {
		int status;

		if (wait(&status) < 0)
			continue;
		left--;
		if (WIFSIGNALED(status))
			worst = 3;
		else if (WEXITSTATUS(status) > worst)
			worst = WEXITSTATUS(status);
	}
	say("end status %d\n", worst);
	return worst;
}

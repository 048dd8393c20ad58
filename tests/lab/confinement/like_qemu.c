// SPDX-License-Identifier: Apache-2.0
/*
 * Has memory as QEMU has it under libvirt, and proves that it keeps what was written to it.
 *
 *   like_qemu UUID memfd|anonymous|huge FMEM_BYTES SMEM_BYTES
 *
 * Two backends, one a cell, each bound to its node (0, 1). Fills the first, says "ready", then goes round: checks every word and writes
 * the next round's. SIGTERM ends after a round. Exit status: 0 all words right, 1 a mismatch, 2 wrong use or no memory.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { BIND = 2, STRIDE = 512 };	/* MPOL_BIND; a word in 4 KiB */

static volatile sig_atomic_t stopping;

static void stop(int signal)
{
	(void)signal;
	stopping = 1;
}

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static uint64_t *cell(const char *kind, size_t bytes, int node)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS, fd = -1;
	unsigned long nodes = 1UL << node;

	if (strcmp(kind, "memfd") == 0) {
		fd = memfd_create("memory-backend-memfd", 0);
		if (fd < 0 || ftruncate(fd, bytes))
			die("memfd");
		flags = MAP_SHARED;
	}
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, fd, 0);

	if (at == MAP_FAILED)
		die("mmap");
	if (madvise(at, bytes, strcmp(kind, "huge") == 0 ? MADV_HUGEPAGE : MADV_NOHUGEPAGE))
		die("madvise");
	if (syscall(SYS_mbind, at, bytes, BIND, &nodes, sizeof(nodes) * 8, 0))
		die("mbind");
	return at;
}

int main(int argc, char **argv)
{
	if (argc != 5) {
		fprintf(stderr, "usage: like_qemu UUID memfd|anonymous|huge FMEM_BYTES SMEM_BYTES\n");
		return 2;
	}
	signal(SIGTERM, stop);
	size_t bytes = strtoull(argv[3], NULL, 10), words = bytes / sizeof(uint64_t);
	uint64_t *fmem = cell(argv[2], bytes, 0);

	cell(argv[2], strtoull(argv[4], NULL, 10), 1);
	for (size_t i = 0; i < words; i += STRIDE)
		fmem[i] = i;
	puts("ready");
	fflush(stdout);
	for (uint64_t round = 0; !stopping; round++) {
		for (size_t i = 0; i < words; i += STRIDE) {
			if (fmem[i] != i + round) {
				fprintf(stderr, "word %zu is %lu in round %lu\n", i, fmem[i], round);
				return 1;
			}
			fmem[i]++;
		}
	}
	return 0;
}

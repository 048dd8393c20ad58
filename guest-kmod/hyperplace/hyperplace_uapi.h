/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * /dev/hyperplace: the contract with user space, version 1.  ABI.md says what each
 * call means.  For C and C++; depends on the kernel's own user headers only.
 */
#ifndef HYPERPLACE_UAPI_H
#define HYPERPLACE_UAPI_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define HYPERPLACE_ABI			1

#define HYPERPLACE_MAX_PAIRS		512
#define HYPERPLACE_MAX_PROCESSES	64
#define HYPERPLACE_MAX_CHUNKS		8192
#define HYPERPLACE_CHUNK		(2ULL << 20)

/* What this kernel lets the module do.  A feature that is absent is refused with EOPNOTSUPP. */
#define HYPERPLACE_EXCHANGE		(1U << 0)	/* base pages */
#define HYPERPLACE_EXCHANGE_HUGE	(1U << 1)	/* 2 MiB pages */
#define HYPERPLACE_SCAN			(1U << 2)
#define HYPERPLACE_SCAN_FLUSHES		(1U << 3)	/* HYPERPLACE_SCAN_FLUSH works */
#define HYPERPLACE_LAB_BUILD		(1U << 31)	/* faults can be injected: never on a real machine */

struct hyperplace_info {
	__u32 abi;
	__u32 features;
	__u32 max_pairs;
	__u32 max_processes;
	__u32 max_chunks;
	__u32 reserved[3];
};

/* Which process: immune to the reuse of process numbers if start_time is given. */
struct hyperplace_process {
	__s32 pid;		/* thread group, in the caller's pid namespace */
	__u32 status;		/* out: HYPERPLACE_OK, _NO_PROCESS or _NO_ACCESS */
	__u64 start_time;	/* field 22 of /proc/PID/stat, 0: not checked */
};

enum hyperplace_page_size {
	HYPERPLACE_4K = 0,
	HYPERPLACE_2M = 1,
};

enum hyperplace_status {
	HYPERPLACE_OK = 0,
	HYPERPLACE_NOT_TRIED = 1,	/* the call ended early: fatal signal */
	HYPERPLACE_INVALID = 2,		/* misaligned, same nodes, no such process index, unknown size */
	HYPERPLACE_UNSUPPORTED = 3,	/* this size is not among the features */
	HYPERPLACE_NO_PROCESS = 4,
	HYPERPLACE_NO_ACCESS = 5,	/* ptrace access check failed */
	HYPERPLACE_NOT_PRESENT = 6,	/* never touched, swapped out, or being migrated */
	HYPERPLACE_SPECIAL = 7,		/* zero page, device memory, hugetlbfs */
	HYPERPLACE_NOT_ANON = 8,	/* page cache or shared memory */
	HYPERPLACE_KSM = 9,
	HYPERPLACE_SWAP_CACHE = 10,
	HYPERPLACE_LAZY_FREE = 11,	/* given up with MADV_FREE, not written since */
	HYPERPLACE_MLOCKED = 12,
	HYPERPLACE_POISONED = 13,	/* hardware memory error */
	HYPERPLACE_SIZE = 14,		/* mapped with another page size */
	HYPERPLACE_SHARED = 15,		/* mapped more than once (after fork) */
	HYPERPLACE_PINNED = 16,		/* somebody else holds a reference: direct I/O, DMA, the kernel */
	HYPERPLACE_BUSY = 17,		/* locked by somebody else; try again later */
	HYPERPLACE_OFF_LRU = 18,	/* isolated by somebody else, or twice in the call */
	HYPERPLACE_WRITEBACK = 19,
	HYPERPLACE_ALREADY = 20,	/* is on the node where the exchange would put it */
	HYPERPLACE_WRONG_NODE = 21,	/* neither there nor where it was expected */
	HYPERPLACE_POLICY = 22,		/* mbind or cpuset forbids the other node: do not force it */
	HYPERPLACE_NOTIFIED = 23,	/* the process has secondary page tables (KVM, RDMA) */
	HYPERPLACE_CHANGED = 24,	/* mapping changed meanwhile */
};

/* The two pages change places: page 0 goes where page 1 is and the other way round. */
struct hyperplace_pair {
	__u64 address[2];
	__u16 process[2];	/* index into hyperplace_exchange.processes */
	__u16 node[2];		/* where each page is expected now; must differ */
	__u8 size;		/* enum hyperplace_page_size, of both */
	__u8 status;		/* out: enum hyperplace_status */
	__u8 side;		/* out: which page the status is about */
	__u8 reserved[5];	/* zero */
};

struct hyperplace_exchange {
	__u64 processes;	/* struct hyperplace_process[nr_processes] */
	__u64 pairs;		/* struct hyperplace_pair[nr_pairs] */
	__u32 nr_processes;
	__u32 nr_pairs;
	__u32 flags;		/* zero */
	__u32 exchanged;	/* out: pairs with status HYPERPLACE_OK */
	__u32 flushes;		/* out: TLB flushes of the call */
	__u32 drains;		/* out: 1 if per-CPU page lists were drained */
	__u64 reserved[2];	/* zero */
};

#define HYPERPLACE_SCAN_CLEAR	(1U << 0)	/* clear the accessed bits */
#define HYPERPLACE_SCAN_FLUSH	(1U << 1)	/* then flush the process's TLB, once a call */

/* One 2 MiB piece of address space with at least one page present. */
struct hyperplace_chunk {
	__u64 address;		/* 2 MiB aligned */
	__u16 fmem;		/* 4 KiB pages present, by node */
	__u16 smem;
	__u16 other;
	__u16 fmem_young;	/* of these, accessed since the bit was last cleared */
	__u16 smem_young;
	__u16 other_young;
	__u16 huge;		/* 1: one 2 MiB page */
	__u16 reserved;
};

struct hyperplace_scan {
	struct hyperplace_process process;
	__u64 start;		/* page aligned */
	__u64 end;
	__u64 chunks;		/* struct hyperplace_chunk[max_chunks] */
	__u32 max_chunks;
	__u32 flags;		/* HYPERPLACE_SCAN_* */
	__u16 fmem_node;
	__u16 smem_node;
	__u32 nr_chunks;	/* out */
	__u64 next;		/* out: go on here; == end when done */
	__u64 tables;		/* out: page tables and 2 MiB entries looked at: the cost */
	__u64 reserved[2];	/* zero */
};

#define HYPERPLACE_IOC_MAGIC	0xd6
#define HYPERPLACE_IOC_INFO	_IOR(HYPERPLACE_IOC_MAGIC, 0, struct hyperplace_info)
#define HYPERPLACE_IOC_EXCHANGE	_IOWR(HYPERPLACE_IOC_MAGIC, 1, struct hyperplace_exchange)
#define HYPERPLACE_IOC_SCAN	_IOWR(HYPERPLACE_IOC_MAGIC, 2, struct hyperplace_scan)

#endif

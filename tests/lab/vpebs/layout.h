/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/*
 * What the plugin in QEMU and the guest share: instructions that mark, and one file that is the BAR of an ivshmem-plain
 * device.
 *
 * Each vCPU has an area of its own. Everything in it is written by the thread of that vCPU only, be it as the guest or
 * as the plugin, so nothing needs a lock or a barrier: a mark takes effect before the next instruction of the guest.
 * counters.py reads the same file on the host and has these offsets too.
 */
#ifndef VPEBS_LAYOUT_H
#define VPEBS_LAYOUT_H

#include <linux/types.h>
#ifdef __KERNEL__
#include <linux/build_bug.h>
#elif !defined(__cplusplus)
#include <assert.h>
#endif

#define VPEBS_MAGIC 0x53424550762d5448ull /* "HT-vPEBS" */
#define VPEBS_VERSION 1
#define VPEBS_BYTES (4u << 20)

enum {
	VPEBS_VCPUS = 16,
	VPEBS_SLOTS = 4,    /* events a vCPU can sample at once */
	VPEBS_RING = 4096,  /* records; a power of two */
	VPEBS_PROFILES = 2, /* latency profiles */
};

/* Tier of an access that missed the model's caches. OTHER: no memory of the two cells, e.g. firmware, or this very
 * file. */
enum { VPEBS_FMEM, VPEBS_SMEM, VPEBS_OTHER, VPEBS_TIERS };
/* Of one that hit the second cache, or the first. */
enum { VPEBS_HIT = VPEBS_TIERS, VPEBS_FIRST_HIT };
enum { VPEBS_LOAD, VPEBS_STORE, VPEBS_KINDS };
enum { VPEBS_USER, VPEBS_KERNEL, VPEBS_MODES };

/*
 * A mark is a long no-op of a displacement that no compiler chooses. It is free and without effect on any other
 * machine, needs no privilege and no device, and the plugin sees it when it translates, so that looking for marks costs
 * nothing at run time.
 */
#define VPEBS_MARK_BYTES 0x0f, 0x1f, 0x80 /* nopl disp32(%rax) */
#define VPEBS_MARK_BASE 0x48540000	  /* "HT", then the number */
enum {
	VPEBS_MARK_ROI_BEGIN = 1,
	VPEBS_MARK_ROI_END = 2,
	VPEBS_MARK_RELOAD = 3, /* take over the slots whose generation changed */
	VPEBS_MARK_SYNC = 4,   /* write count, left, lost and now_ns */
};
#define VPEBS_MARK(number)                                                                                             \
	__asm__ volatile(".byte 0x0f, 0x1f, 0x80\n\t.long %c0" ::"i"(VPEBS_MARK_BASE + (number)) : "memory")

struct vpebs_counters {
	__u64 instructions[VPEBS_MODES];
	__u64 accesses[VPEBS_KINDS][VPEBS_MODES];
	__u64 misses[VPEBS_TIERS][VPEBS_KINDS][VPEBS_MODES];
	__u64 tlb_page_flushes; /* invlpg */
	__u64 tlb_flushes;	/* write to cr3 or cr4, invpcid */
	__u64 samples;
	__u64 lost;
};

struct vpebs_profile {
	char name[16];
	__u32 latency_ns[VPEBS_TIERS];
	__u32 unused;
};

/* Written once by the plugin, but for the regions of interest. */
struct vpebs_header {
	__u64 magic;
	__u32 version;
	__u32 vcpus;
	__u64 fmem_bytes;
	__u64 smem_bytes;
	__u32 cache_bytes;
	__u32 cache_ways;
	__u32 mhz;
	__u32 cpi_milli;
	__u32 active_profile; /* whose latencies the records carry */
	__u32 unused;
	__u64 regions_begun;
	__u64 regions_ended;
	struct vpebs_profile profiles[VPEBS_PROFILES];
};

/* An event that samples. The guest writes the upper half and a new generation, then RELOAD. */
struct vpebs_slot {
	__u32 generation;
	__u8 on;
	__u8 kind;  /* VPEBS_LOAD: loads that take `threshold` cycles or more; VPEBS_STORE: all stores */
	__u8 modes; /* bit VPEBS_USER, bit VPEBS_KERNEL */
	__u8 unused;
	__u32 threshold; /* core cycles */
	__u32 unused2;
	__u64 period;
	__u64 left; /* events until the next sample; both ways */
	/* The plugin writes the rest, at SYNC and RELOAD. */
	__u64 count; /* events since the generation began */
	__u64 lost;  /* samples that found the ring full */
	__u64 unused3[2];
};

struct vpebs_record {
	__u64 time_ns; /* the host's monotonic clock, as now_ns */
	__u64 ip;
	__u64 address; /* virtual */
	__u32 latency; /* core cycles; 0 for stores, as on Ice Lake */
	__u8 slot;
	__u8 tier;
	__u8 mode;
	__u8 unused;
};

struct vpebs_vcpu {
	struct vpebs_counters total;
	struct vpebs_counters region_start;
	struct vpebs_counters regions; /* sum over the regions that have ended */

	struct vpebs_slot slots[VPEBS_SLOTS] __attribute__((aligned(4096)));
	__u64 now_ns;
	__u64 acknowledged; /* how many RELOADs and SYNCs this vCPU has made */
	__u64 head;	    /* records written, ever */
	__u64 tail;	    /* records read, ever; the guest's */

	struct vpebs_record ring[VPEBS_RING] __attribute__((aligned(4096)));
};

struct vpebs_shared {
	struct vpebs_header header;
	struct vpebs_vcpu vcpus[VPEBS_VCPUS] __attribute__((aligned(4096)));
};

static_assert(sizeof(struct vpebs_counters) == 22 * 8, "counters.py knows this size");
static_assert(sizeof(struct vpebs_slot) == 64, "");
static_assert(sizeof(struct vpebs_record) == 32, "");
static_assert(sizeof(struct vpebs_vcpu) == 8192 + VPEBS_RING * 32, "counters.py knows this size");
static_assert(sizeof(struct vpebs_shared) <= VPEBS_BYTES, "");

#endif

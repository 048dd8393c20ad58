// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A QEMU TCG plugin that sees every access of a guest: caches in a model, misses by tier, sampled records as PEBS would
 * write them.
 *
 * All state but the region's is per vCPU and touched by that vCPU's thread only (TCG with a thread for each), so
 * nothing locks.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "options.h"
#include "profile.h"
#include "qemu_plugin.h"
#include "region.h"
#include "report.h"
#include "sampler.h"

#define EXPORT __attribute__((visibility("default")))
#define UNLIKELY(condition) __builtin_expect(!!(condition), 0)

EXPORT int qemu_plugin_version = VPEBS_API;
EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_plugin_info *info, int argc, char **argv);

static struct options options;
static struct vpebs_shared *shared;
static struct vcpu vcpus[VPEBS_VCPUS];
static uint32_t latency_cycles[VPEBS_TIERS];

/*
 * What qemu_plugin_mem_is_store() has said of a meminfo, as meminfo << 1 | kind: there are few of them, and to ask each
 * time costs a call. All threads use it; a word is never torn, and a wrong one is asked for again. UINT64_MAX >> 1 is
 * no meminfo.
 */
static uint64_t kinds[1024];

static inline uint64_t *kind_of(qemu_plugin_meminfo_t info)
{
	return &kinds[(info ^ info >> 8) % 1024];
}

/* The filter missed: what the second cache and the memory make of it. Fills in latency and tier. */
static __attribute__((noinline)) void look_up(struct vcpu *vcpu, qemu_plugin_meminfo_t info, struct access *access)
{
	struct qemu_plugin_hwaddr *found = qemu_plugin_get_hwaddr(info, access->address);
	uint64_t address;

	if (!found || qemu_plugin_hwaddr_is_io(found))
		return;
	address = qemu_plugin_hwaddr_phys_addr(found);
	access->tier = VPEBS_HIT;
	access->latency = VPEBS_HIT_CYCLES;
	if (!cache_access(&options.cache, vcpu->tags, address >> LINE_BITS)) {
		access->tier = tier_of(&options.tiers, address);
		access->latency = latency_cycles[access->tier];
		vcpu->shared->total.misses[access->tier][access->kind][access->mode]++;
	}
	if (access->kind == VPEBS_LOAD && vcpu->slots_on[VPEBS_LOAD][access->mode])
		sampler_count(vcpu, access);
}

/* All but the common case, kept apart so that the common case needs no stack frame. */
static __attribute__((noinline)) void accessed_slowly(struct vcpu *vcpu, qemu_plugin_meminfo_t info, uint64_t address,
						      void *ip, int mode)
{
	uint64_t line = address >> LINE_BITS, *filtered = &vcpu->filter[line % FILTER_LINES];
	int kind = qemu_plugin_mem_is_store(info) ? VPEBS_STORE : VPEBS_LOAD;
	struct access access = {
	    .ip = (uintptr_t)ip, .address = address, .kind = kind, .mode = mode, .tier = VPEBS_FIRST_HIT};

	*kind_of(info) = (uint64_t)info << 1 | kind;
	vcpu->shared->total.accesses[kind][mode]++;
	if (*filtered != line) {
		*filtered = line;
		look_up(vcpu, info, &access);
	}
	if (kind == VPEBS_STORE && vcpu->slots_on[VPEBS_STORE][mode]) {
		access.latency = 0;
		sampler_count(vcpu, &access);
	}
}

static inline __attribute__((always_inline)) void accessed(unsigned int index, qemu_plugin_meminfo_t info,
							   uint64_t address, void *ip, int mode)
{
	struct vcpu *vcpu = &vcpus[index];
	uint64_t line = address >> LINE_BITS, known = *kind_of(info);
	int kind = known & 1;

	if (UNLIKELY(vcpu->filter[line % FILTER_LINES] != line || known >> 1 != info ||
		     (kind == VPEBS_STORE && vcpu->slots_on[VPEBS_STORE][mode])))
		accessed_slowly(vcpu, info, address, ip, mode);
	else
		vcpu->shared->total.accesses[kind][mode]++;
}

static void user_accessed(unsigned int vcpu, qemu_plugin_meminfo_t info, uint64_t address, void *ip)
{
	accessed(vcpu, info, address, ip, VPEBS_USER);
}

static void kernel_accessed(unsigned int vcpu, qemu_plugin_meminfo_t info, uint64_t address, void *ip)
{
	accessed(vcpu, info, address, ip, VPEBS_KERNEL);
}

/* A block is counted when it is entered, also if an exception ends it early. */
static void user_block(unsigned int vcpu, void *instructions)
{
	vcpus[vcpu].shared->total.instructions[VPEBS_USER] += (uintptr_t)instructions;
}

static void kernel_block(unsigned int vcpu, void *instructions)
{
	vcpus[vcpu].shared->total.instructions[VPEBS_KERNEL] += (uintptr_t)instructions;
}

static void page_flushed(unsigned int vcpu, void *unused)
{
	(void)unused;
	vcpus[vcpu].shared->total.tlb_page_flushes++;
}

static void tlb_flushed(unsigned int vcpu, void *unused)
{
	(void)unused;
	vcpus[vcpu].shared->total.tlb_flushes++;
	memset(vcpus[vcpu].filter, 0, sizeof(vcpus[vcpu].filter));
}

static void marked(unsigned int vcpu, void *number)
{
	switch ((uintptr_t)number) {
	case VPEBS_MARK_ROI_BEGIN:
		region_begin(shared);
		break;
	case VPEBS_MARK_ROI_END:
		region_end(shared);
		break;
	case VPEBS_MARK_RELOAD:
		sampler_reload(&vcpus[vcpu]);
		break;
	case VPEBS_MARK_SYNC:
		sampler_sync(&vcpus[vcpu]);
		break;
	}
}

static const uint8_t *code_of(const struct qemu_plugin_insn *insn, uint8_t *buffer, size_t size)
{
	memset(buffer, 0, size);
	if (size > qemu_plugin_insn_size(insn))
		size = qemu_plugin_insn_size(insn);
#if VPEBS_API < 3
	memcpy(buffer, qemu_plugin_insn_data(insn), size);
#else
	qemu_plugin_insn_data(insn, buffer, size);
#endif
	return buffer;
}

static void look_for_mark(struct qemu_plugin_insn *insn, const uint8_t *code)
{
	static const uint8_t mark[] = {VPEBS_MARK_BYTES};
	uint32_t number;

	memcpy(&number, code + sizeof(mark), sizeof(number));
	if (!memcmp(code, mark, sizeof(mark)) && number >> 16 == VPEBS_MARK_BASE >> 16)
		qemu_plugin_register_vcpu_insn_exec_cb(insn, marked, QEMU_PLUGIN_CB_NO_REGS,
						       (void *)(uintptr_t)(number & 0xffff));
}

static void look_for_flush(struct qemu_plugin_insn *insn, const uint8_t *code)
{
	qemu_plugin_executed callback = NULL;

	/* Prefixes that these instructions can have before their opcode: operand size and REX. */
	bool prefixed = *code == 0x66;

	code += prefixed;
	if ((*code & 0xf0) == 0x40)
		code++;
	if (*code++ != 0x0f)
		return;
	if (code[0] == 0x01 && (code[1] & 0x38) == 0x38 && code[1] < 0xc0) /* invlpg */
		callback = page_flushed;
	else if (code[0] == 0x22 && ((code[1] & 0x38) == 0x18 || (code[1] & 0x38) == 0x20)) /* mov to cr3, cr4 */
		callback = tlb_flushed;
	else if (prefixed && code[0] == 0x38 && code[1] == 0x82) /* invpcid */
		callback = tlb_flushed;
	if (callback)
		qemu_plugin_register_vcpu_insn_exec_cb(insn, callback, QEMU_PLUGIN_CB_NO_REGS, NULL);
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	size_t count = qemu_plugin_tb_n_insns(tb), i;
	bool kernel = (int64_t)qemu_plugin_tb_vaddr(tb) < 0;

	(void)id;
	qemu_plugin_register_vcpu_tb_exec_cb(tb, kernel ? kernel_block : user_block, QEMU_PLUGIN_CB_NO_REGS,
					     (void *)count);
	for (i = 0; i < count; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		void *ip = (void *)(uintptr_t)qemu_plugin_insn_vaddr(insn);
		uint8_t buffer[8];
		const uint8_t *code = code_of(insn, buffer, sizeof(buffer));

		look_for_mark(insn, code);
		if (kernel)
			look_for_flush(insn, code);
		/* One callback for both kinds: QEMU 7.2 calls those for loads at stores too, and those for stores at
		 * loads. */
		qemu_plugin_register_vcpu_mem_cb(insn, kernel ? kernel_accessed : user_accessed, QEMU_PLUGIN_CB_NO_REGS,
						 QEMU_PLUGIN_MEM_RW, ip);
	}
}

static void exited(qemu_plugin_id_t id, void *unused)
{
	(void)id, (void)unused;
	if (options.json && !report_write(shared, options.json))
		fprintf(stderr, "vpebs: cannot write %s: %s\n", options.json, strerror(errno));
}

/* The file, or memory of our own if none was named. The magic number goes in last. */
static bool map_shared(void)
{
	int fd = options.shared ? open(options.shared, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
	struct stat is;

	if (options.shared && (fd < 0 || fstat(fd, &is) || (is.st_size < VPEBS_BYTES && ftruncate(fd, VPEBS_BYTES)))) {
		fprintf(stderr, "vpebs: cannot open %s: %s\n", options.shared, strerror(errno));
		return false;
	}
	shared =
	    mmap(NULL, VPEBS_BYTES, PROT_READ | PROT_WRITE, fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED, fd, 0);
	if (fd >= 0)
		close(fd);
	if (shared == MAP_FAILED) {
		fprintf(stderr, "vpebs: cannot map %s: %s\n", options.shared, strerror(errno));
		return false;
	}
	return true;
}

static void describe(int count)
{
	struct vpebs_header *header = &shared->header;

	memset(shared, 0, sizeof(*shared));
	header->version = VPEBS_VERSION;
	header->vcpus = count;
	header->fmem_bytes = options.tiers.fmem;
	header->smem_bytes = options.tiers.smem;
	header->cache_bytes = options.cache_bytes;
	header->cache_ways = options.ways;
	header->mhz = VPEBS_MHZ;
	header->cpi_milli = VPEBS_CPI_MILLI;
	header->active_profile = options.profile;
	memcpy(header->profiles, vpebs_profiles, sizeof(vpebs_profiles));
	__atomic_store_n(&header->magic, VPEBS_MAGIC, __ATOMIC_RELEASE);
}

int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_plugin_info *info, int argc, char **argv)
{
	int count = info->system.max_vcpus, i;

	if (!info->system_emulation || strcmp(info->target_name, "x86_64") || count > VPEBS_VCPUS) {
		fprintf(stderr, "vpebs: needs a whole x86_64 system with at most %d vCPUs\n", VPEBS_VCPUS);
		return -1;
	}
	if (!options_parse(&options, argc, argv) || !map_shared())
		return -1;
	for (i = 0; i < count; i++) {
		vcpus[i].shared = &shared->vcpus[i];
		vcpus[i].tags = cache_new(&options.cache);
		if (!vcpus[i].tags)
			return -1;
	}
	for (i = 0; i < VPEBS_TIERS; i++)
		latency_cycles[i] = vpebs_profiles[options.profile].latency_ns[i] * VPEBS_MHZ / 1000;
	memset(kinds, 0xff, sizeof(kinds));
	describe(count);
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	qemu_plugin_register_atexit_cb(id, exited, NULL);
	return 0;
}

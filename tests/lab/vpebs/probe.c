// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Does the PMU do what PEBS would? Opens an event, makes accesses whose number and place are known, and prints as one
 * JSON line what was counted and sampled.
 *
 *   probe [--event loads|stores] [--period N] [--threshold CYCLES] [--accesses N] [--hot-bytes N] [--tasks N]
 * [--per-task] [--pages N]
 *         [--precise 0..3] [--kernel]
 *
 * The accesses fall at random in a region much larger than the model's caches. With --tasks 2 another process does the
 * same beside the first, on the same CPU, in a region of its own. --per-task attaches the event to this process instead
 * of all CPUs. --pages is the size of each mmap ring.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_CPUS = 16, MAX_TASKS = 4, PAGE = 4096, LINE = 64 };

static const struct option words[] = {
    {"event", required_argument, NULL, 'e'},
    {"period", required_argument, NULL, 'p'},
    {"threshold", required_argument, NULL, 't'},
    {"accesses", required_argument, NULL, 'a'},
    {"hot-bytes", required_argument, NULL, 'b'},
    {"tasks", required_argument, NULL, 'n'},
    {"pages", required_argument, NULL, 'g'},
    {"precise", required_argument, NULL, 'c'},
    {"per-task", no_argument, NULL, 'o'},
    {"kernel", no_argument, NULL, 'k'},
    {NULL, 0, NULL, 0},
};

static struct {
	bool stores, per_task, kernel;
	uint64_t period, threshold, accesses, hot_bytes, tasks, pages, precise;
} wanted = {
    .period = 4093, .threshold = 64, .accesses = 4 << 20, .hot_bytes = 32 << 20, .tasks = 1, .pages = 64, .precise = 2};

struct region {
	pid_t pid;
	uint64_t start, end;
};

static struct region regions[MAX_TASKS];

/* What the rings held. */
static struct {
	uint64_t samples, hot, own_region, no_address, wrong_op, first_level, kernel;
	uint64_t lost, lost_samples, throttled, other;
	uint64_t least_weight, most_weight;
	uint64_t backwards, first_time, last_time;
} found = {.least_weight = UINT64_MAX, .first_time = UINT64_MAX};

static void die(const char *what)
{
	fprintf(stderr, "probe: %s: %s\n", what, strerror(errno));
	exit(2);
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

static unsigned int pmu_type(void)
{
	static const char *const names[] = {"vpebs", "cpu"};
	char path[128];
	unsigned int type;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		snprintf(path, sizeof(path), "/sys/bus/event_source/devices/%s/type", names[i]);

		FILE *file = fopen(path, "r");

		if (!file)
			continue;
		if (fscanf(file, "%u", &type) != 1)
			die(path);
		fclose(file);
		return type;
	}
	errno = ENODEV;
	die("no PMU");
	return 0;
}

static int open_event(int cpu)
{
	struct perf_event_attr attr = {
	    .type = pmu_type(),
	    .size = sizeof(attr),
	    .config = wanted.stores ? 0x82d0 : 0x01cd,
	    .config1 = wanted.stores ? 0 : wanted.threshold,
	    .sample_period = wanted.period,
	    .sample_type = PERF_SAMPLE_IP | PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_ADDR | PERF_SAMPLE_CPU |
			   PERF_SAMPLE_WEIGHT | PERF_SAMPLE_DATA_SRC,
	    .precise_ip = wanted.precise,
	    .exclude_kernel = !wanted.kernel,
	    .exclude_hv = 1,
	    .disabled = 1,
	    .sample_id_all = 1,
	    .read_format = PERF_FORMAT_LOST,
	};
	int fd = syscall(SYS_perf_event_open, &attr, wanted.per_task ? 0 : -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);

	if (fd < 0)
		die("perf_event_open");
	return fd;
}

/* The fields come in the order that perf_event_open(2) gives. */
struct sample {
	struct perf_event_header header;
	uint64_t ip;
	uint32_t pid, tid;
	uint64_t time, address;
	uint32_t cpu, unused;
	uint64_t weight, source;
};

static void take_sample(const struct sample *sample, uint64_t *last_time)
{
	union perf_mem_data_src source = {.val = sample->source};

	found.samples++;
	found.kernel += (sample->header.misc & PERF_RECORD_MISC_CPUMODE_MASK) == PERF_RECORD_MISC_KERNEL;
	found.no_address += !sample->address;
	found.wrong_op += source.mem_op != (wanted.stores ? PERF_MEM_OP_STORE : PERF_MEM_OP_LOAD);
	found.first_level += source.mem_lvl == (PERF_MEM_LVL_L1 | PERF_MEM_LVL_HIT);
	found.backwards += sample->time < *last_time;
	*last_time = sample->time;
	if (sample->time < found.first_time)
		found.first_time = sample->time;
	if (sample->time > found.last_time)
		found.last_time = sample->time;
	if (sample->weight < found.least_weight)
		found.least_weight = sample->weight;
	if (sample->weight > found.most_weight)
		found.most_weight = sample->weight;
	for (uint64_t i = 0; i < wanted.tasks; i++) {
		if (sample->address >= regions[i].start && sample->address < regions[i].end &&
		    (wanted.tasks == 1 || (pid_t)sample->pid == regions[i].pid))
			found.hot++;
		if ((pid_t)sample->pid == regions[i].pid && sample->pid == sample->tid)
			found.own_region++;
	}
}

static void read_ring(const uint8_t *ring, uint64_t bytes)
{
	struct perf_event_mmap_page *meta = (void *)ring;
	uint64_t last_time = 0;
	union {
		struct perf_event_header header;
		struct sample sample;
		uint64_t words[64];
	} record;

	while (meta->data_tail != __atomic_load_n(&meta->data_head, __ATOMIC_ACQUIRE)) {
		const uint8_t *data = ring + PAGE;
		uint64_t at = meta->data_tail % bytes;

		memcpy(&record.header, data + at, sizeof(record.header));
		/* Records wrap around at the end of the ring. */
		for (uint64_t i = 0; i < record.header.size && i < sizeof(record); i++)
			((uint8_t *)&record)[i] = data[(at + i) % bytes];
		switch (record.header.type) {
		case PERF_RECORD_SAMPLE:
			take_sample(&record.sample, &last_time);
			break;
		case PERF_RECORD_LOST:
			found.lost += record.words[2];
			break;
		case PERF_RECORD_LOST_SAMPLES:
			found.lost_samples += record.words[1];
			break;
		case PERF_RECORD_THROTTLE:
			found.throttled++;
			break;
		default:
			found.other++;
		}
		meta->data_tail += record.header.size;
	}
}

/* Every access in a register: the loop makes no other loads or stores of its own. */
static void work(uint8_t *region, uint64_t seed, uint64_t accesses)
{
	uint64_t lines = wanted.hot_bytes / LINE, x = seed;

	for (uint64_t i = 0; i < accesses; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;

		volatile uint64_t *word = (volatile uint64_t *)(region + (x >> 32) * lines / (1ull << 32) * LINE);

		if (wanted.stores)
			*word = i;
		else
			(void)*word;
	}
}

static uint8_t *new_region(int task)
{
	uint8_t *region = mmap(NULL, wanted.hot_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (region == MAP_FAILED)
		die("mmap");
	regions[task] = (struct region){getpid(), (uintptr_t)region, (uintptr_t)region + wanted.hot_bytes};
	return region;
}

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		die("sched_setaffinity");
}

/* Other processes touch their regions, wait for a byte, do the same work, and end. The regions differ, as they are made
 * before forking. */
static void start_others(uint8_t *const *memory, int go)
{
	for (uint64_t i = 1; i < wanted.tasks; i++) {
		pid_t pid = fork();
		char byte;

		if (pid < 0)
			die("fork");
		regions[i].pid = pid;
		if (pid)
			continue;
		memset(memory[i], 1, wanted.hot_bytes);
		if (read(go, &byte, 1) != 1)
			_exit(1);
		work(memory[i], i + 1, wanted.accesses);
		_exit(0);
	}
}

static bool parse(int argc, char **argv)
{
	int option;

	while ((option = getopt_long(argc, argv, "", words, NULL)) != -1) {
		switch (option) {
		case 'e':
			wanted.stores = !strcmp(optarg, "stores");
			break;
		case 'p':
			wanted.period = strtoull(optarg, NULL, 0);
			break;
		case 't':
			wanted.threshold = strtoull(optarg, NULL, 0);
			break;
		case 'a':
			wanted.accesses = strtoull(optarg, NULL, 0);
			break;
		case 'b':
			wanted.hot_bytes = strtoull(optarg, NULL, 0);
			break;
		case 'n':
			wanted.tasks = strtoull(optarg, NULL, 0);
			break;
		case 'g':
			wanted.pages = strtoull(optarg, NULL, 0);
			break;
		case 'c':
			wanted.precise = strtoull(optarg, NULL, 0);
			break;
		case 'o':
			wanted.per_task = true;
			break;
		case 'k':
			wanted.kernel = true;
			break;
		default:
			return false;
		}
	}
	return wanted.tasks >= 1 && wanted.tasks <= MAX_TASKS && wanted.precise <= 3 && wanted.hot_bytes >= LINE &&
	       optind == argc;
}

int main(int argc, char **argv)
{
	int events[MAX_CPUS], go[2], count = 0;
	uint8_t *rings[MAX_CPUS], *memory[MAX_TASKS];
	uint64_t counted = 0, ring_lost = 0, started_ns, ended_ns;
	struct {
		uint64_t count, lost;
	} value;

	if (!parse(argc, argv)) {
		fprintf(stderr, "probe: wrong use; see the head of probe.c\n");
		return 2;
	}
	pin(0);
	for (uint64_t i = 0; i < wanted.tasks; i++)
		memory[i] = new_region(i);
	if (pipe(go))
		die("pipe");
	start_others(memory, go[0]);
	memset(memory[0], 1, wanted.hot_bytes);
	for (int cpu = 0; cpu < sysconf(_SC_NPROCESSORS_ONLN) && cpu < MAX_CPUS; cpu++) {
		if (wanted.per_task && cpu)
			break;
		events[count] = open_event(wanted.per_task ? -1 : cpu);
		rings[count] =
		    mmap(NULL, (1 + wanted.pages) * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, events[count], 0);
		if (rings[count++] == MAP_FAILED)
			die("mmap of the ring");
	}
	started_ns = now_ns();
	for (int i = 0; i < count; i++)
		if (ioctl(events[i], PERF_EVENT_IOC_ENABLE, 0))
			die("enable");
	for (uint64_t i = 1; i < wanted.tasks; i++)
		if (write(go[1], "", 1) != 1)
			die("write");
	/* Perf tells of records that found a ring full with the next one that does not: make room once. */
	work(memory[0], 1, wanted.accesses / 2);
	for (int i = 0; i < count; i++)
		read_ring(rings[i], wanted.pages * PAGE);
	work(memory[0], 2, wanted.accesses - wanted.accesses / 2);
	while (wait(NULL) > 0)
		;
	for (int i = 0; i < count; i++)
		if (ioctl(events[i], PERF_EVENT_IOC_DISABLE, 0))
			die("disable");
	ended_ns = now_ns();
	for (int i = 0; i < count; i++) {
		if (read(events[i], &value, sizeof(value)) != sizeof(value))
			die("read");
		counted += value.count;
		ring_lost += value.lost;
		read_ring(rings[i], wanted.pages * PAGE);
	}
	printf("{\"accesses\": %lu, \"count\": %lu, \"samples\": %lu, \"hot\": %lu, \"own_tasks\": %lu, "
	       "\"no_address\": %lu, "
	       "\"wrong_op\": %lu, \"first_level\": %lu, \"kernel\": %lu, \"ring_lost\": %lu, "
	       "\"lost\": %lu, \"lost_samples\": %lu, "
	       "\"throttled\": %lu, "
	       "\"other\": %lu, "
	       "\"least_weight\": %lu, \"most_weight\": %lu, \"backwards\": %lu, \"sampled_seconds\": %.3f, "
	       "\"seconds\": %.3f}\n",
	       wanted.accesses * (wanted.per_task ? 1 : wanted.tasks), counted, found.samples, found.hot,
	       found.own_region, found.no_address, found.wrong_op, found.first_level, found.kernel, ring_lost, found.lost,
	       found.lost_samples, found.throttled, found.other, found.least_weight, found.most_weight, found.backwards,
	       found.samples ? (found.last_time - found.first_time) * 1e-9 : 0.0, (ended_ns - started_ns) * 1e-9);
	return 0;
}

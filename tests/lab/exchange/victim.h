// SPDX-License-Identifier: Apache-2.0
/*
 * A process of exchange_stress whose pages are exchanged: four threads that do to their memory what Linux offers, and
 * check every word that they read back. It ends with WRONG if one was wrong, on SIGTERM with 0 after a look at all of
 * them.
 */
#ifndef VICTIM_H
#define VICTIM_H

#define _GNU_SOURCE

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "exchange.h"

enum {
  VICTIMS = 2,
  THREADS = 4,
  PAGES = 1024 /* a thread's small ones */,
  HUGES = 4 /* and huge ones */,
  RUN = 16,
  HAMMER = 256 /* times */,
  WRONG = 7,
  MPOL_INTERLEAVE_ = 3,
  PAGEOUT = 21,
  COLLAPSE = 25
};

static char *const small_arena = (char*)0x100000000000, *const huge_arena = (char*)0x200000000000,
                   *const elsewhere = (char*)0x300000000000;
static const size_t small_size = (size_t)PAGES * SMALL, huge_size = (size_t)HUGES * HUGE;

static const char *disk, *cgroups;
static volatile sig_atomic_t ending;

/* Shared by all processes. */
static struct {
  pid_t victim[VICTIMS];
  unsigned long status[32], huge_ok, mixed, no_memory, verified, operations[16];
  struct {
    unsigned long calls, flushes, beyond;
  } cost[2]; /* of small pages, of huge ones */
  int wrong;
} * shared;

struct thread {
  unsigned int number, random;
  char *pages, *huges;                  /* its slices of the arenas */
  uint64_t tag[PAGES], huge_tag[HUGES]; /* 0: reads as zeroes */
  int fd;
};

static unsigned int pick(struct thread* t, unsigned int n) {
  t->random = t->random * 1664525 + 1013904223;
  return (t->random >> 8) % n;
}

/* Word number i of what a tag was written to. */
static uint64_t tagged(uint64_t tag, size_t i) {
  return tag ? tag + i * 0x9e3779b97f4a7c15 : 0;
}

static void write_tag(char* page, size_t size, uint64_t tag) {
  for (size_t i = 0; i < size / 8; i++) ((volatile uint64_t*)page)[i] = tagged(tag, i);
}

static void check_word(const volatile uint64_t* at, uint64_t right, const char* when) {
  uint64_t word = *at;

  if (word == right) return;
  printf("WRONG %s: %p is %#lx instead of %#lx\n", when, (const volatile void*)at, word, right);
  __atomic_store_n(&shared->wrong, 1, __ATOMIC_RELAXED);
  _exit(WRONG);
}

static void check_tag(const char* page, size_t size, uint64_t tag, const char* when) {
  for (size_t i = 0; i < size / 8; i++) check_word((const volatile uint64_t*)page + i, tagged(tag, i), when);
  __atomic_fetch_add(&shared->verified, size / SMALL, __ATOMIC_RELAXED);
}

/*
 * Counts in the first word of each page, over and over without a rest: what the processor has in its TLB is used again
 * and again, and a write to where the page was before an exchange is missed at once. The tags are of small pages each,
 * or one of a huge page.
 */
static void hammer(char* start, unsigned int pages, const uint64_t* tags, bool huge) {
  for (unsigned int n = 0; n <= HAMMER; n++)
    for (unsigned int i = 0; i < pages; i++) {
      volatile uint64_t* word = (volatile uint64_t*)(start + (size_t)i * SMALL);
      uint64_t right = huge ? tagged(*tags, (size_t)i * (SMALL / 8)) : tags[i];

      check_word(word, right + n, "hammered");
      *word = n < HAMMER ? right + n + 1 : right;
    }
}

static void tag_page(struct thread* t, unsigned int i) {
  t->tag[i] = ((uint64_t)t->random << 32) + t->number * PAGES + i + 1;
  write_tag(t->pages + (size_t)i * SMALL, SMALL, t->tag[i]);
}

static void check_run(struct thread* t, const char* at, unsigned int first, const char* when) {
  for (unsigned int i = 0; i < RUN; i++) check_tag(at + (size_t)i * SMALL, SMALL, t->tag[first + i], when);
}

static void map_interleaved(char* start, size_t size, bool huge) {
  unsigned long mask = 3;

  if (mmap(start, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0) !=
      start)
    die("mmap");
  if (syscall(SYS_mbind, start, size, MPOL_INTERLEAVE_, &mask, 8 * sizeof(mask), 0)) die("mbind");
  madvise(start, size, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
}

/* ---- What a victim's thread does to a run of RUN small pages, which starts at page number `first`. ---- */

static void forget(struct thread* t, unsigned int first) {
  memset(&t->tag[first], 0, RUN * sizeof(t->tag[0]));
}

static void op_discard(struct thread* t, char* run, unsigned int first) {
  madvise(run, RUN * SMALL, MADV_DONTNEED);
  forget(t, first);
}

static void op_unmap(struct thread* t, char* run, unsigned int first) {
  munmap(run, RUN * SMALL);
  map_interleaved(run, RUN * SMALL, false);
  forget(t, first);
}

static void op_move(struct thread* t, char* run, unsigned int first) {
  char* away = elsewhere + t->number * HUGE;

  if (mremap(run, RUN * SMALL, RUN * SMALL, MREMAP_MAYMOVE | MREMAP_FIXED, away) != away) die("mremap");
  check_run(t, away, first, "moved away");
  t->tag[first] = t->random | 1;
  write_tag(away, SMALL, t->tag[first]);
  if (mremap(away, RUN * SMALL, RUN * SMALL, MREMAP_MAYMOVE | MREMAP_FIXED, run) != run) die("mremap back");
}

static void op_protect(struct thread* t, char* run, unsigned int first) {
  mprotect(run, RUN * SMALL, PROT_READ);
  check_run(t, run, first, "read-only");
  mprotect(run, RUN * SMALL, PROT_NONE);
  mprotect(run, RUN * SMALL, PROT_READ | PROT_WRITE);
}

static void op_swap_out(struct thread* t, char* run, unsigned int first) {
  (void)t, (void)first;
  madvise(run, RUN * SMALL, PAGEOUT);
}

static void op_free(struct thread* t, char* run, unsigned int first) {
  madvise(run, RUN * SMALL, MADV_FREE);
  for (unsigned int i = 0; i < RUN; i++) tag_page(t, first + i);
}

static void op_lock(struct thread* t, char* run, unsigned int first) {
  mlock(run, RUN * SMALL);
  check_run(t, run, first, "locked");
  munlock(run, RUN * SMALL);
}

static void op_merge(struct thread* t, char* run, unsigned int first) {
  (void)t, (void)first;
  madvise(run, RUN * SMALL, pick(t, 2) ? MADV_MERGEABLE : MADV_UNMERGEABLE);
}

static void op_fork(struct thread* t, char* run, unsigned int first) {
  int status = 0;
  pid_t child = fork();

  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    check_run(t, run, first, "in a child");
    write_tag(run, SMALL, 42);
    for (unsigned int i = 0; i < PAGES; i += 8)
      if (i != first) check_tag(t->pages + (size_t)i * SMALL, SMALL, t->tag[i], "in a child");
    check_tag(run, SMALL, 42, "written by a child");
    _exit(0);
  }
  if (child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status)) _exit(WRONG);
}

/* The pipe holds references to the pages for a while. */
static void op_splice(struct thread* t, char* run, unsigned int first) {
  static __thread char copy[RUN * SMALL];
  struct iovec vector = {run, RUN * SMALL};
  ssize_t size = 0;
  int ends[2];

  if (pipe(ends)) die("pipe");
  size = vmsplice(ends[1], &vector, 1, SPLICE_F_NONBLOCK);
  poll(NULL, 0, (int)pick(t, 100));
  for (ssize_t got = 0; got < size;) got += read(ends[0], copy + got, (size_t)(size - got));
  for (ssize_t i = 0; i < size; i += SMALL) check_tag(copy + i, SMALL, t->tag[first + i / SMALL], "through a pipe");
  close(ends[0]);
  close(ends[1]);
}

/* The device reads and writes the pages themselves. */
static void op_direct_io(struct thread* t, char* run, unsigned int first) {
  unsigned int other = (first + PAGES / 2) % PAGES;
  off_t offset = (off_t)(t->number * RUN * SMALL);
  char* to = t->pages + (size_t)other * SMALL;

  if (t->fd < 0) return;
  if (pwrite(t->fd, run, RUN * SMALL, offset) != RUN * SMALL || pread(t->fd, to, RUN * SMALL, offset) != RUN * SMALL)
    die("direct I/O");
  memcpy(&t->tag[other], &t->tag[first], RUN * sizeof(t->tag[0]));
  check_run(t, to, other, "read from the device");
}

static void op_hammer(struct thread* t, char* run, unsigned int first) {
  (void)run, (void)first;
  hammer(t->pages, PAGES, t->tag, false);
}

static const struct {
  const char* name;
  void (*run)(struct thread*, char*, unsigned int);
} operations[] = {
    {"discard", op_discard},   {"unmap", op_unmap},         {"move", op_move},     {"protect", op_protect},
    {"swap_out", op_swap_out}, {"free", op_free},           {"lock", op_lock},     {"merge", op_merge},
    {"splice", op_splice},     {"direct_io", op_direct_io}, {"hammer", op_hammer}, {"fork", op_fork},
};

enum { OPERATIONS = sizeof(operations) / sizeof(*operations) };

/* ---- Huge pages. ---- */

static void work_on_huge(struct thread* t) {
  unsigned int i = pick(t, HUGES);
  char *huge = t->huges + (size_t)i * HUGE, *away = elsewhere + (size_t)(64 + t->number) * HUGE;

  check_tag(huge, HUGE, t->huge_tag[i], "huge");
  switch (pick(t, 7)) {
    case 0: /* a new page */
      madvise(huge, HUGE, MADV_DONTNEED);
      t->huge_tag[i] = 0;
      break;
    case 1: /* splits the mapping */
      mprotect(huge, HUGE / 2, PROT_READ);
      check_tag(huge, HUGE, t->huge_tag[i], "half read-only");
      mprotect(huge, HUGE / 2, PROT_READ | PROT_WRITE);
      break;
    case 2: /* puts the page on the list of those to be split */
      madvise(huge + HUGE / 2, SMALL, MADV_DONTNEED);
      for (size_t n = 0; n < SMALL / 8; n++) ((uint64_t*)(huge + HUGE / 2))[n] = tagged(t->huge_tag[i], HUGE / 16 + n);
      break;
    case 3:
      if (mremap(huge, HUGE, HUGE, MREMAP_MAYMOVE | MREMAP_FIXED, away) != away) die("mremap");
      check_tag(away, HUGE, t->huge_tag[i], "huge moved away");
      if (mremap(away, HUGE, HUGE, MREMAP_MAYMOVE | MREMAP_FIXED, huge) != huge) die("mremap back");
      break;
    case 4:
      madvise(huge, HUGE, PAGEOUT);
      check_tag(huge, HUGE, t->huge_tag[i], "huge swapped out");
      break;
    case 5:
      hammer(huge, HUGE / SMALL, &t->huge_tag[i], true);
      break;
  }
  if (pick(t, 4)) { /* one page again */
    madvise(huge, HUGE, COLLAPSE);
    check_tag(huge, HUGE, t->huge_tag[i], "collapsed");
  }
  t->huge_tag[i] = t->random | 1;
  write_tag(huge, HUGE, t->huge_tag[i]);
}

static void check_all(struct thread* t) {
  for (unsigned int i = 0; i < PAGES; i++)
    check_tag(t->pages + (size_t)i * SMALL, SMALL, t->tag[i], "small at the end");
  for (unsigned int i = 0; i < HUGES; i++)
    check_tag(t->huges + (size_t)i * HUGE, HUGE, t->huge_tag[i], "huge at the end");
}

static void* run_thread(void* arg) {
  struct thread* t = arg;

  for (unsigned int i = 0; i < PAGES; i++) tag_page(t, i);
  for (unsigned int i = 0; i < HUGES; i++) t->huge_tag[i] = i + 1, write_tag(t->huges + (size_t)i * HUGE, HUGE, i + 1);
  for (unsigned int round = 0; !ending; round++) {
    /* Leaves some processor time to the others, of which emulation has little. */
    poll(NULL, 0, 1);
    for (unsigned int n = 0; n < 16; n++) {
      unsigned int i = pick(t, PAGES);

      check_tag(t->pages + (size_t)i * SMALL, SMALL, t->tag[i], "small");
      tag_page(t, i);
    }
    /* Forking, the last, is the most expensive by far. Not all threads at once, nor do all get as far as round 15. */
    unsigned int what = (round + 2 * t->number) % 16 == 15 ? OPERATIONS - 1 : pick(t, OPERATIONS - 1);
    unsigned int first = pick(t, PAGES / RUN) * RUN;

    operations[what].run(t, t->pages + (size_t)first * SMALL, first);
    __atomic_fetch_add(&shared->operations[what], 1, __ATOMIC_RELAXED);
    if (round % 2 == 0) work_on_huge(t);
  }
  check_all(t);
  return NULL;
}

static void end(int signal) {
  (void)signal;
  ending = 1;
}

static void join_cgroup(int number) {
  char path[256];
  int file;

  snprintf(path, sizeof(path), "%s/victim%d/cgroup.procs", cgroups, number);
  file = open(path, O_WRONLY);
  if (file < 0 || write(file, "0", 1) != 1) die("cannot join %s", path);
  close(file);
}

static void be_victim(int number) {
  static struct thread threads[THREADS];
  pthread_t ids[THREADS];

  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (cgroups) join_cgroup(number);
  for (unsigned int i = 0; i < THREADS; i++) {
    struct thread* t = &threads[i];

    t->number = i;
    t->random = (unsigned int)getpid() * 2654435761u + i;
    t->pages = small_arena + i * small_size;
    t->huges = huge_arena + i * huge_size;
    t->fd = disk ? open(disk, O_RDWR | O_DIRECT) : -1;
    map_interleaved(t->pages, small_size, false);
    map_interleaved(t->huges, huge_size, true);
    t->number += (unsigned int)number * THREADS;
    if (pthread_create(&ids[i], NULL, run_thread, t)) die("thread");
  }
  for (unsigned int i = 0; i < THREADS; i++) pthread_join(ids[i], NULL);
  _exit(0);
}

#endif

// SPDX-License-Identifier: Apache-2.0
/*
 * What the test programs of /dev/hyperplace share: memory on a chosen node, where a page is, one exchange.
 */
#ifndef EXCHANGE_H
#define EXCHANGE_H

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "../../../guest-kmod/hyperplace/hyperplace_uapi.h"

enum { SMALL = 4096, HUGE = 2 << 20, MPOL_DEFAULT_ = 0, MPOL_BIND_ = 2, MOVE = 2 /* MPOL_MF_MOVE */ };

static int device = -1;

__attribute__((format(printf, 1, 2), noreturn)) static inline void die(const char* format, ...) {
  va_list args;

  va_start(args, format);
  vfprintf(stderr, format, args);
  va_end(args);
  fprintf(stderr, " (%s)\n", strerror(errno));
  _exit(2);
}

static inline void open_device(void) {
  device = open("/dev/hyperplace", O_RDWR | O_CLOEXEC);
  if (device < 0) die("cannot open /dev/hyperplace");
}

static inline double seconds(void) {
  struct timespec now;

  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Where new memory of the range comes from; -1: as usual. */
static inline void bind_to(void* start, size_t size, int node) {
  unsigned long mask = node < 0 ? 0 : 1UL << node;

  if (syscall(SYS_mbind, start, size, node < 0 ? MPOL_DEFAULT_ : MPOL_BIND_, node < 0 ? NULL : &mask, 8 * sizeof(mask),
              0))
    die("mbind");
}

/* Address space aligned to 2 MiB, of small pages or huge ones. */
static inline void* reserve(size_t size, bool huge) {
  char* raw = mmap(NULL, size + HUGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  char* start = (char*)(((uintptr_t)raw + HUGE - 1) & ~(uintptr_t)(HUGE - 1));

  if (raw == MAP_FAILED) die("mmap of %zu bytes", size);
  if (start > raw) munmap(raw, (size_t)(start - raw));
  munmap(start + size, (size_t)(raw + HUGE - start));
  madvise(start, size, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
  return start;
}

/* Memory on a node, touched, with no policy left on it. */
static inline void* memory(size_t size, bool huge, int node) {
  char* start = reserve(size, huge);

  bind_to(start, size, node);
  for (size_t i = 0; i < size; i += SMALL) start[i] = 1;
  bind_to(start, size, -1);
  return start;
}

/* The nodes of n pages of a process; negative error numbers for pages that are not there. */
static inline void nodes_of(int pid, unsigned long n, void** pages, int* nodes) {
  if (syscall(SYS_move_pages, pid, n, pages, NULL, nodes, 0))
    for (unsigned long i = 0; i < n; i++) nodes[i] = -errno;
}

static inline int node_of(const void* page) {
  void* pages[1] = {(void*)(uintptr_t)page};
  int node;

  nodes_of(0, 1, pages, &node);
  return node;
}

static inline struct hyperplace_pair pair_of(const void* a, const void* b, int size) {
  return (struct hyperplace_pair){.address = {(uintptr_t)a, (uintptr_t)b}, .node = {0, 1}, .size = size};
}

/* One call; 0 or the error number. The request is left with the results. */
static inline int exchange(struct hyperplace_exchange* request, struct hyperplace_process* who, unsigned int nr_who,
                           struct hyperplace_pair* pairs, unsigned int n) {
  *request = (struct hyperplace_exchange){
      .processes = (uintptr_t)who, .nr_processes = nr_who, .pairs = (uintptr_t)pairs, .nr_pairs = n};
  return ioctl(device, HYPERPLACE_IOC_EXCHANGE, request) ? errno : 0;
}

static inline const char* status_name(unsigned int status) {
  static const char* const names[] = {
      "ok",         "not_tried", "invalid",  "unsupported", "no_process", "no_access", "not_present",
      "special",    "not_anon",  "ksm",      "swap_cache",  "lazy_free",  "mlocked",   "poisoned",
      "size",       "shared",    "pinned",   "busy",        "off_lru",    "writeback", "already",
      "wrong_node", "policy",    "notified", "changed",
  };

  return status < sizeof(names) / sizeof(*names) ? names[status] : "?";
}

#endif

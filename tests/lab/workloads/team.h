// SPDX-License-Identifier: Apache-2.0
#ifndef TESTS_LAB_WORKLOADS_TEAM_H_
#define TESTS_LAB_WORKLOADS_TEAM_H_

#include <sched.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

namespace lab {

// Threads, each pinned to a CPU, that share out pieces of work and steal from each other, so that all end at the same
// time.
class Team {
 public:
  explicit Team(unsigned threads) : queues_(new Queue[threads]), threads_(threads) {}

  unsigned threads() const { return threads_; }

  // The CPU that thread `thread` is pinned to.
  static unsigned Cpu(unsigned thread) {
    const auto cpus = static_cast<unsigned>(CPU_COUNT(&Allowed()));
    unsigned wanted = thread % cpus;
    for (unsigned cpu = 0; cpu < CPU_SETSIZE; cpu++) {
      if (CPU_ISSET(cpu, &Allowed()) && wanted-- == 0) return cpu;
    }
    return 0;
  }

  // Calls work(thread, piece) for each piece of [0, pieces), from all threads; pieces below 2^32. Returns when all are
  // done.
  template <typename Work>
  void ForEach(uint64_t pieces, const Work& work) {
    for (unsigned i = 0; i < threads_; i++) {
      queues_[i].range = Range(pieces * i / threads_, pieces * (i + 1) / threads_);
    }
    Run([&](unsigned thread) {
      uint32_t piece;
      do {
        while (Take(queues_[thread], &piece)) work(thread, piece);
      } while (Steal(thread));
    });
  }

  // Calls work(thread) once on each thread.
  template <typename Work>
  void Run(const Work& work) {
    std::vector<std::thread> others;
    others.reserve(threads_);
    for (unsigned i = 0; i < threads_; i++) {
      others.emplace_back([&work, i] {
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET(Cpu(i), &one);
        sched_setaffinity(0, sizeof(one), &one);
        work(i);
      });
    }
    for (std::thread& other : others) other.join();
  }

 private:
  // Pieces that wait: the first in the lower half, the end in the upper.
  struct alignas(64) Queue {
    std::atomic<uint64_t> range{0};
  };

  static uint64_t Range(uint64_t first, uint64_t end) { return end << 32 | first; }
  static uint32_t First(uint64_t range) { return static_cast<uint32_t>(range); }
  static uint32_t End(uint64_t range) { return static_cast<uint32_t>(range >> 32); }

  static const cpu_set_t& Allowed() {
    static const cpu_set_t allowed = [] {
      cpu_set_t set;
      CPU_ZERO(&set);
      if (sched_getaffinity(0, sizeof(set), &set) != 0) CPU_SET(0, &set);
      return set;
    }();
    return allowed;
  }

  static bool Take(Queue& queue, uint32_t* piece) {
    uint64_t range = queue.range;
    do {
      if (First(range) >= End(range)) return false;
      *piece = First(range);
    } while (!queue.range.compare_exchange_weak(range, Range(First(range) + 1, End(range))));
    return true;
  }

  // Moves the later half of another's pieces to `thread`'s own, empty queue. False when there is nothing left anywhere.
  bool Steal(unsigned thread) {
    for (unsigned i = 1; i < threads_; i++) {
      Queue& victim = queues_[(thread + i) % threads_];
      uint64_t range = victim.range;
      while (First(range) < End(range)) {
        const uint32_t middle = First(range) + (End(range) - First(range)) / 2;
        if (victim.range.compare_exchange_weak(range, Range(First(range), middle))) {
          queues_[thread].range = Range(middle, End(range));
          return true;
        }
      }
    }
    return false;
  }

  std::unique_ptr<Queue[]> queues_;
  unsigned threads_;
};

}  // namespace lab

#endif  // TESTS_LAB_WORKLOADS_TEAM_H_

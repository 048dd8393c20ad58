// SPDX-License-Identifier: Apache-2.0
#ifndef TESTS_LAB_WORKLOADS_TEAM_H_
#define TESTS_LAB_WORKLOADS_TEAM_H_

#include <sched.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace lab {

// Threads, each pinned to a CPU, that share out pieces of work and steal from each other, so that all end at the same
// time.
class Team {
 public:
  explicit Team(unsigned threads) : queues_(new Queue[threads]), threads_(threads) {}
  ~Team() {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
    }
    called_.notify_all();
    for (std::thread& worker : workers_) worker.join();
  }
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

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

  // Calls work(thread) once on each thread. They are the same from one call to the next, as in programs that run for
  // long; the kernel's NUMA balancing, e.g., does not look at the memory of a thread in its first seconds.
  void Run(const std::function<void(unsigned thread)>& work) {
    std::unique_lock lock(mutex_);
    while (workers_.size() < threads_) {
      workers_.emplace_back([this, thread = static_cast<unsigned>(workers_.size())] { Serve(thread); });
    }
    work_ = &work;
    busy_ = threads_;
    round_++;
    called_.notify_all();
    done_.wait(lock, [this] { return busy_ == 0; });
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

  void Serve(unsigned thread) {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(Cpu(thread), &one);
    sched_setaffinity(0, sizeof(one), &one);
    std::unique_lock lock(mutex_);
    for (uint64_t seen = 0;;) {
      called_.wait(lock, [&] { return ending_ || round_ != seen; });
      if (ending_) return;
      seen = round_;
      lock.unlock();
      (*work_)(thread);
      lock.lock();
      if (--busy_ == 0) done_.notify_one();
    }
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

  const std::unique_ptr<Queue[]> queues_;
  const unsigned threads_;

  std::mutex mutex_;
  std::condition_variable called_, done_;
  std::vector<std::thread> workers_;
  // What they are to do, how often they have been called, how many are at it.
  const std::function<void(unsigned)>* work_ = nullptr;
  uint64_t round_ = 0;
  unsigned busy_ = 0;
  bool ending_ = false;
};

}  // namespace lab

#endif  // TESTS_LAB_WORKLOADS_TEAM_H_

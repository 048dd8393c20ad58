// SPDX-License-Identifier: Apache-2.0
#ifndef TESTS_LAB_WORKLOADS_WORKLOAD_H_
#define TESTS_LAB_WORKLOADS_WORKLOAD_H_

#include <sys/mman.h>

#include <cinttypes>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>
#include <thread>

#include "tests/lab/workloads/model.h"
#include "tests/lab/workloads/options.h"
#include "tests/lab/workloads/random.h"
#include "tests/lab/workloads/team.h"

namespace lab {

// Zeroed memory of its own mapping, as a large allocation of any program is. Never given back.
template <typename T>
T* Allocate(uint64_t count) {
  void* const memory = mmap(nullptr, count * sizeof(T), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    Fail("cannot allocate " + std::to_string(count * sizeof(T)) + " bytes; give a smaller --bytes");
  return static_cast<T*>(memory);
}

// What all workloads have in common: --threads, --seed, --warmup, --warmup-seconds, --passes, --verify; the region of
// interest; the line of results.
class Workload {
 public:
  // The options of its own are asked for between this and Start().
  Workload(int argc, char** argv, std::string name, std::string_view what)
      : options(argc, argv, what),
        verify(options.Verify()),
        seed(options.Number("seed", 1, 0)),
        name_(std::move(name)),
        warmup_(options.Number("warmup", 0, 0)),
        warmup_seconds_(options.Number("warmup-seconds", 0, 0)),
        passes_(options.Number("passes", 1)),
        team(static_cast<unsigned>(options.Number("threads", std::max(1u, std::thread::hardware_concurrency())))) {}

  // The default unless --verify makes it small.
  uint64_t Size(const std::string& option, uint64_t measured, uint64_t verified) {
    return options.Number(option, verify ? verified : measured);
  }

  // Runs the warm-up passes, as many as were asked for and until as much time has passed, then the measured passes as
  // the region of interest. Those are numbered from 0, so that they do the same however long the warm-up was; it goes
  // on from there.
  void Measure(const std::function<void(uint64_t pass)>& run) {
    const uint64_t begin = Real();
    for (uint64_t i = 0; i < warmup_ || Real() - begin < warmup_seconds_ * 1'000'000'000; i++) run(passes_ + i);
    for (uint32_t cpu = 0; model.there() && cpu < VPEBS_VCPUS; cpu++) before_[cpu] = model.shared().vcpus[cpu].regions;
    const uint64_t start = Real();
    measuring_ = true;
    VPEBS_MARK(VPEBS_MARK_ROI_BEGIN);
    for (uint64_t pass = 0; pass < passes_; pass++) run(pass);
    VPEBS_MARK(VPEBS_MARK_ROI_END);
    seconds_ = static_cast<double>(Real() - start) * 1e-9;
  }

  uint64_t passes() const { return passes_; }
  bool measuring() const { return measuring_; }

  // One more number for the line of results.
  void Add(const std::string& name, double value) {
    char text[64];
    std::snprintf(text, sizeof(text), ", \"%s\": %.9g", name.c_str(), value);
    extra_ += text;
  }

  // Prints the line. `operations` is what was done in the region.
  int Report(uint64_t operations) {
    std::printf("{\"workload\": \"%s\", \"threads\": %u, \"operations\": %" PRIu64 ", \"seconds\": %.6f", name_.c_str(),
                team.threads(), operations, seconds_);
    if (model.there()) ReportModel();
    std::printf("%s}\n", extra_.c_str());
    return 0;
  }

  // A number that depends on options and seed only, for the line of results: equal runs did equal work.
  void AddChecksum(uint64_t checksum) {
    char text[64];
    std::snprintf(text, sizeof(text), ", \"checksum\": \"%016" PRIx64 "\"", checksum);
    extra_ += text;
  }

  // Ends a --verify run.
  int Verified(bool right, const std::string& why) const {
    std::printf("{\"workload\": \"%s\", \"verified\": %s}\n", name_.c_str(), right ? "true" : "false");
    if (!right) std::fprintf(stderr, "%s: %s\n", name_.c_str(), why.c_str());
    return right ? 0 : 1;
  }

  Options options;
  const bool verify;
  const uint64_t seed;

 private:
  static uint64_t Real() {
    timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<uint64_t>(now.tv_sec) * 1000000000 + static_cast<uint64_t>(now.tv_nsec);
  }

  // Work stealing balances the real time of the threads, so modelled time is that of all CPUs, kernel and other
  // programs included, over the threads.
  void ReportModel() const {
    const vpebs_header& header = model.shared().header;
    double ns[VPEBS_PROFILES] = {};
    uint64_t hits = 0, misses = 0;
    for (uint32_t cpu = 0; cpu < std::min<uint32_t>(header.vcpus, VPEBS_VCPUS); cpu++) {
      const vpebs_counters& start = before_[cpu];
      const vpebs_counters& end = model.shared().vcpus[cpu].regions;
      hits += Model::Misses(end, VPEBS_FMEM) - Model::Misses(start, VPEBS_FMEM);
      misses += Model::Misses(end, VPEBS_SMEM) - Model::Misses(start, VPEBS_SMEM);
      for (uint32_t profile = 0; profile < VPEBS_PROFILES; profile++) {
        ns[profile] += model.Time(end, profile) - model.Time(start, profile);
      }
    }
    std::printf(", \"modelled_seconds\": {");
    for (uint32_t profile = 0; profile < VPEBS_PROFILES; profile++) {
      std::printf("%s\"%s\": %.6f", profile != 0 ? ", " : "", header.profiles[profile].name,
                  ns[profile] * 1e-9 / team.threads());
    }
    std::printf("}, \"fmem_hit_ratio\": %.4f",
                static_cast<double>(hits) / static_cast<double>(std::max<uint64_t>(1, hits + misses)));
  }

  std::string name_, extra_;
  uint64_t warmup_, warmup_seconds_, passes_;
  double seconds_ = 0;
  bool measuring_ = false;
  vpebs_counters before_[VPEBS_VCPUS] = {};

 public:
  Team team;
  const Model model;
};

}  // namespace lab

#endif  // TESTS_LAB_WORKLOADS_WORKLOAD_H_

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <ctime>

namespace hypertier::agent {

// What placement spends its CPU time on.
enum class Stage : std::size_t { kSampling, kClassification, kMigration, kCount };

// CPU time of the calling thread, the kernel's work for it included.
inline std::uint64_t ThreadCpuNs() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(time.tv_nsec);
}

// Adds up CPU time by stage: everything since the last call goes to the stage that is named. One thread.
class StageClock {
 public:
  void Begin() { last_ = ThreadCpuNs(); }
  // Returns what this stage took.
  std::uint64_t End(Stage stage) {
    const std::uint64_t now = ThreadCpuNs();
    const std::uint64_t taken = now - last_;
    spent_[static_cast<std::size_t>(stage)] += taken;
    last_ = now;
    return taken;
  }
  std::uint64_t spent(Stage stage) const { return spent_[static_cast<std::size_t>(stage)]; }

 private:
  std::array<std::uint64_t, static_cast<std::size_t>(Stage::kCount)> spent_{};
  std::uint64_t last_ = 0;
};

}  // namespace hypertier::agent

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "guest-agent/system/cpu_budget.h"

namespace hypertier::agent {

// What placement spends its CPU time on.
enum class Stage : std::size_t { kSampling, kClassification, kMigration, kCount };

// Adds up CPU time by stage: everything since the last call goes to the stage that is named. One thread.
class StageClock {
 public:
  void Begin() { last_ = Now(); }
  // Returns what this stage took.
  std::uint64_t End(Stage stage) {
    const std::uint64_t now = Now();
    const std::uint64_t taken = now - last_;
    spent_[static_cast<std::size_t>(stage)] += taken;
    last_ = now;
    return taken;
  }
  std::uint64_t spent(Stage stage) const { return spent_[static_cast<std::size_t>(stage)]; }

 private:
  static std::uint64_t Now() { return static_cast<std::uint64_t>(ThreadCpuTime().count()); }

  std::array<std::uint64_t, static_cast<std::size_t>(Stage::kCount)> spent_{};
  std::uint64_t last_ = 0;
};

}  // namespace hypertier::agent

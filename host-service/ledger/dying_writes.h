// SPDX-License-Identifier: Apache-2.0
//
// For tests: death in the middle of SQLite's writes, at a place that a seed can name. (Killed from outside, a process
// that mostly waits for the disk dies between its writes.)
#pragma once

#include <functional>

namespace hypertier::test {

enum class Death {
  // Before the write.
  kBefore,
  // Half of it is in the file.
  kTorn,
  // In the file, and nobody was told.
  kAfter,
};

// From now on this process kills itself (SIGKILL) in the write-th write of SQLite to a file, counted from 1.
void DieInWrite(int write, Death death);

// Runs `run` in a process that dies so, if `run` writes as often. Whether it did.
bool DiesInWrite(int write, Death death, const std::function<void()>& run);

}  // namespace hypertier::test

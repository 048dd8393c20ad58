// SPDX-License-Identifier: Apache-2.0
//
// Death in the middle of writes.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "host-service/ledger/test_ledger.h"

namespace hypertier {
namespace {

using test::LedgerDirectory;
using test::Operation;
using test::Targets;

OperationRecord OperationOf(std::uint64_t generation) {
  return Operation(std::to_string(generation), absl::FromUnixSeconds(static_cast<std::int64_t>(generation)));
}

// Writes generation after generation, each with an operation and the end of the one before, and acknowledges each on
// `pipe`.
[[noreturn]] void WriteForEver(const std::string& path, std::uint64_t generation, int pipe) {
  auto ledger = OpenLedger(path);
  if (!ledger.ok()) _exit(1);
  while (true) {
    ++generation;
    const OperationRecord begun = OperationOf(generation);
    OperationRecord superseded = OperationOf(generation - 1);
    superseded.state = OperationRecord::State::kCancelled;
    if (!(*ledger)->SetTargets(Targets(generation), &begun, generation > 1 ? &superseded : nullptr, nullptr).ok())
      _exit(2);
    if (write(pipe, &generation, sizeof(generation)) != sizeof(generation)) _exit(3);
  }
}

TEST(Ledger, KilledInTheMiddleOfWritesLosesNothingThatWasAcknowledged) {
  const LedgerDirectory directory;
  std::uint64_t stored = 0;
  for (unsigned round = 0; round < 20; ++round) {
    int pipe_ends[2];
    ASSERT_EQ(pipe(pipe_ends), 0);
    const pid_t writer = fork();
    if (writer == 0) WriteForEver(directory.path(), stored, pipe_ends[1]);
    close(pipe_ends[1]);
    std::uint64_t acknowledged = 0;
    // A first acknowledgement, so that each round writes; then death at varying moments.
    ASSERT_EQ(read(pipe_ends[0], &acknowledged, sizeof(acknowledged)), static_cast<ssize_t>(sizeof(acknowledged)));
    usleep(200 * (1 + round * 7 % 20));
    kill(writer, SIGKILL);
    waitpid(writer, nullptr, 0);
    for (std::uint64_t next = 0; read(pipe_ends[0], &next, sizeof(next)) == sizeof(next);) acknowledged = next;
    close(pipe_ends[0]);

    auto ledger = OpenLedger(directory.path());
    ASSERT_TRUE(ledger.ok()) << ledger.status();
    const auto targets = (*ledger)->LoadTargets();
    ASSERT_EQ(targets->size(), 1U);
    stored = targets->front().generation;
    EXPECT_GE(stored, acknowledged);
    EXPECT_LE(stored, acknowledged + 1) << "at most the write in flight";
    const auto operations = (*ledger)->LoadOperations();
    ASSERT_EQ(operations->size(), stored) << "targets and operations go together";
    const auto running = std::count_if(operations->begin(), operations->end(), [](const OperationRecord& operation) {
      return operation.state == OperationRecord::State::kRunning;
    });
    EXPECT_EQ(running, 1);
    EXPECT_EQ(operations->front().id, std::to_string(stored));
  }
}

}  // namespace
}  // namespace hypertier

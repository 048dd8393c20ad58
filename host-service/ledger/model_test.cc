// SPDX-License-Identifier: Apache-2.0
//
// Random changes, to the ledger and to a reference in memory (fake_ledger.h): the two never differ, whatever the
// process or the disk does in between.
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <set>

#include "host-service/ledger/describe.h"
#include "host-service/ledger/dying_writes.h"
#include "host-service/ledger/fake_ledger.h"
#include "host-service/ledger/random_change.h"
#include "host-service/ledger/test_ledger.h"

namespace hypertier {
namespace {

using test::Change;
using test::Death;
using test::Describe;
using test::LedgerDirectory;
using test::RandomChange;

// Those that change something.
constexpr std::size_t kMethods = 12;

// Changes the ledger for ever, and acknowledges each change, or that it was refused, with a byte on `pipe`.
[[noreturn]] void ChangeForEver(const std::string& path, std::uint64_t seed, FakeLedger reference, int pipe,
                                const std::function<void()>& arm) {
  auto ledger = OpenLedger(path);
  if (!ledger.ok()) _exit(1);
  arm();
  std::mt19937_64 random(seed);
  while (true) {
    const Change change = RandomChange(random, reference);
    if (change.apply(**ledger).code() != change.apply(reference).code()) _exit(2);
    if (write(pipe, "", 1) != 1) _exit(3);
  }
}

// A ledger and what it must hold, through the deaths of many processes.
class Killed : public ::testing::Test {
 protected:
  // One life of a process: `arm` runs in it once its ledger is open, `kill_it` outside once it has made a change or
  // died.
  void Live(std::uint64_t seed, const std::function<void()>& arm, const std::function<void(pid_t)>& kill_it) {
    int pipe_ends[2];
    ASSERT_EQ(pipe(pipe_ends), 0);
    const pid_t process = fork();
    if (process == 0) ChangeForEver(directory_.path(), seed, reference_, pipe_ends[1], arm);
    close(pipe_ends[1]);
    pollfd acknowledgement = {.fd = pipe_ends[0], .events = POLLIN, .revents = 0};
    poll(&acknowledgement, 1, -1);
    kill_it(process);
    int status = 0;
    ASSERT_EQ(waitpid(process, &status, 0), process);
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
        << "status " << status << "; exit 1: not opened; 2: a change was answered otherwise than by the reference";
    int acknowledged = 0;
    for (char byte = 0; read(pipe_ends[0], &byte, 1) == 1;) ++acknowledged;
    close(pipe_ends[0]);
    Compare(seed, acknowledged);
  }

  // Makes in the reference the changes that were acknowledged, and the one after if the ledger shows it.
  void Compare(std::uint64_t seed, int acknowledged) {
    std::mt19937_64 random(seed);
    for (int i = 0; i < acknowledged; ++i) {
      const Change change = RandomChange(random, reference_);
      const absl::Status status = change.apply(reference_);
      if (status.ok()) made_.insert(change.method);
      if (!status.ok()) refused_.insert(change.method);
    }
    const Change in_flight = RandomChange(random, reference_);
    const std::string before = Describe(reference_);
    FakeLedger with(reference_);
    in_flight.apply(with).IgnoreError();
    const std::string after = Describe(with);

    auto ledger = OpenLedger(directory_.path());
    ASSERT_TRUE(ledger.ok()) << ledger.status();
    const std::string found = Describe(**ledger);
    if (found == after) {
      reference_ = with;
      if (before != after) ++finished_;
    } else {
      ASSERT_EQ(found, before) << "seed " << seed << ", killed after " << acknowledged << " changes in "
                               << in_flight.method << ", and it is neither made nor not made. Made would be:\n"
                               << after;
      ++unfinished_;
    }
  }

  const LedgerDirectory directory_{test::InMemoryFiles()};
  FakeLedger reference_;
  std::set<std::string> made_;
  std::set<std::string> refused_;
  // Changes in flight at the time of death that were found afterwards, and that were not.
  int finished_ = 0;
  int unfinished_ = 0;
};

TEST_F(Killed, InAnyWriteTheLedgerHasAllThatWasAcknowledgedAndNothingByHalf) {
  std::mt19937_64 random(1);
  for (std::uint64_t round = 0; round < 300 && !HasFatalFailure(); ++round) {
    const int write = 1 + static_cast<int>(random() % 60);
    const Death death = std::array{Death::kBefore, Death::kTorn, Death::kAfter, Death::kAfter}[random() % 4];
    Live(
        round, [&] { test::DieInWrite(write, death); }, [](pid_t) {});
  }
  EXPECT_EQ(made_.size(), kMethods);
  EXPECT_GE(refused_.size(), 5U) << "puts, deletes and targets";
  EXPECT_GT(finished_, 5);
  EXPECT_GT(unfinished_, 50);
}

TEST_F(Killed, AtAnyMomentTheLedgerHasAllThatWasAcknowledgedAndNothingByHalf) {
  std::mt19937_64 random(2);
  for (std::uint64_t round = 0; round < 60 && !HasFatalFailure(); ++round) {
    Live(
        round, [] {},
        [&](pid_t process) {
          usleep(static_cast<useconds_t>(1000 + random() % 10'000));
          kill(process, SIGKILL);
        });
  }
}

TEST(AuditPages, AreTheSameAsTheReferencesWhateverTheSubject) {
  auto ledger = OpenLedger(":memory:");
  ASSERT_TRUE(ledger.ok()) << ledger.status();
  FakeLedger reference;
  std::mt19937_64 random(4);
  for (int i = 0; i < 1000; ++i) {
    const Change change = RandomChange(random, reference);
    if (change.method == "ForgetAudit") continue;
    ASSERT_EQ(change.apply(**ledger).code(), change.apply(reference).code()) << change.method;
  }
  for (const char* subject : {"", "host", "tenants/t1", "vms/vm2", "vms/none"}) {
    std::uint64_t before = 0;
    std::size_t pages = 0;
    do {
      const std::vector<AuditRecord> page = *(*ledger)->LoadAudit(before, 7, subject);
      ASSERT_TRUE(page == *reference.LoadAudit(before, 7, subject)) << subject << " before " << before;
      before = page.empty() ? 0 : page.back().sequence;
      ++pages;
    } while (before != 0);
    EXPECT_EQ(pages > 2, std::string(subject) != "vms/none") << subject;
  }
}

TEST(Full, AtAnyMomentTheLedgerHasAllThatWasAcknowledgedAndNothingByHalf) {
  auto ledger = OpenLedger(":memory:", {.max_pages = 14});
  ASSERT_TRUE(ledger.ok()) << ledger.status();
  FakeLedger reference;
  std::mt19937_64 random(3);
  int full = 0;
  for (int i = 0; i < 5000; ++i) {
    const Change change = RandomChange(random, reference);
    const absl::Status status = change.apply(**ledger);
    if (absl::IsResourceExhausted(status)) {
      ++full;
    } else {
      ASSERT_EQ(status.code(), change.apply(reference).code()) << change.method << ": " << status;
    }
    ASSERT_EQ(Describe(**ledger), Describe(reference)) << "change " << i << ", " << change.method << ": " << status;
  }
  EXPECT_GT(full, 100);
}

}  // namespace
}  // namespace hypertier

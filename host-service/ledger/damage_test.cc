// SPDX-License-Identifier: Apache-2.0
//
// Files and file systems that the ledger cannot work with.
#include <gmock/gmock.h>
#include <sched.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/text.h"
#include "host-service/ledger/test_ledger.h"

namespace hypertier {
namespace {

using test::Execute;
using test::LedgerDirectory;
using test::Operation;
using test::ReadFile;
using test::Targets;
using test::WriteFile;
using ::testing::AllOf;
using ::testing::HasSubstr;

void ExpectRefusedAndUntouched(const std::string& path, absl::StatusCode code, const std::string& why) {
  const std::string before = ReadFile(path);
  const std::string journal_before = ReadFile(path + "-wal");
  const auto ledger = OpenLedger(path);
  ASSERT_FALSE(ledger.ok()) << why;
  EXPECT_EQ(ledger.status().code(), code) << ledger.status();
  EXPECT_THAT(ToString(ledger.status().message()), AllOf(HasSubstr(path), HasSubstr(why)));
  EXPECT_TRUE(ReadFile(path) == before) << "the file was changed";
  EXPECT_TRUE(ReadFile(path + "-wal") == journal_before) << "the journal was changed";
}

// A ledger with enough in it to span many pages.
void FillLedger(const std::string& path) {
  auto ledger = OpenLedger(path);
  ASSERT_TRUE(ledger.ok()) << ledger.status();
  for (int i = 0; i < 200; ++i) {
    const OperationRecord operation = Operation(std::to_string(i), absl::FromUnixSeconds(i));
    ASSERT_TRUE((*ledger)->SetTargets(Targets(1, std::to_string(i)), &operation, nullptr, nullptr).ok());
  }
}

TEST(LedgerFile, ThatIsNoDatabaseIsRefusedAndLeftAlone) {
  const LedgerDirectory directory;
  for (const std::string& content : {std::string("x"), std::string("[listen]\n"), std::string(100'000, '\0'),
                                     std::string("SQLite format 3\0 and so on", 26)}) {
    WriteFile(directory.path(), content);
    ExpectRefusedAndUntouched(directory.path(), absl::StatusCode::kDataLoss,
                              "not an SQLite database, or damaged; move");
  }
}

TEST(LedgerFile, ThatIsTruncatedAnywhereIsRefusedAndLeftAlone) {
  const LedgerDirectory directory;
  FillLedger(directory.path());
  const std::string whole = ReadFile(directory.path());
  ASSERT_GT(whole.size(), 5 * 4096U);
  for (const std::size_t size : {std::size_t{1}, std::size_t{99}, std::size_t{100}, std::size_t{4096}, whole.size() / 2,
                                 whole.size() - 4096, whole.size() - 1}) {
    WriteFile(directory.path(), whole.substr(0, size));
    ExpectRefusedAndUntouched(directory.path(), absl::StatusCode::kDataLoss, "move the file away");
  }
}

TEST(LedgerFile, WithDamagedPagesIsRefusedAndLeftAlone) {
  const LedgerDirectory directory;
  FillLedger(directory.path());
  const std::string whole = ReadFile(directory.path());
  for (std::size_t page = 1; page < whole.size() / 4096; ++page) {
    std::string damaged = whole;
    damaged.replace(page * 4096, 64, std::string(64, '\x5a'));
    WriteFile(directory.path(), damaged);
    ExpectRefusedAndUntouched(directory.path(), absl::StatusCode::kDataLoss, "move the file away");
  }
}

TEST(LedgerFile, ThatWasEmptiedBesideItsJournalIsRefusedAndLeftAlone) {
  const LedgerDirectory directory;
  WriteFile(directory.path(), "");
  WriteFile(directory.path() + "-wal", "what was acknowledged");
  ExpectRefusedAndUntouched(directory.path(), absl::StatusCode::kDataLoss, "its journal");
}

TEST(LedgerFile, ThatIsEmptyIsANewLedger) {
  const LedgerDirectory directory;
  WriteFile(directory.path(), "");
  EXPECT_TRUE(OpenLedger(directory.path()).ok());
}

TEST(LedgerFile, FromANewerProgramIsRefusedAndLeftAlone) {
  const LedgerDirectory directory;
  FillLedger(directory.path());
  Execute(directory.path(), "PRAGMA user_version = 99");
  ExpectRefusedAndUntouched(directory.path(), absl::StatusCode::kFailedPrecondition, "newer hypertierd (schema 99");
}

TEST(LedgerFile, WhoseJournalSaysThatItIsNewerIsRefusedAndLeftAlone) {
  const LedgerDirectory directory;
  FillLedger(directory.path());
  const std::string old_file = ReadFile(directory.path());
  // A newer program that was killed before its journal went back into the file: the journal alone tells.
  const std::string crashed = (directory.directory() / "crashed.sqlite").string();
  WriteFile(crashed, old_file);
  sqlite3* newer = nullptr;
  ASSERT_EQ(sqlite3_open(crashed.c_str(), &newer), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(newer, "PRAGMA user_version = 99", nullptr, nullptr, nullptr), SQLITE_OK);
  WriteFile(directory.path(), ReadFile(crashed));
  WriteFile(directory.path() + "-wal", ReadFile(crashed + "-wal"));
  sqlite3_close(newer);
  ASSERT_TRUE(ReadFile(directory.path()) == old_file);
  ExpectRefusedAndUntouched(directory.path(), absl::StatusCode::kFailedPrecondition, "newer hypertierd (schema 99");
}

TEST(LedgerFile, OfAnotherProgramIsRefusedAndLeftAlone) {
  const LedgerDirectory directory;
  Execute(directory.path(), "PRAGMA application_id = 1234; PRAGMA user_version = 1; CREATE TABLE t (x)");
  ExpectRefusedAndUntouched(directory.path(), absl::StatusCode::kFailedPrecondition, "belongs to another program");
  std::filesystem::remove(directory.path());
  Execute(directory.path(), "CREATE TABLE t (x)");
  ExpectRefusedAndUntouched(directory.path(), absl::StatusCode::kFailedPrecondition, "belongs to another program");
}

TEST(LedgerFile, ThatIsADirectoryOrInNoneIsRefused) {
  const LedgerDirectory directory;
  EXPECT_EQ(OpenLedger(directory.directory().string()).status().code(), absl::StatusCode::kInvalidArgument);
  const auto missing = OpenLedger((directory.directory() / "none" / "ledger.sqlite").string());
  EXPECT_EQ(missing.status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_THAT(ToString(missing.status().message()), HasSubstr("directory must exist"));
}

// Runs in a process without root's rights, to which read-only means something.
int OpenUnprivileged(const std::string& path) {
  const pid_t child = fork();
  if (child == 0) {
    if (getuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0)) _exit(100);
    _exit(static_cast<int>(OpenLedger(path).status().code()));
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(LedgerFile, ThatCannotBeWrittenIsAnErrorAtOpening) {
  const LedgerDirectory directory;
  ASSERT_EQ(chmod(directory.directory().c_str(), 0555), 0);
  EXPECT_EQ(OpenUnprivileged(directory.path()), static_cast<int>(absl::StatusCode::kPermissionDenied));
  ASSERT_EQ(chmod(directory.directory().c_str(), 0755), 0);
  FillLedger(directory.path());
  ASSERT_EQ(chmod(directory.path().c_str(), 0444), 0);
  ASSERT_EQ(chmod(directory.directory().c_str(), 0555), 0);
  EXPECT_EQ(OpenUnprivileged(directory.path()), static_cast<int>(absl::StatusCode::kPermissionDenied));
  ASSERT_EQ(chmod(directory.directory().c_str(), 0777), 0);
  EXPECT_EQ(OpenUnprivileged(directory.path()), static_cast<int>(absl::StatusCode::kPermissionDenied));
}

// Adds operations until the ledger refuses one; returns how many it took.
int FillUntilRefused(Ledger& ledger, absl::Status& refused) {
  for (int i = 0; i < 100'000; ++i) {
    OperationRecord operation = Operation(std::to_string(i), absl::FromUnixSeconds(i));
    operation.state = OperationRecord::State::kFailed;
    operation.error = absl::InternalError(std::string(2000, 'x'));
    operation.ended = absl::FromUnixSeconds(i);
    refused = ledger.UpdateOperation(operation);
    if (!refused.ok()) return i;
  }
  return -1;
}

TEST(Ledger, ThatIsFullSaysSoKeepsWhatItHasAndWorksOnceThereIsRoom) {
  const LedgerDirectory directory;
  auto ledger = OpenLedger(directory.path(), {.max_pages = 64});
  ASSERT_TRUE(ledger.ok()) << ledger.status();
  absl::Status refused;
  const int stored = FillUntilRefused(**ledger, refused);
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted) << refused;
  EXPECT_THAT(ToString(refused.message()), AllOf(HasSubstr(directory.path()), HasSubstr("free space")));
  EXPECT_EQ((*ledger)->LoadOperations()->size(), static_cast<std::size_t>(stored));
  ASSERT_TRUE((*ledger)->ForgetOperations(absl::FromUnixSeconds(stored / 2)).ok());
  EXPECT_TRUE((*ledger)->SetTargets(Targets(1), nullptr, nullptr, nullptr).ok());
}

TEST(Ledger, OnAFullFileSystemSaysSoKeepsWhatItHasAndWorksOnceThereIsRoom) {
  const LedgerDirectory directory;
  // The mount goes with this process.
  if (geteuid() != 0 || unshare(CLONE_NEWNS) != 0 || mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      mount("tmpfs", directory.directory().c_str(), "tmpfs", 0, "size=512k") != 0) {
    GTEST_SKIP() << "needs the right to mount a tmpfs";
  }
  const std::string ballast = (directory.directory() / "ballast").string();
  {
    auto ledger = OpenLedger(directory.path());
    ASSERT_TRUE(ledger.ok()) << ledger.status();
    WriteFile(ballast, std::string(128 << 10, 'x'));
    absl::Status refused;
    const int stored = FillUntilRefused(**ledger, refused);
    EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted) << refused;
    EXPECT_EQ((*ledger)->LoadOperations()->size(), static_cast<std::size_t>(stored));
    std::filesystem::remove(ballast);
    EXPECT_TRUE((*ledger)->SetTargets(Targets(1), nullptr, nullptr, nullptr).ok());
    EXPECT_EQ((*ledger)->LoadOperations()->size(), static_cast<std::size_t>(stored));
  }
  EXPECT_EQ(OpenLedger(directory.path()).value()->LoadTargets()->size(), 1U);
  umount2(directory.directory().c_str(), MNT_DETACH);
}

}  // namespace
}  // namespace hypertier

// SPDX-License-Identifier: Apache-2.0
//
// What the ledger's tests share.
#pragma once

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "host-service/ledger/sqlite_ledger.h"

namespace hypertier::test {

inline constexpr char kUuid[] = "6695eb01-f6a4-8304-79aa-97f2502e193f";

// For tests that sync thousands of times: where files live in memory, if there is such a place. A killed process loses
// no more and no less there.
inline std::filesystem::path InMemoryFiles() {
  return access("/dev/shm", W_OK) == 0 ? "/dev/shm" : std::filesystem::temp_directory_path();
}

// A directory for one test, with the path of a ledger in it.
class LedgerDirectory {
 public:
  explicit LedgerDirectory(const std::filesystem::path& parent = std::filesystem::temp_directory_path()) {
    std::string pattern = (parent / "ledger-test-XXXXXX").string();
    directory_ = mkdtemp(pattern.data());
  }
  ~LedgerDirectory() { std::filesystem::remove_all(directory_); }
  LedgerDirectory(const LedgerDirectory&) = delete;
  LedgerDirectory& operator=(const LedgerDirectory&) = delete;

  const std::filesystem::path& directory() const { return directory_; }
  std::string path() const { return (directory_ / "ledger.sqlite").string(); }

 private:
  std::filesystem::path directory_;
};

inline std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

inline void WriteFile(const std::string& path, const std::string& content) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
}

// Past hypertierd, as an operator with an sqlite3 shell might.
inline void Execute(const std::string& path, const std::string& sql) {
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &database), SQLITE_OK);
  char* error = nullptr;
  EXPECT_EQ(sqlite3_exec(database, sql.c_str(), nullptr, nullptr, &error), SQLITE_OK) << error;
  sqlite3_free(error);
  sqlite3_close(database);
}

// What the audit log says was done, the newest first; `subject` empty: to anything.
inline std::vector<std::string> Actions(Ledger& ledger, const std::string& subject = "") {
  std::vector<std::string> actions;
  const std::vector<AuditRecord> records = *ledger.LoadAudit(0, SIZE_MAX, subject);
  actions.reserve(records.size());
  for (const AuditRecord& record : records) actions.push_back(record.action);
  return actions;
}

inline TargetRecord Targets(std::uint64_t generation, const std::string& uuid = kUuid) {
  return {.uuid = uuid,
          .targets = {Bytes::MiB(512), Bytes::GiB(2)},
          .generation = generation,
          .changed = absl::FromUnixNanos(1'700'000'000'123'456'789)};
}

inline OperationRecord Operation(const std::string& id, absl::Time created) {
  return {.id = id,
          .uuid = kUuid,
          .state = OperationRecord::State::kRunning,
          .targets = {Bytes::MiB(512), std::nullopt},
          .start = {Bytes::GiB(1), Bytes::GiB(2)},
          .generation = 7,
          .created = created,
          .updated = created + absl::Milliseconds(1),
          .deadline = created + absl::Hours(1),
          .ended = absl::Time(),
          .error = absl::OkStatus()};
}

// Terms of every kind: bytes, percentages, not set.
inline policy::Terms SomeTerms() {
  return {{.reservation = policy::Amount::Of(Bytes::GiB(60)), .limit = policy::Amount::Percent(62.5), .shares = 0.1},
          {.reservation = policy::Amount::Percent(0), .limit = std::nullopt, .shares = std::nullopt}};
}

inline TenantRecord Tenant(const std::string& id, std::uint64_t version) {
  return {.id = id,
          .display_name = "Tenant " + id,
          .terms = SomeTerms(),
          .version = version,
          .created = absl::FromUnixNanos(1'700'000'000'000'000'001),
          .changed = absl::FromUnixNanos(1'700'000'000'000'000'002)};
}

inline VmPolicyRecord VmPolicy(std::uint64_t version, const std::string& uuid = kUuid) {
  return {.uuid = uuid,
          .policy = {.mode = policy::Mode::kStatic, .qos_class = "gold", .terms = SomeTerms()},
          .version = version,
          .changed = absl::FromUnixNanos(1'700'000'000'000'000'003)};
}

inline MaintenanceRecord Maintenance(const std::string& reason) {
  return {.reason = reason, .actor = "uid 0 pid 123", .began = absl::FromUnixNanos(1'700'000'000'000'000'005)};
}

inline AuditRecord Audit(const std::string& action, const std::string& subject) {
  return {.sequence = 0,
          .time = absl::FromUnixNanos(1'700'000'000'000'000'004),
          .actor = "uid 0 pid 123",
          .action = action,
          .subject = subject,
          .detail = "fmem.shares: 1 -> 2"};
}

}  // namespace hypertier::test

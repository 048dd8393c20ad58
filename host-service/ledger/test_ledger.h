// SPDX-License-Identifier: Apache-2.0
//
// What the ledger's tests share.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "host-service/ledger/sqlite_ledger.h"

namespace hypertier::test {

inline constexpr char kUuid[] = "6695eb01-f6a4-8304-79aa-97f2502e193f";

// A directory for one test, with the path of a ledger in it.
class LedgerDirectory {
 public:
  LedgerDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "ledger-test-XXXXXX").string();
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

}  // namespace hypertier::test

// SPDX-License-Identifier: Apache-2.0
//
// SQLite's C API with owners and values for errors. Nothing here knows what is stored.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

struct sqlite3;
struct sqlite3_stmt;

namespace hypertier::sqlite {

class Database;

// One prepared statement. Parameters and columns hold what SQLite holds: signed 64-bit integers, doubles, text, or
// null.
// Must not outlive its Database.
class Statement {
 public:
  // Parameters are numbered from 1, as in the SQL text. A bind that fails is remembered and reported by the next
  // Step().
  Statement& Bind(int index, std::int64_t value);
  // SQLite takes NaN for null.
  Statement& Bind(int index, double value);
  Statement& Bind(int index, std::string_view value);
  Statement& BindNull(int index);

  // True: there is a row to read. False: done; the statement is then ready to be bound and run again.
  absl::StatusOr<bool> Step();
  // For statements without rows.
  absl::Status Run();
  // Abandons the rows that have not been read.
  void Reset();

  // Columns are numbered from 0, and are those of the row that the last Step() found.
  bool IsNull(int column) const;
  std::int64_t Integer(int column) const;
  double Real(int column) const;
  std::string Text(int column) const;

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  Statement(const Database* database, sqlite3_stmt* statement) : database_(database), statement_(statement) {}

  const Database* database_;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  int bind_error_ = 0;
};

// One connection, for one thread at a time.
class Database {
 public:
  // Opens or creates `path` (":memory:": private and volatile). Reads nothing yet: a file that is no database shows at
  // first use.
  static absl::StatusOr<std::unique_ptr<Database>> Open(const std::string& path, absl::Duration busy_timeout);

  // Statements without parameters and rows, separated by semicolons.
  absl::Status Execute(const std::string& sql);
  absl::StatusOr<Statement> Prepare(std::string_view sql);
  // First column of the first row of a query that has one; used for PRAGMAs.
  absl::StatusOr<std::int64_t> QueryInteger(std::string_view sql);
  absl::StatusOr<std::string> QueryText(std::string_view sql);

  // SQLite opens a file that it may not write for reading, and would fail only at the first change.
  absl::Status CheckWritable() const;

  // Whether the last connection that closes may write the journal back into the file. On by default.
  void CheckpointOnClose(bool enable);

  bool in_transaction() const;
  const std::string& path() const { return path_; }

  // The status for an SQLite result code of this connection: which file, what is wrong, what to do.
  absl::Status Error(int code) const;

 private:
  struct Close {
    void operator()(sqlite3* handle) const;
  };
  Database(std::string path, sqlite3* handle) : path_(std::move(path)), handle_(handle) {}

  std::string path_;
  std::unique_ptr<sqlite3, Close> handle_;
};

// A write transaction: begun at once (so that it waits for the lock here and nowhere else), rolled back unless
// committed.
class Transaction {
 public:
  static absl::StatusOr<Transaction> Begin(Database& database);
  Transaction(Transaction&& other) noexcept : database_(other.database_) { other.database_ = nullptr; }
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();

  // OK: it is on disk.
  absl::Status Commit();

 private:
  explicit Transaction(Database& database) : database_(&database) {}
  Database* database_;
};

}  // namespace hypertier::sqlite

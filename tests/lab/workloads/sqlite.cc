// SPDX-License-Identifier: Apache-2.0
// SQLite in memory, as Debian ships it: rows looked up and now and then changed, by key. Each thread has a database of
// its own, since one in memory cannot be shared.
#include <sqlite3.h>

#include <vector>

#include "tests/lab/workloads/workload.h"

namespace {

constexpr uint64_t kPiece = 64;   // statements between two looks at the queue
constexpr uint64_t kUpdates = 8;  // one statement in so many changes its row
// Of a row's payload. Three rows fit a page of SQLite's, which is 4 KiB.
constexpr int kPayload = 1000;
constexpr uint64_t kBytesARow = 1400;

class Database {
 public:
  Database() { Check(sqlite3_open(":memory:", &connection_)); }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  void Fill(uint64_t rows) {
    Execute("CREATE TABLE t (id INTEGER PRIMARY KEY, changes INTEGER, payload BLOB); BEGIN");
    sqlite3_stmt* const insert = Prepare("INSERT INTO t VALUES (?, 0, zeroblob(?))");
    for (uint64_t row = 0; row < rows; row++) {
      Check(sqlite3_bind_int64(insert, 1, static_cast<sqlite3_int64>(row)));
      Check(sqlite3_bind_int(insert, 2, kPayload));
      Step(insert);
    }
    sqlite3_finalize(insert);
    Execute("COMMIT");
    select_ = Prepare("SELECT payload FROM t WHERE id = ?");
    update_ = Prepare("UPDATE t SET changes = changes + 1 WHERE id = ?");
  }

  // The sum of the row's payload, as a program would read it.
  uint64_t Read(uint64_t row) {
    Check(sqlite3_bind_int64(select_, 1, static_cast<sqlite3_int64>(row)));
    if (sqlite3_step(select_) != SQLITE_ROW) lab::Fail("SQLite has lost a row");
    const auto* const bytes = static_cast<const unsigned char*>(sqlite3_column_blob(select_, 0));
    uint64_t sum = 0;
    for (int i = 0; i < sqlite3_column_bytes(select_, 0); i++) sum += bytes[i];
    sqlite3_reset(select_);
    return sum;
  }

  void Change(uint64_t row) {
    Check(sqlite3_bind_int64(update_, 1, static_cast<sqlite3_int64>(row)));
    Step(update_);
    changes_++;
  }

  // Whether all changes are there.
  bool Right() {
    sqlite3_stmt* const sum = Prepare("SELECT sum(changes) FROM t");
    const bool right =
        sqlite3_step(sum) == SQLITE_ROW && static_cast<uint64_t>(sqlite3_column_int64(sum, 0)) == changes_;
    sqlite3_finalize(sum);
    return right;
  }

 private:
  static void Check(int status) {
    if (status != SQLITE_OK) lab::Fail(std::string("SQLite: ") + sqlite3_errstr(status));
  }

  static void Step(sqlite3_stmt* statement) {
    const int status = sqlite3_step(statement);
    if (status != SQLITE_DONE) Check(status);
    sqlite3_reset(statement);
  }

  void Execute(const char* script) { Check(sqlite3_exec(connection_, script, nullptr, nullptr, nullptr)); }

  sqlite3_stmt* Prepare(const char* text) {
    sqlite3_stmt* statement = nullptr;
    Check(sqlite3_prepare_v2(connection_, text, -1, &statement, nullptr));
    return statement;
  }

  sqlite3* connection_ = nullptr;
  sqlite3_stmt* select_ = nullptr;
  sqlite3_stmt* update_ = nullptr;
  uint64_t changes_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  lab::Workload work(argc, argv, "sqlite", "SQLite in memory; popular rows are neighbours by the --block.");
  const uint64_t bytes = work.Size("bytes", 96 << 20, 1 << 20);
  const uint64_t statements = work.Size("statements", 48 << 10, 4096);
  const uint64_t block = work.options.Number("block", 64);
  const double skew = work.options.Fraction("skew", 0.99);
  work.options.CheckAll();

  const auto blocks = static_cast<uint32_t>(bytes / work.team.threads() / kBytesARow / block);
  if (blocks == 0) lab::Fail("--bytes is too small for one --block of rows a thread");
  // Without the two locks that threads would else share; each has a connection of its own.
  sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  sqlite3_config(SQLITE_CONFIG_MULTITHREAD);
  std::vector<Database> databases(work.team.threads());
  work.team.Run([&](unsigned thread) { databases[thread].Fill(blocks * block); });
  const lab::Zipf zipf(blocks, skew);
  const std::vector<uint32_t> order = lab::Shuffled(blocks, work.seed);
  const uint64_t pieces = (statements + kPiece - 1) / kPiece;
  const auto run = [&](uint64_t pass) {
    work.team.ForEach(pieces, [&](unsigned thread, uint64_t piece) {
      lab::Random random(work.seed, pass * pieces + piece);
      for (uint64_t i = 0; i < kPiece; i++) {
        const uint64_t row = order[zipf.Draw(random)] * block + random.Below(block);
        if (i % kUpdates == 0) {
          databases[thread].Change(row);
        } else if (databases[thread].Read(row) != 0) {
          lab::Fail("SQLite has changed a payload");
        }
      }
    });
  };
  if (work.verify) {
    run(0);
    bool right = true;
    for (Database& database : databases) right = database.Right() && right;
    return work.Verified(right, "changes were lost");
  }
  work.Measure(run);
  return work.Report(work.passes() * pieces * kPiece);
}

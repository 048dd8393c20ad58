// SPDX-License-Identifier: Apache-2.0
// Key-value transactions in memory, in silo's pattern: optimistic, versions checked at commit. Reports latency in
// modelled time.
#include <algorithm>
#include <atomic>
#include <cstring>
#include <vector>

#include "tests/lab/workloads/histogram.h"
#include "tests/lab/workloads/workload.h"

namespace {

constexpr uint64_t kPiece = 64;  // transactions between two looks at the queue
constexpr uint64_t kLocked = 1;  // of a version
constexpr int kWords = 13;       // of a value: with the version, and with the index's entry, two cache lines a row

// A sequence lock: readers copy the words and then check that the version has not moved. Words are loaded with acquire
// and stored with release, so that no copy of one is on the wrong side of the version.
struct Row {
  std::atomic<uint64_t> version;
  std::atomic<uint64_t> words[kWords];
};

// A hash index with open addressing, filled once.
class Table {
 public:
  explicit Table(uint64_t rows) : rows_(lab::Allocate<Row>(rows)), count_(rows) {
    while (buckets_ < rows * 2) buckets_ *= 2;
    index_ = lab::Allocate<uint32_t>(buckets_);
    for (uint64_t key = 0; key < rows; key++) {
      uint64_t at = lab::Mix(key);
      while (index_[at % buckets_] != 0) at++;
      index_[at % buckets_] = static_cast<uint32_t>(key + 1);
      for (auto& word : rows_[key].words) word = 1000;
    }
  }

  static constexpr uint64_t kBytesARow = sizeof(Row) + 3 * sizeof(uint32_t);

  Row* Find(uint64_t key) {
    for (uint64_t at = lab::Mix(key);; at++) {
      if (index_[at % buckets_] == key + 1) return &rows_[key];
    }
  }

  uint64_t Sum() const {
    uint64_t sum = 0;
    for (uint64_t i = 0; i < count_; i++) {
      for (const auto& word : rows_[i].words) sum += word;
    }
    return sum;
  }

  uint64_t count() const { return count_; }

 private:
  Row* rows_;
  uint64_t count_, buckets_ = 1;
  uint32_t* index_ = nullptr;
};

// One transaction: rows read, rows changed, all or nothing.
class Transaction {
 public:
  void Begin() { reads_.clear(), writes_.clear(); }

  // A consistent copy of the row.
  void Read(Row* row, uint64_t (&value)[kWords]) {
    uint64_t version;
    do {
      while ((version = row->version.load(std::memory_order_acquire)) & kLocked) sched_yield();
      for (int i = 0; i < kWords; i++) value[i] = row->words[i].load(std::memory_order_acquire);
    } while (row->version.load(std::memory_order_relaxed) != version);
    reads_.push_back({row, version});
  }

  // The row will get this value; it must have been read, and be written once only.
  void Write(Row* row, const uint64_t (&value)[kWords]) {
    writes_.emplace_back();
    writes_.back().row = row;
    std::memcpy(writes_.back().value, value, sizeof(value));
  }

  // False if another transaction came between.
  bool Commit() {
    // Locked in the order of addresses, so that no two wait for each other.
    std::sort(writes_.begin(), writes_.end(), [](const auto& a, const auto& b) { return a.row < b.row; });
    for (const Change& change : writes_) Lock(change.row);
    const bool valid = std::all_of(reads_.begin(), reads_.end(), [&](const Seen& seen) {
      const uint64_t version = seen.row->version.load(std::memory_order_acquire);
      return version == seen.version || (version == (seen.version | kLocked) && Changes(seen.row));
    });
    for (const Change& change : writes_) {
      const uint64_t version = change.row->version.load(std::memory_order_relaxed);
      for (int i = 0; valid && i < kWords; i++) {
        change.row->words[i].store(change.value[i], std::memory_order_release);
      }
      change.row->version.store((version & ~kLocked) + (valid ? 2 : 0), std::memory_order_release);
    }
    return valid;
  }

 private:
  struct Seen {
    Row* row;
    uint64_t version;
  };
  struct Change {
    Row* row;
    uint64_t value[kWords];
  };

  static void Lock(Row* row) {
    uint64_t version = row->version.load(std::memory_order_relaxed) & ~kLocked;
    while (!row->version.compare_exchange_weak(version, version | kLocked, std::memory_order_acquire)) {
      version &= ~kLocked;
      sched_yield();
    }
  }

  bool Changes(const Row* row) const {
    return std::any_of(writes_.begin(), writes_.end(), [&](const Change& change) { return change.row == row; });
  }

  std::vector<Seen> reads_;
  std::vector<Change> writes_;
};

struct alignas(64) Worker {
  Transaction transaction;
  lab::Histogram latencies;
  uint64_t aborts = 0;
};

// Reads `rows` rows and moves an amount between two of them. Repeats until it commits.
void Transfer(Table& table, Worker& worker, const std::vector<uint64_t>& keys, lab::Random& random) {
  uint64_t first[kWords], last[kWords], other[kWords];
  const uint64_t amount = random.Below(10);
  for (;; worker.aborts++) {
    worker.transaction.Begin();
    Row* const from = table.Find(keys.front());
    Row* const to = table.Find(keys.back());
    worker.transaction.Read(from, first);
    for (size_t i = 1; i + 1 < keys.size(); i++) worker.transaction.Read(table.Find(keys[i]), other);
    if (from != to) {
      worker.transaction.Read(to, last);
      first[0] -= amount;
      last[0] += amount;
      worker.transaction.Write(from, first);
      worker.transaction.Write(to, last);
    }
    if (worker.transaction.Commit()) return;
  }
}

}  // namespace

int main(int argc, char** argv) {
  lab::Workload work(argc, argv, "oltp", "Key-value transactions; popular keys are neighbours by the --block.");
  const uint64_t bytes = work.Size("bytes", 128 << 20, 64 << 10);
  const uint64_t transactions = work.Size("transactions", 128 << 10, 64 << 10);
  const uint64_t rows = work.options.Number("rows", 10, 2);
  const uint64_t block = work.Size("block", 1024, 16);
  const double skew = work.options.Fraction("skew", 0.99);
  work.options.CheckAll();

  const auto blocks = static_cast<uint32_t>(bytes / Table::kBytesARow / block);
  if (blocks == 0) lab::Fail("--bytes is too small for one --block of rows");
  Table table(blocks * block);
  const lab::Zipf zipf(blocks, skew);
  const std::vector<uint32_t> order = lab::Shuffled(blocks, work.seed);
  std::vector<Worker> workers(work.team.threads());
  const uint64_t pieces = (transactions + kPiece - 1) / kPiece;
  const auto run = [&](uint64_t pass) {
    work.team.ForEach(pieces, [&](unsigned thread, uint64_t piece) {
      lab::Random random(work.seed, pass * pieces + piece);
      std::vector<uint64_t> keys(rows);
      for (uint64_t i = 0; i < kPiece; i++) {
        for (uint64_t& key : keys) key = order[zipf.Draw(random)] * block + random.Below(block);
        const uint64_t start = work.model.Nanoseconds(lab::Team::Cpu(thread));
        Transfer(table, workers[thread], keys, random);
        const uint64_t end = work.model.Nanoseconds(lab::Team::Cpu(thread));
        if (work.measuring()) workers[thread].latencies.Add(end - start);
      }
    });
  };
  if (work.verify) {
    run(0);
    return work.Verified(table.Sum() == table.count() * kWords * 1000, "money was made or lost");
  }
  work.Measure(run);
  lab::Histogram all;
  uint64_t aborts = 0;
  for (const Worker& worker : workers) {
    all.Add(worker.latencies);
    aborts += worker.aborts;
  }
  for (const auto& [name, share] : {std::pair{"p50", 0.5}, {"p90", 0.9}, {"p95", 0.95}, {"p99", 0.99}}) {
    work.Add(std::string(name) + "_ns", static_cast<double>(all.Percentile(share)));
  }
  work.Add("aborts", static_cast<double>(aborts));
  return work.Report(work.passes() * pieces * kPiece);
}

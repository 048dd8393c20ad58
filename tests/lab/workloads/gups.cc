// SPDX-License-Identifier: Apache-2.0
// Random updates of a table, in the manner of HPCC RandomAccess, with a choice of where they fall.
#include <algorithm>
#include <atomic>

#include "tests/lab/workloads/workload.h"

namespace {

constexpr uint64_t kPiece = 4096;  // updates between two looks at the queue

// Where in the table the next update falls.
class Pattern {
 public:
  Pattern(lab::Workload& work, uint64_t words)
      : words_(words),
        name_(work.options.Text("pattern", "hot")),
        hot_words_(std::clamp<uint64_t>(work.options.Number("hot-bytes", words * 8 / 10) / 8, 1, words)),
        hot_share_(static_cast<uint64_t>(work.options.Fraction("hot-share", 0.9) * 0x1p32)),
        moves_(work.options.Number("moves", 4)),
        block_words_(std::min(words, work.options.Number("block", 64 << 10, 8) / 8)),
        zipf_(static_cast<uint32_t>(words / block_words_), 0.99),
        order_(lab::Shuffled(static_cast<uint32_t>(words / block_words_), work.seed)) {
    if (name_ != "uniform" && name_ != "hot" && name_ != "zipf" && name_ != "moving") {
      lab::Fail("--pattern " + name_ + ": one of uniform, hot, zipf, moving is needed");
    }
    // At the end, where a first-touch placement finds the fast tier full.
    Move(0);
  }

  bool moving() const { return name_ == "moving"; }
  uint64_t phases() const { return moving() ? moves_ : 1; }

  // Puts the hot set to its place of a phase: from the table's end, backwards, by its own size.
  void Move(uint64_t phase) {
    const uint64_t places = std::max<uint64_t>(1, words_ / hot_words_);
    hot_start_ = words_ - hot_words_ * (1 + phase % places);
  }

  uint64_t Draw(lab::Random& random) const {
    if (name_[0] == 'u') return random.Below(words_);
    if (name_[0] == 'z') return order_[zipf_.Draw(random)] * block_words_ + random.Below(block_words_);
    if ((random.Next() >> 32) < hot_share_) return hot_start_ + random.Below(hot_words_);
    return random.Below(words_);
  }

  bool InHotSet(uint64_t word) const { return word >= hot_start_ && word < hot_start_ + hot_words_; }

 private:
  uint64_t words_;
  std::string name_;
  uint64_t hot_words_, hot_share_, moves_, block_words_;
  uint64_t hot_start_ = 0;
  lab::Zipf zipf_;
  std::vector<uint32_t> order_;
};

// Two threads may update the same word at once and lose an update; HPCC allows one in a hundred, so verification does
// too.
void Update(uint64_t* table, const Pattern& pattern, uint64_t seed, uint64_t piece, uint64_t updates) {
  lab::Random random(seed, piece);
  for (uint64_t i = 0; i < updates; i++) {
    const uint64_t word = pattern.Draw(random);
    std::atomic_ref<uint64_t> entry(table[word]);
    entry.store(entry.load(std::memory_order_relaxed) ^ lab::Mix(word + piece), std::memory_order_relaxed);
  }
}

}  // namespace

int main(int argc, char** argv) {
  lab::Workload work(argc, argv, "gups", "Random updates of a table.");
  const uint64_t words = work.Size("bytes", 128 << 20, 1 << 20) / 8;
  const uint64_t updates = work.Size("updates", 8 << 20, 1 << 18);
  Pattern pattern(work, words);
  work.options.CheckAll();

  uint64_t* const table = lab::Allocate<uint64_t>(words);
  for (uint64_t i = 0; i < words; i++) table[i] = i;
  const uint64_t pieces = std::max<uint64_t>(1, updates / kPiece / pattern.phases());
  const auto run = [&](uint64_t pass) {
    for (uint64_t phase = 0; phase < pattern.phases(); phase++) {
      pattern.Move(phase);
      const uint64_t first = (pass * pattern.phases() + phase) * pieces;
      work.team.ForEach(pieces,
                        [&](unsigned, uint64_t piece) { Update(table, pattern, work.seed, first + piece, kPiece); });
    }
  };
  if (work.verify) {
    // The same updates once more, in another order, undo themselves.
    run(0);
    run(0);
    uint64_t wrong = 0;
    for (uint64_t i = 0; i < words; i++) wrong += table[i] != i;
    return work.Verified(wrong <= words / 100, std::to_string(wrong) + " words are wrong");
  }
  work.Measure(run);
  return work.Report(work.passes() * pattern.phases() * pieces * kPiece);
}

// SPDX-License-Identifier: Apache-2.0
// Sparse linear training: logistic regression by stochastic gradient descent, without locks, on made-up data. The
// weights of popular features are hot; the examples stream by.
#include <algorithm>
#include <atomic>
#include <cmath>

#include "tests/lab/workloads/workload.h"

namespace {

constexpr uint64_t kPiece = 128;      // examples between two looks at the queue
constexpr uint64_t kFeatures = 32;    // of an example
constexpr uint64_t kGroupWords = 64;  // features of equal popularity: what Zipf draws

struct Example {
  uint32_t features[kFeatures];
  float label;  // 1 or -1
};

float True(uint32_t feature) {
  return static_cast<float>(static_cast<int64_t>(lab::Mix(feature)) >> 40) * 0x1p-23f;
}

class Training {
 public:
  Training(lab::Workload& work, uint64_t examples, uint64_t features)
      : examples_(lab::Allocate<Example>(examples)), weights_(lab::Allocate<float>(features)), count_(examples) {
    const auto groups = static_cast<uint32_t>(features / kGroupWords);
    const lab::Zipf zipf(groups, 0.9);
    const std::vector<uint32_t> order = lab::Shuffled(groups, work.seed);
    work.team.ForEach(Pieces(), [&](unsigned, uint64_t piece) {
      lab::Random random(work.seed, piece);
      for (uint64_t i = piece * kPiece; i < std::min(count_, (piece + 1) * kPiece); i++) {
        float sum = 0;
        for (uint32_t& feature : examples_[i].features) {
          feature = static_cast<uint32_t>(order[zipf.Draw(random)] * kGroupWords + random.Below(kGroupWords));
          sum += True(feature);
        }
        examples_[i].label = sum > 0 ? 1.0f : -1.0f;
      }
    });
  }

  // One look at each example. Threads may overwrite each other's steps: Hogwild's observation is that this does not
  // matter.
  void Epoch(lab::Team* team, float rate) {
    team->ForEach(Pieces(), [&](unsigned, uint64_t piece) {
      for (uint64_t i = piece * kPiece; i < std::min(count_, (piece + 1) * kPiece); i++) Step(examples_[i], rate);
    });
  }

  double Accuracy() const {
    uint64_t right = 0;
    for (uint64_t i = 0; i < count_; i++) right += Predict(examples_[i]) * examples_[i].label > 0;
    return static_cast<double>(right) / static_cast<double>(count_);
  }

 private:
  uint64_t Pieces() const { return (count_ + kPiece - 1) / kPiece; }

  float Predict(const Example& example) const {
    float sum = 0;
    for (const uint32_t feature : example.features) {
      sum += std::atomic_ref<float>(weights_[feature]).load(std::memory_order_relaxed);
    }
    return sum;
  }

  void Step(const Example& example, float rate) {
    const float step = rate * example.label / (1 + std::exp(example.label * Predict(example)));
    for (const uint32_t feature : example.features) {
      std::atomic_ref<float> weight(weights_[feature]);
      weight.store(weight.load(std::memory_order_relaxed) + step, std::memory_order_relaxed);
    }
  }

  Example* examples_;
  float* weights_;
  uint64_t count_;
};

}  // namespace

int main(int argc, char** argv) {
  lab::Workload work(argc, argv, "sgd", "Logistic regression on sparse data.");
  const uint64_t bytes = work.Size("bytes", 128 << 20, 2 << 20);
  const uint64_t epochs = work.Size("epochs", 1, 8);
  // Half is examples, half is weights.
  const uint64_t features = work.Size("features", bytes / 2 / sizeof(float), 4096);
  work.options.CheckAll();

  if (features < kGroupWords) lab::Fail("--features must be 64 at least");
  const uint64_t examples = std::max(kPiece, bytes / 2 / sizeof(Example));
  Training training(work, examples, features);
  const auto run = [&](uint64_t) {
    for (uint64_t i = 0; i < epochs; i++) training.Epoch(&work.team, 0.1f);
  };
  if (work.verify) {
    run(0);
    return work.Verified(training.Accuracy() > 0.9, "accuracy is only " + std::to_string(training.Accuracy()));
  }
  work.Measure(run);
  return work.Report(work.passes() * epochs * examples);
}

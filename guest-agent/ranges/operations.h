// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "guest-agent/ranges/classifier.h"

namespace hypertier::ranges {

// For tests: takes any bytes as a sequence of calls to a classifier, right and wrong ones, and checks after each what
// must hold whatever was called. The property tests and the fuzz target share it.
class Operations {
 public:
  Operations();

  // The first promise that was broken, and after how many operations.
  absl::Status Run(std::string_view bytes);

  // All plans so far: equal bytes give equal plans.
  const std::vector<Plan>& plans() const { return plans_; }

 private:
  std::uint8_t Byte();
  // An address within a few GiB of one of some interesting places.
  Address SomeAddress();
  ProcessId SomeProcess() { return {Byte() % 5u}; }

  absl::Status Step();
  absl::Status Map();
  void Ingest();
  absl::Status Survey();
  absl::Status Measure();
  absl::Status MakePlan();
  void SetRooms();

  absl::Status CheckRanges() const;
  absl::Status CheckPlan(const Plan& plan) const;
  absl::Status CheckMoves(const Plan& plan) const;
  absl::Status CheckPart(const ChunkPart& part) const;
  bool Mapped(ProcessId process, Address chunk) const;

  std::string_view rest_;
  Options options_;
  Classifier classifier_;
  Time now_{std::chrono::hours(1)};
  TierCapacity capacity_;
  bool capacity_set_ = false;
  Bytes demand_;
  std::map<ProcessId, std::vector<AddressSpan>> mappings_;
  std::vector<Plan> plans_;
};

}  // namespace hypertier::ranges

// SPDX-License-Identifier: Apache-2.0
//
// For engine_simulation_test.cc: a ledger in the middle of which hypertierd may be killed, and guests.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <utility>

#include "host-service/control/engine_harness.h"

namespace hypertier::control {

// Thrown by a fake: hypertierd is killed at this very point.
struct Killed {};

class MortalLedger : public FakeLedger {
 public:
  absl::Status SetTargets(const TargetRecord& record, const OperationRecord* begun, const OperationRecord* superseded,
                          const AuditRecord* why) override {
    MaybeDie();
    const absl::Status status = FakeLedger::SetTargets(record, begun, superseded, why);
    MaybeDie();
    return status;
  }
  absl::Status UpdateOperation(const OperationRecord& operation) override {
    MaybeDie();
    const absl::Status status = FakeLedger::UpdateOperation(operation);
    MaybeDie();
    return status;
  }
  // Calls until death; negative: immortal.
  int life = -1;

 private:
  void MaybeDie() {
    if (life > 0 && --life == 0) {
      life = -1;
      throw Killed();
    }
  }
};

// A guest with hyperflex, seen from outside. An honest one does what it is told, sooner or later.
struct Guest {
  std::string uuid;
  bool liar = false;
  bool running = false;
  bool linked = false;
  int boots = 0;
  std::uint64_t generation = 0;
  agent::v1::Report::Source source = agent::v1::Report::SOURCE_BOOT;
  PerTier<Bytes> wanted;
  PerTier<Bytes> held;
  std::deque<agent::v1::SetBalloons> inbox;
  // Every generation that this guest was ever told, with its sizes.
  std::map<std::uint64_t, std::pair<std::uint64_t, std::uint64_t>> told;
};

inline constexpr PerTier<Bytes> kCells{Bytes::GiB(1), Bytes::GiB(2)};

}  // namespace hypertier::control

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "host-service/control/effects.h"
#include "host-service/residency/residency_probe.h"

namespace hypertier::control {

struct ResidencyLoopOptions {
  // residency.period_ms
  absl::Duration period = absl::Seconds(1);
  // A VM whose measurement takes long (anonymous memory: the kernel walks its page tables) is measured so many times
  // its cost apart, which bounds the CPU that one VM can take to 1/20.
  int cost_factor = 20;
  // Threads begun with, and the most that measurements which hang can make it start.
  int threads = 1;
  int max_threads = 8;
};

// Measures every watched VM once a period, on threads of its own. One that hangs costs its thread, which is replaced;
// the others go on. A result is given to `done` on one of those threads with the time (Now::mono) at which the
// measurement began.
class ResidencyLoop : public ResidencyCommands {
 public:
  using Done =
      std::function<void(const std::string& uuid, absl::StatusOr<PerTier<Bytes>> resident, absl::Duration began)>;

  // `probe` outlives the loop, and also any measurement that hangs when the loop is destroyed: its thread is then left
  // behind.
  ResidencyLoop(ResidencyLoopOptions options, ResidencyProbe* probe, Done done);
  ~ResidencyLoop() override;

  void Watch(const domain::Description& domain) override;
  void Unwatch(const std::string& uuid) override;
  void Hurry(const std::string& uuid) override;

  // No call of `done` after it returns. Waits at most a second for measurements under way.
  void Stop();

 private:
  struct Shared;
  static void Work(std::shared_ptr<Shared> shared);

  std::shared_ptr<Shared> shared_;
};

}  // namespace hypertier::control

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "absl/status/statusor.h"
#include "host-service/confinement/confiner.h"
#include "host-service/control/effects.h"

namespace hypertier::control {

// Confines VMs one after another on a thread of its own: moving memory takes seconds, and one VM's must not hold up
// control or the measurements.
class ConfinementThread : public ConfinementCommands {
 public:
  using Done = std::function<void(const std::string& uuid, absl::StatusOr<Confinement> confined)>;

  // `done` is called on that thread. `confiner` outlives this.
  ConfinementThread(Confiner* confiner, Done done);
  ~ConfinementThread() override;

  void Confine(const domain::Description& domain, Bytes most, Bytes at_most) override;

  // No call of `done` after it returns. Waits for the step under way.
  void Stop();

 private:
  struct Wanted {
    domain::Description domain;
    Bytes most;
    Bytes at_most;
  };
  void Work();

  Confiner* const confiner_;
  const Done done_;
  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_. In the order of their UUIDs, after the one served last, so that nobody waits for ever.
  std::map<std::string, Wanted> wanted_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace hypertier::control

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "guest-agent/placement/placement.h"

namespace hypertier::agent {

// Runs placement on a thread of its own. Thread-safe.
class PlacementThread {
 public:
  explicit PlacementThread(std::unique_ptr<Placement> placement);
  // Returns when the step that is under way is done.
  ~PlacementThread();

  // The balloons are about to change: what there is to move is looked for at once.
  void Hurry();

  // Placement::LimitMoves, before the next step.
  void LimitMoves(Bytes per_second);

  // Never null.
  std::shared_ptr<const PlacementFigures> figures() const;

 private:
  void Run();

  const std::unique_ptr<Placement> placement_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  bool stop_ = false;
  bool hurry_ = false;
  std::optional<Bytes> move_limit_;
  std::shared_ptr<const PlacementFigures> figures_;
  std::thread thread_;
};

}  // namespace hypertier::agent

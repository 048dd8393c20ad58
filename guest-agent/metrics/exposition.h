// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "guest-agent/placement/figures.h"
#include "guest-agent/session/guest.h"

namespace hypertier::agent {

struct AgentFigures {
  std::string version;
  bool link_up = false;
  // Absent: the VM has no balloons.
  std::optional<BalloonFigures> balloons;
  // Null: nothing is placed.
  std::shared_ptr<const PlacementFigures> placement;
};

// In Prometheus' text format, by table.h. prometheus-cpp, which hypertierd uses, comes as shared libraries only, and
// the agent is one static binary.
std::string Expose(const AgentFigures& figures);

}  // namespace hypertier::agent

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/bytes.h"
#include "common/refusal.h"
#include "guest-agent/ranges/plan.h"

namespace hypertier::agent {

// What placement tells the host; the fields are those of PlacementReport in agent.proto.
struct PlacementFigures {
  std::string source;
  std::string source_reason;
  std::optional<double> hit_ratio;
  double access_rate = 0;
  std::vector<ranges::CurvePoint> curve;
  Bytes hot_set;
  std::uint32_t ranges = 0;
  std::uint32_t processes = 0;
  std::uint64_t samples = 0;
  std::uint64_t samples_lost = 0;
  std::uint64_t sample_period = 0;
  Bytes exchanged;
  Bytes promoted;
  Bytes demoted;
  std::uint64_t refused_pages = 0;
  // Of them, by Refusal.
  std::array<std::uint64_t, kRefusals> refusals{};
  std::uint64_t tlb_flushes = 0;
  std::uint64_t sampling_cpu_ns = 0;
  std::uint64_t classification_cpu_ns = 0;
  std::uint64_t migration_cpu_ns = 0;
  Bytes move_limit;
};

}  // namespace hypertier::agent

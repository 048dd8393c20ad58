// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "host-service/tierctl/top/line.h"

namespace hypertier::tierctl::top {

// What a bar shows, in bytes. Figures may come from guests: anything is drawn as something.
struct BarOf {
  std::uint64_t whole = 0;
  std::uint64_t charged = 0;
  // Absent: not measured, or of no interest.
  std::optional<std::uint64_t> resident;
  std::optional<std::uint64_t> target;
};

// Exactly `columns`: resident, then what is charged beyond, then the rest, and a mark where the target is.
std::string Bar(const BarOf& bar, std::size_t columns, const Glyphs& glyphs);

// In at most five columns: "17B", "512M", "1.50G", "16G".
std::string ShortSize(std::uint64_t bytes);

}  // namespace hypertier::tierctl::top

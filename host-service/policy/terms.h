// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/bytes.h"
#include "common/tier.h"

namespace hypertier::policy {

// An amount of a tier: bytes, or a share of a whole that is known later: of the host's tier for a tenant, of the cell
// for a VM.
class Amount {
 public:
  constexpr Amount() = default;
  static constexpr Amount Of(Bytes bytes) { return Amount(bytes, std::nullopt); }
  // 0 to 100.
  static constexpr Amount Percent(double percent) { return Amount(Bytes(), percent); }

  constexpr std::optional<double> percent() const { return percent_; }
  // Only without percent().
  constexpr Bytes bytes() const { return bytes_; }

  // Whole pages.
  constexpr Bytes In(Bytes whole) const { return percent_ ? PagesOf(whole, *percent_ / 100) : bytes_; }

  friend constexpr bool operator==(const Amount&, const Amount&) = default;

 private:
  constexpr Amount(Bytes bytes, std::optional<double> percent) : bytes_(bytes), percent_(percent) {}

  Bytes bytes_;
  std::optional<double> percent_;
};

// What somebody has said about one tier of a tenant or of a VM; what is absent is left to whoever has less to say
// (a VM's class, the defaults).
struct TierTerms {
  // Guaranteed.
  std::optional<Amount> reservation;
  // Never exceeded.
  std::optional<Amount> limit;
  // Weight, above 0.
  std::optional<double> shares;

  friend bool operator==(const TierTerms&, const TierTerms&) = default;
};

using Terms = PerTier<TierTerms>;

// Who decides about a VM's targets.
enum class Mode {
  // The planner, within the VM's terms.
  kAuto,
  // Whoever calls ResizeVm; the planner counts what it has and leaves it alone.
  kStatic,
};

// What somebody has said about one VM.
struct VmTerms {
  std::optional<Mode> mode;
  // Name of a class in the configuration; "": none.
  std::string qos_class;
  Terms terms;

  friend bool operator==(const VmTerms&, const VmTerms&) = default;
};

}  // namespace hypertier::policy

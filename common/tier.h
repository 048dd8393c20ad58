// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <utility>

namespace hypertier {

// The two memory tiers, in the order used everywhere: guest NUMA cell 0 is FMEM, cell 1 is SMEM.
enum class TierId : unsigned char { kFmem = 0, kSmem = 1 };

inline constexpr std::array<TierId, 2> kTiers = {TierId::kFmem, TierId::kSmem};

constexpr std::string_view TierName(TierId tier) {
  return tier == TierId::kFmem ? "fmem" : "smem";
}

// One T for each tier, indexed by TierId.
template <typename T>
class PerTier {
 public:
  constexpr PerTier() = default;
  constexpr PerTier(T fmem, T smem) : values_{std::move(fmem), std::move(smem)} {}

  constexpr T& operator[](TierId tier) { return values_[static_cast<std::size_t>(tier)]; }
  constexpr const T& operator[](TierId tier) const { return values_[static_cast<std::size_t>(tier)]; }

  constexpr T& fmem() { return values_[0]; }
  constexpr const T& fmem() const { return values_[0]; }
  constexpr T& smem() { return values_[1]; }
  constexpr const T& smem() const { return values_[1]; }

  friend constexpr bool operator==(const PerTier&, const PerTier&) = default;

 private:
  std::array<T, 2> values_{};
};

}  // namespace hypertier

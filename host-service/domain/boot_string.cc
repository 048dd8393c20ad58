// SPDX-License-Identifier: Apache-2.0
#include "host-service/domain/boot_string.h"

#include <fmt/format.h>

#include <sstream>

#include "common/text.h"

namespace hypertier::domain {

std::string FormatBootString(const PerTier<Bytes>& balloons) {
  return fmt::format("{} fmem-node=0 smem-node=1 fmem-balloon={} smem-balloon={}", kBootStringPrefix,
                     balloons.fmem().count(), balloons.smem().count());
}

std::optional<PerTier<Bytes>> ParseBootString(std::string_view text) {
  std::istringstream words{std::string(text)};
  std::string word;
  if (!(words >> word) || word != kBootStringPrefix) return std::nullopt;
  PerTier<Bytes> balloons;
  while (words >> word) {
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos) return std::nullopt;
    const std::optional<std::uint64_t> value = ParseUint64(std::string_view(word).substr(equals + 1));
    if (!value) return std::nullopt;
    for (const TierId tier : kTiers) {
      if (word.compare(0, equals, fmt::format("{}-balloon", TierName(tier))) == 0) balloons[tier] = Bytes(*value);
    }
  }
  return balloons;
}

}  // namespace hypertier::domain

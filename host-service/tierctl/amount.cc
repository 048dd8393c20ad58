// SPDX-License-Identifier: Apache-2.0
#include "host-service/tierctl/amount.h"

#include <fmt/format.h>

#include <cstdint>

#include "common/bytes.h"
#include "common/text.h"

namespace hypertier::tierctl {

absl::StatusOr<v1::TierResize> ParseAmount(v1::TierKind tier, std::string_view text) {
  const std::string_view amount = Trim(text);
  const char sign = amount.empty() ? '\0' : amount.front();
  const bool relative = sign == '+' || sign == '-';
  const absl::StatusOr<Bytes> bytes = ParseBytes(relative ? amount.substr(1) : amount);
  if (!bytes.ok()) return bytes.status();
  if (bytes->count() % kPage.count() != 0) {
    return absl::InvalidArgumentError(fmt::format("\"{}\" is not a multiple of 4 KiB", text));
  }
  v1::TierResize resize;
  resize.set_tier(tier);
  if (!relative) {
    resize.set_target_bytes(bytes->count());
    return resize;
  }
  if (bytes->count() > static_cast<std::uint64_t>(INT64_MAX)) {
    return absl::InvalidArgumentError(fmt::format("\"{}\" is too large a change", text));
  }
  const auto delta = static_cast<std::int64_t>(bytes->count());
  resize.set_delta_bytes(sign == '-' ? -delta : delta);
  return resize;
}

}  // namespace hypertier::tierctl

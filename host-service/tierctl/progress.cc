// SPDX-License-Identifier: Apache-2.0
#include "host-service/tierctl/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>

#include "common/bytes.h"
#include "common/text.h"

namespace hypertier::tierctl {
namespace {

constexpr int kBarWidth = 24;

std::string Bar(double fraction) {
  const auto filled = static_cast<std::size_t>(fraction * kBarWidth);
  return fmt::format("[{}{}]", std::string(filled, '#'), std::string(kBarWidth - filled, '-'));
}

}  // namespace

double Fraction(const v1::Operation::TierProgress& tier) {
  const auto start = static_cast<double>(tier.start_bytes());
  const auto target = static_cast<double>(tier.target_bytes());
  const auto current = static_cast<double>(tier.current_bytes());
  if (start == target) return 1;
  // fabs: no "-0 %" before a shrink has begun.
  return std::fabs(std::clamp((current - start) / (target - start), 0.0, 1.0));
}

std::string FormatProgress(const v1::Operation& operation) {
  std::string out;
  for (const auto& tier : operation.tiers()) {
    const double fraction = Fraction(tier);
    out += fmt::format("{}  {} {:3.0f}%  {} -> {}, now {}", tier.tier() == v1::TIER_KIND_FMEM ? "fmem" : "smem",
                       Bar(fraction), 100 * fraction, FormatBytes(Bytes(tier.start_bytes())),
                       FormatBytes(Bytes(tier.target_bytes())), FormatBytes(Bytes(tier.current_bytes())));
    if (tier.resident_bytes() > 0) out += fmt::format(", resident {}", FormatBytes(Bytes(tier.resident_bytes())));
    if (tier.shortfall_bytes() > 0) out += fmt::format(", short by {}", FormatBytes(Bytes(tier.shortfall_bytes())));
    out += '\n';
  }
  return out;
}

std::string StateWord(const v1::Operation& operation) {
  constexpr std::string_view kPrefix = "STATE_";
  return ToLower(v1::Operation::State_Name(operation.state()).substr(kPrefix.size()));
}

bool HasEnded(const v1::Operation& operation) {
  return operation.state() == v1::Operation::STATE_SUCCEEDED || operation.state() == v1::Operation::STATE_FAILED ||
         operation.state() == v1::Operation::STATE_CANCELLED;
}

}  // namespace hypertier::tierctl

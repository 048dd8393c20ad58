// SPDX-License-Identifier: Apache-2.0
#include "host-service/control/guest_report.h"

namespace hypertier::control {
namespace {

std::optional<TierId> ReadTier(agent::v1::Tier tier) {
  switch (tier) {
    case agent::v1::TIER_FMEM:
      return TierId::kFmem;
    case agent::v1::TIER_SMEM:
      return TierId::kSmem;
    default:
      return std::nullopt;
  }
}

GuestTierState ReadState(agent::v1::TierReport::State state) {
  switch (state) {
    case agent::v1::TierReport::STATE_IDLE:
      return GuestTierState::kIdle;
    case agent::v1::TierReport::STATE_INFLATING:
      return GuestTierState::kShrinking;
    case agent::v1::TierReport::STATE_DEFLATING:
      return GuestTierState::kGrowing;
    case agent::v1::TierReport::STATE_SHORT:
      return GuestTierState::kShort;
    default:
      return GuestTierState::kUnknown;
  }
}

GuestReport::Source ReadSource(agent::v1::Report::Source source) {
  switch (source) {
    case agent::v1::Report::SOURCE_BOOT:
      return GuestReport::Source::kBoot;
    case agent::v1::Report::SOURCE_AGENT:
      return GuestReport::Source::kAgent;
    case agent::v1::Report::SOURCE_TOTAL:
      return GuestReport::Source::kTotal;
    default:
      return GuestReport::Source::kUnknown;
  }
}

std::string ReadTransport(agent::v1::Report::Transport transport) {
  switch (transport) {
    case agent::v1::Report::TRANSPORT_REPORTING:
      return "reporting";
    case agent::v1::Report::TRANSPORT_INFLATE:
      return "inflate";
    default:
      return "";
  }
}

}  // namespace

GuestReport ReadReport(const agent::v1::Report& report, const PerTier<Bytes>& cells, std::uint64_t& implausible) {
  const auto bounded = [&implausible](std::uint64_t figure, Bytes most) {
    if (Bytes(figure) <= most) return Bytes(figure);
    ++implausible;
    return most;
  };
  GuestReport read;
  read.generation = report.generation();
  if (read.generation > kMaxGeneration) {
    ++implausible;
    read.generation = 0;
  }
  // A generation that is not believed cannot vouch for what it claims the source to be either.
  read.source = report.generation() == read.generation ? ReadSource(report.source()) : GuestReport::Source::kUnknown;
  for (const agent::v1::TierReport& tier : report.tiers()) {
    const std::optional<TierId> id = ReadTier(tier.tier());
    if (!id || read.tiers[*id]) {
      ++implausible;
      continue;
    }
    const Bytes cell = cells[*id];
    read.tiers[*id] = GuestTier{.present = bounded(tier.present_bytes(), cell),
                                .free = bounded(tier.free_bytes(), cell),
                                .balloon_target = bounded(tier.balloon_target_bytes(), cell),
                                .balloon = bounded(tier.balloon_bytes(), cell),
                                .shortfall = bounded(tier.shortfall_bytes(), cell),
                                .floor = bounded(tier.floor_bytes(), cell),
                                .state = ReadState(tier.state())};
  }
  read.oom_deflates = report.oom_deflates();
  read.oom_deflated = Bytes(report.oom_deflated_bytes());
  read.transport = ReadTransport(report.transport());
  read.broken = report.broken();
  if (report.has_memory_pressure()) read.pressure = report.memory_pressure();
  return read;
}

}  // namespace hypertier::control

// SPDX-License-Identifier: Apache-2.0
#include "host-service/channel/sanitize.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace hypertier::channel {
namespace {

using agent::v1::GuestHello;
using agent::v1::PlacementReport;
using agent::v1::Report;
using agent::v1::TierReport;

// Bounds of agent.proto.
constexpr std::size_t kVersionLimit = 64;
constexpr std::size_t kKernelLimit = 128;
constexpr std::size_t kBootIdLimit = 64;
constexpr std::size_t kSourceLimit = 32;
constexpr int kMaxCurvePoints = 16;

struct Decoded {
  char32_t point;
  // 0: the first byte begins no valid sequence.
  std::size_t length;
};

// The code point at the beginning of `text`, which is not empty. Overlong forms, surrogates and what lies beyond
// Unicode are not valid.
Decoded DecodeUtf8(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return {first, 1};
  std::size_t length = 0;
  char32_t point = 0;
  char32_t least = 0;
  if ((first & 0xe0) == 0xc0) {
    length = 2, point = first & 0x1f, least = 0x80;
  } else if ((first & 0xf0) == 0xe0) {
    length = 3, point = first & 0x0f, least = 0x800;
  } else if ((first & 0xf8) == 0xf0) {
    length = 4, point = first & 0x07, least = 0x10000;
  }
  if (length == 0 || text.size() < length) return {0, 0};
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {0, 0};
    point = (point << 6) | (byte(i) & 0x3f);
  }
  if (point < least || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) return {0, 0};
  return {point, length};
}

bool IsHarmful(char32_t point) {
  return point < 0x20 || (point >= 0x7f && point <= 0x9f)         // C0, DEL, C1
         || point == 0x61c || point == 0x200e || point == 0x200f  // marks of direction
         || (point >= 0x2028 && point <= 0x202e)                  // line and paragraph separators, embeddings
         || (point >= 0x2066 && point <= 0x2069)                  // isolates
         || point == 0xfeff || point >= 0xe0000;                  // byte order mark, tags and private planes
}

bool IsShare(double share) {
  return share >= 0 && share <= 1;  // Not so for what is not a number.
}

PlacementReport CleanPlacement(const PlacementReport& report) {
  PlacementReport clean;
  clean.set_source(Printable(report.source(), kSourceLimit));
  clean.set_source_reason(Printable(report.source_reason(), kReasonLimit));
  if (report.has_hit_ratio() && IsShare(report.hit_ratio())) clean.set_hit_ratio(report.hit_ratio());
  if (report.access_rate() >= 0 && std::isfinite(report.access_rate())) clean.set_access_rate(report.access_rate());
  std::uint64_t bytes = 0;
  double share = 0;
  for (const PlacementReport::CurvePoint& point : report.curve()) {
    if (clean.curve_size() == kMaxCurvePoints) break;
    // A curve that falls or jumps beyond 1 is none.
    if (point.fmem_bytes() < bytes || !IsShare(point.share()) || point.share() < share) {
      clean.clear_curve();
      break;
    }
    bytes = point.fmem_bytes();
    share = point.share();
    PlacementReport::CurvePoint& to = *clean.add_curve();
    to.set_fmem_bytes(bytes);
    to.set_share(share);
  }
  clean.set_hot_set_bytes(report.hot_set_bytes());
  clean.set_ranges(report.ranges());
  clean.set_processes(report.processes());
  clean.set_samples(report.samples());
  clean.set_samples_lost(report.samples_lost());
  clean.set_sample_period(report.sample_period());
  clean.set_exchanged_bytes(report.exchanged_bytes());
  clean.set_promoted_bytes(report.promoted_bytes());
  clean.set_demoted_bytes(report.demoted_bytes());
  clean.set_refused_pages(report.refused_pages());
  clean.set_tlb_flushes(report.tlb_flushes());
  clean.set_sampling_cpu_ns(report.sampling_cpu_ns());
  clean.set_classification_cpu_ns(report.classification_cpu_ns());
  clean.set_migration_cpu_ns(report.migration_cpu_ns());
  return clean;
}

}  // namespace

std::string Printable(std::string_view text, std::size_t limit) {
  std::string clean;
  while (!text.empty()) {
    const Decoded next = DecodeUtf8(text);
    const std::size_t length = std::max<std::size_t>(next.length, 1);
    std::string shown(text.substr(0, length));
    if (next.length == 0) {
      shown = fmt::format("\\x{:02x}", static_cast<unsigned char>(text[0]));
    } else if (IsHarmful(next.point)) {
      shown = fmt::format("\\u{{{:x}}}", static_cast<std::uint32_t>(next.point));
    }
    if (clean.size() + shown.size() > limit) break;
    clean += shown;
    text.remove_prefix(length);
  }
  return clean;
}

GuestHello CleanHello(const GuestHello& hello) {
  GuestHello clean;
  clean.set_version(hello.version());
  clean.set_min_version(hello.min_version());
  clean.set_max_version(hello.max_version());
  for (const agent::v1::Feature feature : {agent::v1::FEATURE_BALLOONS, agent::v1::FEATURE_PLACEMENT}) {
    if (std::ranges::find(hello.features(), feature) != hello.features().end()) clean.add_features(feature);
  }
  clean.set_agent_version(Printable(hello.agent_version(), kVersionLimit));
  clean.set_kernel_release(Printable(hello.kernel_release(), kKernelLimit));
  clean.set_boot_id(Printable(hello.boot_id(), kBootIdLimit));
  clean.set_balloons_unavailable(Printable(hello.balloons_unavailable(), kReasonLimit));
  return clean;
}

absl::StatusOr<Report> CleanReport(const Report& report) {
  Report clean;
  clean.set_generation(report.generation());
  if (Report::Source_IsValid(report.source())) clean.set_source(report.source());
  if (Report::Transport_IsValid(report.transport())) clean.set_transport(report.transport());
  clean.set_oom_deflates(report.oom_deflates());
  clean.set_oom_deflated_bytes(report.oom_deflated_bytes());
  clean.set_rediscards(report.rediscards());
  clean.set_broken(report.broken());
  for (const TierReport& tier : report.tiers()) {
    if (tier.tier() != agent::v1::TIER_FMEM && tier.tier() != agent::v1::TIER_SMEM) {
      return absl::InvalidArgumentError("a report on a tier that does not exist");
    }
    for (const TierReport& other : clean.tiers()) {
      if (other.tier() == tier.tier()) return absl::InvalidArgumentError("a report with the same tier twice");
    }
    TierReport& to = *clean.add_tiers();
    to.set_tier(tier.tier());
    to.set_node(tier.node());
    to.set_present_bytes(tier.present_bytes());
    to.set_free_bytes(tier.free_bytes());
    to.set_balloon_target_bytes(tier.balloon_target_bytes());
    to.set_balloon_bytes(tier.balloon_bytes());
    to.set_shortfall_bytes(tier.shortfall_bytes());
    if (TierReport::State_IsValid(tier.state())) to.set_state(tier.state());
    to.set_floor_bytes(tier.floor_bytes());
  }
  if (report.has_placement()) *clean.mutable_placement() = CleanPlacement(report.placement());
  return clean;
}

}  // namespace hypertier::channel

// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/hyperflex/snapshot.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/text.h"

namespace hypertier::agent {
namespace {

// Longest part of a bad line that an error repeats.
constexpr std::size_t kQuote = 60;

TierSnapshot::State StateFrom(std::string_view word) {
  using State = TierSnapshot::State;
  if (word == "idle") return State::kIdle;
  if (word == "inflating") return State::kInflating;
  if (word == "deflating") return State::kDeflating;
  if (word == "short") return State::kShort;
  return State::kUnknown;
}

Snapshot::Source SourceFrom(std::string_view word) {
  using Source = Snapshot::Source;
  if (word == "boot") return Source::kBoot;
  if (word == "agent") return Source::kAgent;
  if (word == "total") return Source::kTotal;
  return Source::kUnknown;
}

Snapshot::Transport TransportFrom(std::string_view word) {
  using Transport = Snapshot::Transport;
  if (word == "reporting") return Transport::kReporting;
  if (word == "inflate") return Transport::kInflate;
  return Transport::kUnknown;
}

bool Number(std::string_view value, std::uint64_t& out) {
  const std::optional<std::uint64_t> number = ParseUint64(value);
  if (number) out = *number;
  return number.has_value();
}

bool Size(std::string_view value, Bytes& out) {
  std::uint64_t count = 0;
  if (!Number(value, count)) return false;
  out = Bytes(count);
  return true;
}

bool Flag(std::string_view value, bool& out) {
  out = value == "1";
  return value == "0" || value == "1";
}

// These two say false when the value is malformed; an unknown key is fine.
bool SetTier(TierSnapshot& tier, std::string_view key, std::string_view value) {
  if (key == "node") {
    std::uint64_t node = 0;
    if (!Number(value, node) || node > UINT32_MAX) return false;
    tier.node = static_cast<std::uint32_t>(node);
    return true;
  }
  if (key == "present_bytes") return Size(value, tier.present);
  if (key == "free_bytes") return Size(value, tier.free);
  if (key == "balloon_target_bytes") return Size(value, tier.balloon_target);
  if (key == "balloon_bytes") return Size(value, tier.balloon);
  if (key == "shortfall_bytes") return Size(value, tier.shortfall);
  if (key == "state") tier.state = StateFrom(value);
  return true;
}

bool SetTop(Snapshot& snapshot, std::string_view key, std::string_view value) {
  if (key == "generation") return Number(value, snapshot.generation);
  if (key == "rediscards") return Number(value, snapshot.rediscards);
  if (key == "oom_deflates") return Number(value, snapshot.oom_deflates);
  if (key == "oom_deflated_bytes") return Size(value, snapshot.oom_deflated);
  if (key == "broken") return Flag(value, snapshot.broken);
  if (key == "source") snapshot.source = SourceFrom(value);
  if (key == "transport") snapshot.transport = TransportFrom(value);
  return true;
}

bool Set(Snapshot& snapshot, std::string_view key, std::string_view value) {
  const std::size_t dot = key.find('.');
  if (dot == std::string_view::npos) return SetTop(snapshot, key, value);
  for (const TierId tier : kTiers) {
    if (key.substr(0, dot) != TierName(tier)) continue;
    if (!snapshot.tiers[tier]) snapshot.tiers[tier].emplace();
    return SetTier(*snapshot.tiers[tier], key.substr(dot + 1), value);
  }
  return true;
}

}  // namespace

absl::StatusOr<Snapshot> ParseSnapshot(std::string_view text) {
  if (text.size() > kMaxSnapshot) {
    return absl::InvalidArgumentError(fmt::format("snapshot of more than {} bytes", kMaxSnapshot));
  }
  Snapshot snapshot;
  std::optional<std::uint64_t> abi;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::size_t space = line.find(' ');
    const std::string_view key = line.substr(0, space);
    const std::string_view value = space == std::string_view::npos ? "" : line.substr(space + 1);
    bool good = space != std::string_view::npos && !key.empty() && !value.empty();
    if (good && key == "abi") {
      good = (abi = ParseUint64(value)).has_value();
    } else if (good) {
      good = Set(snapshot, key, value);
    }
    if (!good) {
      return absl::InvalidArgumentError(
          fmt::format("snapshot line {}: \"{}\" is not a key and a value of its kind", number, line.substr(0, kQuote)));
    }
  }
  if (!abi) return absl::InvalidArgumentError("snapshot without \"abi\": not hyperflex's device?");
  if (*abi != kHyperflexAbi) {
    return absl::FailedPreconditionError(fmt::format(
        "hyperflex speaks ABI {}, this agent {}: install agent and module of the same release", *abi, kHyperflexAbi));
  }
  return snapshot;
}

}  // namespace hypertier::agent

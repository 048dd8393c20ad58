// SPDX-License-Identifier: Apache-2.0
#include "host-service/tierctl/terms_flags.h"

#include <fmt/format.h>

#include <string_view>

#include "common/text.h"
#include "host-service/policy/parse.h"

namespace hypertier::tierctl {
namespace {

using google::protobuf::FieldMask;

constexpr std::string_view kNone = "none";

absl::Status Named(std::string_view flag, const absl::Status& status) {
  return absl::InvalidArgumentError(fmt::format("--{}: {}, or {}", flag, ToString(status.message()), kNone));
}

v1::Amount ToProto(const policy::Amount& amount) {
  v1::Amount proto;
  if (amount.percent()) {
    proto.set_percent(*amount.percent());
  } else {
    proto.set_bytes(amount.bytes().count());
  }
  return proto;
}

// One tier's flags on their way into a message.
class TierUpdate {
 public:
  TierUpdate(TierId tier, v1::TierTerms& terms, FieldMask& mask) : tier_(tier), terms_(terms), mask_(mask) {}

  absl::Status Apply(const TierFlags& flags) {
    const auto reservation = [this](const policy::Amount& amount) { *terms_.mutable_reservation() = ToProto(amount); };
    const auto limit = [this](const policy::Amount& amount) { *terms_.mutable_limit() = ToProto(amount); };
    const auto shares = [this](double value) { terms_.set_shares(value); };
    if (absl::Status status = Set("reservation", flags.reservation, policy::ParseAmount, reservation,
                                  [this] { terms_.clear_reservation(); });
        !status.ok()) {
      return status;
    }
    if (absl::Status status = Set("limit", flags.limit, policy::ParseAmount, limit, [this] { terms_.clear_limit(); });
        !status.ok()) {
      return status;
    }
    return Set("shares", flags.shares, policy::ParseShares, shares, [this] { terms_.clear_shares(); });
  }

 private:
  template <typename Parse, typename Put, typename Clear>
  absl::Status Set(std::string_view term, const std::optional<std::string>& text, Parse parse, Put put, Clear clear) {
    if (!text) return absl::OkStatus();
    mask_.add_paths(fmt::format("{}.{}", TierName(tier_), term));
    if (Trim(*text) == kNone) {
      clear();
      return absl::OkStatus();
    }
    const auto value = parse(*text);
    if (!value.ok()) return Named(fmt::format("{}-{}", TierName(tier_), term), value.status());
    put(*value);
    return absl::OkStatus();
  }

  TierId tier_;
  v1::TierTerms& terms_;
  FieldMask& mask_;
};

// Both tiers of a Tenant or VmPolicy. What says nothing does not appear in the message.
template <typename Message>
absl::Status ApplyTerms(const TermsFlags& flags, Message& message, FieldMask& mask) {
  v1::TierTerms fmem = message.fmem();
  v1::TierTerms smem = message.smem();
  absl::Status status = Apply(flags, fmem, smem, mask);
  message.clear_fmem();
  message.clear_smem();
  if (fmem.ByteSizeLong() > 0) *message.mutable_fmem() = fmem;
  if (smem.ByteSizeLong() > 0) *message.mutable_smem() = smem;
  return status;
}

}  // namespace

absl::Status Apply(const TermsFlags& flags, v1::TierTerms& fmem, v1::TierTerms& smem, FieldMask& mask) {
  if (absl::Status status = TierUpdate(TierId::kFmem, fmem, mask).Apply(flags.fmem()); !status.ok()) return status;
  return TierUpdate(TierId::kSmem, smem, mask).Apply(flags.smem());
}

absl::Status Apply(const TenantFlags& flags, v1::Tenant& tenant, FieldMask& mask) {
  if (flags.display_name) {
    mask.add_paths("display_name");
    tenant.set_display_name(*flags.display_name);
  }
  return ApplyTerms(flags.terms, tenant, mask);
}

absl::Status Apply(const PolicyFlags& flags, v1::VmPolicy& policy, FieldMask& mask) {
  if (flags.mode) {
    mask.add_paths("mode");
    policy.set_mode(v1::POLICY_MODE_UNSPECIFIED);
    if (*flags.mode != kNone) {
      const absl::StatusOr<policy::Mode> mode = policy::ParseMode(*flags.mode);
      if (!mode.ok()) return Named("mode", mode.status());
      policy.set_mode(*mode == policy::Mode::kAuto ? v1::POLICY_MODE_AUTO : v1::POLICY_MODE_STATIC);
    }
  }
  if (flags.qos_class) {
    mask.add_paths("qos_class");
    policy.set_qos_class(*flags.qos_class == kNone ? "" : *flags.qos_class);
  }
  return ApplyTerms(flags.terms, policy, mask);
}

std::string FormatAmount(const v1::Amount& amount) {
  return policy::FormatAmount(amount.has_percent() ? policy::Amount::Percent(amount.percent())
                                                   : policy::Amount::Of(Bytes(amount.bytes())));
}

}  // namespace hypertier::tierctl

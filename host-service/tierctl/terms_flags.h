// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <google/protobuf/field_mask.pb.h>

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "common/tier.h"
#include "hypertier/v1/qos.pb.h"

namespace hypertier::tierctl {

// What is written behind --fmem-reservation, --fmem-limit and --fmem-shares, or those of smem; absent: the flag was not
// given. "none" leaves the term open.
struct TierFlags {
  std::optional<std::string> reservation;
  std::optional<std::string> limit;
  std::optional<std::string> shares;
};
using TermsFlags = PerTier<TierFlags>;

// Puts what was given into `fmem` and `smem`, and names it in `mask`; the rest stays as it is. InvalidArgument names
// the flag and what is wrong with it.
absl::Status Apply(const TermsFlags& flags, v1::TierTerms& fmem, v1::TierTerms& smem,
                   google::protobuf::FieldMask& mask);

struct TenantFlags {
  std::optional<std::string> display_name;
  TermsFlags terms;
};
absl::Status Apply(const TenantFlags& flags, v1::Tenant& tenant, google::protobuf::FieldMask& mask);

struct PolicyFlags {
  // "auto", "static" or "none".
  std::optional<std::string> mode;
  // A class's name or "none".
  std::optional<std::string> qos_class;
  TermsFlags terms;
};
absl::Status Apply(const PolicyFlags& flags, v1::VmPolicy& policy, google::protobuf::FieldMask& mask);

// For people: "2 GiB", "12.5 %".
std::string FormatAmount(const v1::Amount& amount);

}  // namespace hypertier::tierctl

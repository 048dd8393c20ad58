// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <fstream>
#include <iostream>
#include <iterator>

#include "common/text.h"
#include "host-service/tierctl/client.h"
#include "host-service/tierctl/commands.h"

namespace hypertier::tierctl {

namespace {

std::optional<policy::Amount> AmountOf(bool said, const v1::Amount& amount) {
  if (!said) return std::nullopt;
  return amount.has_percent() ? policy::Amount::Percent(amount.percent()) : policy::Amount::Of(Bytes(amount.bytes()));
}

policy::TierTerms TermsOf(const v1::TierTerms& terms) {
  policy::TierTerms read;
  read.reservation = AmountOf(terms.has_reservation(), terms.reservation());
  read.limit = AmountOf(terms.has_limit(), terms.limit());
  if (terms.has_shares()) read.shares = terms.shares();
  return read;
}

absl::Status ReadPolicy(const PolicyFlags& flags, policy::VmTerms& into) {
  v1::VmPolicy said;
  google::protobuf::FieldMask mask;
  if (absl::Status status = Apply(flags, said, mask); !status.ok()) return status;
  if (said.mode() != v1::POLICY_MODE_UNSPECIFIED) {
    into.mode = said.mode() == v1::POLICY_MODE_AUTO ? policy::Mode::kAuto : policy::Mode::kStatic;
  }
  into.qos_class = said.qos_class();
  into.terms = {TermsOf(said.fmem()), TermsOf(said.smem())};
  return absl::OkStatus();
}

}  // namespace

int DomainXml(const std::string& file, domain::ShapeOptions options, const PolicyFlags& policy) {
  if (const absl::Status status = ReadPolicy(policy, options.policy); !status.ok()) return Misused(status);
  std::ifstream opened;
  if (file != "-") {
    opened.open(file);
    if (!opened) {
      fmt::print(stderr, "tierctl: cannot read {}\n", file);
      return kNotFound;
    }
  }
  std::istream& in = file == "-" ? std::cin : opened;
  const std::string xml{std::istreambuf_iterator<char>(in), {}};
  const absl::StatusOr<std::string> shaped = domain::ShapeDomain(xml, options);
  if (!shaped.ok()) {
    fmt::print(stderr, "tierctl: {}\n", ToString(shaped.status().message()));
    return kRefused;
  }
  fmt::print("{}", *shaped);
  return kOk;
}

}  // namespace hypertier::tierctl

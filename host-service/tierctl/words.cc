// SPDX-License-Identifier: Apache-2.0
#include "host-service/tierctl/words.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>

#include "common/bytes.h"
#include "common/utf8.h"

namespace hypertier::tierctl {
namespace {

// Longer than any text of the API that is worth reading.
constexpr std::size_t kTextLimit = 4096;

}  // namespace

std::string TierWord(v1::TierKind kind) {
  return Word(v1::TierKind_Name(kind), "TIER_KIND_");
}

std::string ModeWord(v1::PolicyMode mode) {
  return mode == v1::POLICY_MODE_UNSPECIFIED ? "-" : Word(v1::PolicyMode_Name(mode), "POLICY_MODE_");
}

std::string StateWord(const v1::Vm& vm, const v1::Tier& tier) {
  std::string more;
  if (tier.compliance() == v1::COMPLIANCE_VIOLATING) more = ", violating";
  if (tier.compliance() == v1::COMPLIANCE_CONFINED) more = fmt::format(", {} confined", Size(tier.displaced_bytes()));
  if (vm.management() != v1::MANAGEMENT_MANAGED) {
    return fmt::format("{}{}", Word(v1::Management_Name(vm.management()), "MANAGEMENT_"), more);
  }
  if (tier.state() == v1::TIER_STATE_UNSPECIFIED) return fmt::format("unknown{}", more);
  std::string state = Word(v1::TierState_Name(tier.state()), "TIER_STATE_");
  if (tier.shortfall_bytes() > 0) state += fmt::format(" by {}", Size(tier.shortfall_bytes()));
  return fmt::format("{}{}", state, more);
}

std::string ProvisionerWord(v1::Provisioner provisioner) {
  switch (provisioner) {
    case v1::PROVISIONER_DOUBLE_BALLOON:
      return "double balloon";
    case v1::PROVISIONER_VIRTIO_MEM:
      return "virtio-mem";
    default:
      return "-";
  }
}

std::string PaceWord(const v1::Tier& tier) {
  return tier.has_pace_bytes_per_second() ? Size(tier.pace_bytes_per_second()) + "/s" : "-";
}

std::string Size(std::uint64_t bytes) {
  return FormatBytes(Bytes(bytes));
}

std::string Size(bool known, std::uint64_t bytes) {
  return known ? Size(bytes) : "-";
}

std::string Stamp(const google::protobuf::Timestamp& time) {
  if (time.seconds() == 0) return "-";
  return fmt::format("{:%Y-%m-%d %H:%M:%S}Z", fmt::gmtime(static_cast<std::time_t>(time.seconds())));
}

std::string Clean(std::string_view text) {
  return Printable(text, kTextLimit);
}

std::string OrDash(std::string_view text) {
  return text.empty() ? "-" : std::string(text);
}

std::string_view TenantId(std::string_view name) {
  constexpr std::string_view kPrefix = "tenants/";
  return name.starts_with(kPrefix) ? name.substr(kPrefix.size()) : name;
}

}  // namespace hypertier::tierctl

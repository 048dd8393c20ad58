// SPDX-License-Identifier: Apache-2.0
#include "host-service/domain/nova_element.h"

#include <fmt/format.h>

#include <optional>
#include <string_view>

#include "common/text.h"
#include "host-service/domain/policy_element.h"
#include "host-service/policy/parse.h"

namespace hypertier::domain {
namespace {

pugi::xml_node Child(const pugi::xml_node& node, std::string_view name) {
  return node.find_child([name](const pugi::xml_node& child) { return LocalName(child) == name; });
}

absl::StatusOr<Bytes> ParseMiB(std::string_view text) {
  const std::optional<std::uint64_t> mib = ParseUint64(text);
  if (!mib || *mib > (std::uint64_t{1} << 40)) {
    return absl::InvalidArgumentError(fmt::format("\"{}\" is no number of MiB; write e.g. 4096", text));
  }
  return Bytes::MiB(*mib);
}

absl::StatusOr<policy::Amount> ParseAmount(std::string_view text) {
  const absl::StatusOr<Bytes> bytes = ParseMiB(text);
  if (!bytes.ok()) return bytes.status();
  return policy::Amount::Of(*bytes);
}

absl::StatusOr<Bytes> ParseMoveRateInMiB(std::string_view text) {
  return CheckMoveRate(ParseMiB(text));
}

// "none": the VM is left alone, as a static one is.
absl::StatusOr<policy::Mode> ParsePolicy(std::string_view text) {
  return text == "none" ? policy::Mode::kStatic : policy::ParseMode(text);
}

class ExtraSpecs {
 public:
  ExtraSpecs(NovaInstance& instance, std::vector<std::string>& problems) : instance_(instance), problems_(problems) {}

  void Take(std::string_view key, std::string_view value) {
    policy::VmTerms& policy = instance_.policy;
    if (key == "hypertier:qos_class") policy.qos_class = std::string(value);
    Read(key, "hypertier:policy", value, ParsePolicy, policy.mode);
    Read(key, "hypertier:migrate_mbps", value, ParseMoveRateInMiB, instance_.move_rate);
    for (const TierId tier : kTiers) {
      policy::TierTerms& terms = policy.terms[tier];
      const std::string_view name = TierName(tier);
      const std::string claim = tier == TierId::kFmem ? "resources:CUSTOM_FMEM_MB" : "resources:CUSTOM_SMEM_MB";
      Read(key, claim, value, ParseAmount, terms.reservation);
      Read(key, fmt::format("hypertier:{}_max_mb", name), value, ParseAmount, terms.limit);
      Read(key, fmt::format("hypertier:{}_shares", name), value, policy::ParseShares, terms.shares);
    }
  }

 private:
  template <typename T>
  void Read(std::string_view key, std::string_view wanted, std::string_view value,
            absl::StatusOr<T> (*parse)(std::string_view), std::optional<T>& into) {
    if (key != wanted) return;
    const absl::StatusOr<T> read = parse(value);
    if (read.ok()) {
      into = *read;
    } else {
      problems_.push_back(fmt::format("flavor's extra spec {}: {}", key, ToString(read.status().message())));
    }
  }

  NovaInstance& instance_;
  std::vector<std::string>& problems_;
};

}  // namespace

NovaInstance ReadNovaInstance(const pugi::xml_node& element, std::vector<std::string>& problems) {
  NovaInstance instance;
  instance.project = Child(Child(element, "owner"), "project").attribute("uuid").as_string();
  ExtraSpecs specs(instance, problems);
  for (const pugi::xml_node spec : Child(Child(element, "flavor"), "extraSpecs").children()) {
    specs.Take(spec.attribute("name").as_string(), Trim(spec.child_value()));
  }
  return instance;
}

}  // namespace hypertier::domain

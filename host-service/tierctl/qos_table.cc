// SPDX-License-Identifier: Apache-2.0
#include "host-service/tierctl/qos_table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <initializer_list>
#include <string_view>
#include <utility>

#include "host-service/tierctl/table.h"
#include "host-service/tierctl/terms_flags.h"
#include "host-service/tierctl/words.h"

namespace hypertier::tierctl {
namespace {

using Rows = std::vector<std::vector<std::string>>;

std::string Pairs(std::initializer_list<std::pair<std::string_view, std::string>> pairs) {
  std::string out;
  for (const auto& [key, value] : pairs) out += fmt::format("  {:<13}{}\n", key, Clean(value));
  return out;
}

// Sentences, each on a line of its own.
template <typename Texts>
std::string Lines(std::string_view indent, const Texts& texts) {
  std::string out;
  for (const std::string& text : texts) out += fmt::format("{}{}\n", indent, Clean(text));
  return out;
}

std::string Id(const v1::Tenant& tenant) {
  return std::string(TenantId(tenant.name()));
}

std::string Limit(const v1::TenantTier& tier) {
  return Size(tier.has_limit_bytes(), tier.limit_bytes());
}

// "16 GiB (25 %)": what a percentage comes to, and that it is one.
std::string Resolved(const std::string& bytes, bool said, const v1::Amount& amount) {
  return said && amount.has_percent() ? fmt::format("{} ({})", bytes, FormatAmount(amount)) : bytes;
}

std::string Said(bool said, const v1::Amount& amount) {
  return said ? FormatAmount(amount) : "-";
}

std::vector<std::string> PolicyRow(std::string_view tier, const v1::TierTerms& terms) {
  return {fmt::format("  {}", tier), Said(terms.has_reservation(), terms.reservation()),
          Said(terms.has_limit(), terms.limit()), terms.has_shares() ? fmt::format("{:g}", terms.shares()) : "-"};
}

}  // namespace

std::string FormatHost(const v1::Host& host) {
  std::string out = Pairs({
      {"policy", host.policy().empty() ? "none: " + host.reason() : host.policy()},
      {"classes", OrDash(fmt::format("{}", fmt::join(host.qos_classes(), ", ")))},
  });
  if (host.has_maintenance()) {
    const v1::Maintenance& maintenance = host.maintenance();
    out += Pairs({{"maintenance", fmt::format("since {} by {}: {}", Stamp(maintenance.begin_time()),
                                              OrDash(maintenance.actor()), maintenance.reason())}});
  }
  Rows rows{{"  TIER", "CAPACITY", "RESERVED", "UNRESERVED", "TARGET", "CHARGED"}};
  for (const v1::HostTier& tier : host.tiers()) {
    rows.push_back({"  " + TierWord(tier.kind()), Size(tier.capacity_bytes()), Size(tier.reservation_bytes()),
                    Size(tier.unreserved_bytes()), Size(tier.target_bytes()), Size(tier.charged_bytes())});
  }
  out += "\n" + (host.tiers().empty() ? "  The size of its tiers is not known.\n" : FormatTable(rows, {1, 2, 3, 4, 5}));
  if (!host.problems().empty()) out += "\n  problems\n" + Lines("  ", host.problems());
  return out;
}

std::string FormatTenants(const std::vector<v1::Tenant>& tenants) {
  Rows rows{{"TENANT", "NAME", "VMS", "TIER", "RESERVATION", "LIMIT", "SHARES", "OF VMS", "TARGET", "CHARGED"}};
  std::vector<std::string> problems;
  for (const v1::Tenant& tenant : tenants) {
    const std::string name = OrDash(tenant.display_name());
    const std::string vms = std::to_string(tenant.vms());
    if (tenant.tiers().empty()) rows.push_back({Id(tenant), name, vms, "-", "-", "-", "-", "-", "-", "-"});
    for (const v1::TenantTier& tier : tenant.tiers()) {
      rows.push_back({Id(tenant), name, vms, TierWord(tier.kind()), Size(tier.reservation_bytes()), Limit(tier),
                      fmt::format("{:g}", tier.shares()), Size(tier.vms_reservation_bytes()), Size(tier.target_bytes()),
                      Size(tier.charged_bytes())});
    }
    for (const std::string& problem : tenant.problems()) problems.push_back(Id(tenant) + ": " + problem);
  }
  return FormatTable(rows, {2, 4, 5, 6, 7, 8, 9}) + (problems.empty() ? "" : "\n" + Lines("", problems));
}

std::string FormatTenant(const v1::Tenant& tenant) {
  std::string out = Clean(fmt::format("{}  {}", TenantId(tenant.name()), tenant.display_name())) + "\n";
  if (tenant.etag().empty()) {
    out += "  has no terms; VMs name it\n";
  } else {
    out += Pairs(
        {{"created", Stamp(tenant.create_time())}, {"changed", Stamp(tenant.update_time())}, {"etag", tenant.etag()}});
  }
  out += Pairs({{"vms", std::to_string(tenant.vms())}});
  Rows rows{{"  TIER", "RESERVATION", "LIMIT", "SHARES", "OF VMS", "TARGET", "CHARGED"}};
  for (const v1::TenantTier& tier : tenant.tiers()) {
    const v1::TierTerms& terms = tier.kind() == v1::TIER_KIND_FMEM ? tenant.fmem() : tenant.smem();
    rows.push_back({"  " + TierWord(tier.kind()),
                    Resolved(Size(tier.reservation_bytes()), terms.has_reservation(), terms.reservation()),
                    Resolved(Limit(tier), terms.has_limit(), terms.limit()), fmt::format("{:g}", tier.shares()),
                    Size(tier.vms_reservation_bytes()), Size(tier.target_bytes()), Size(tier.charged_bytes())});
  }
  if (!tenant.tiers().empty()) out += "\n" + FormatTable(rows, {1, 2, 3, 4, 5, 6});
  if (!tenant.problems().empty()) out += "\n  problems\n" + Lines("  ", tenant.problems());
  return out;
}

std::string FormatPolicy(const v1::VmPolicy& policy) {
  std::string out = Clean(policy.name()) + "\n";
  if (policy.etag().empty()) return out + "  nothing was said: metadata, class and defaults hold\n";
  out += Pairs({{"mode", ModeWord(policy.mode())},
                {"class", OrDash(policy.qos_class())},
                {"changed", Stamp(policy.update_time())},
                {"etag", policy.etag()}});
  return out + "\n" +
         FormatTable({{"  TIER", "RESERVATION", "LIMIT", "SHARES"},
                      PolicyRow("fmem", policy.fmem()),
                      PolicyRow("smem", policy.smem())},
                     {1, 2, 3});
}

std::string FormatAdmission(const v1::CheckAdmissionResponse& admission) {
  const std::string said = admission.admitted() ? "admitted\n" : Lines("", admission.reasons());
  return said + fmt::format("Unreserved on this host: {} of fmem, {} of smem.\n",
                            Size(admission.unreserved_fmem_bytes()), Size(admission.unreserved_smem_bytes()));
}

std::string FormatPreview(const v1::PlanPreviewResponse& preview) {
  if (preview.vms().empty()) return "No target would change.\n";
  Rows rows{{"VM", "TENANT", "TIER", "TARGET", "NEXT", "AIM", "REASON"}};
  for (const v1::PlannedVm& vm : preview.vms()) {
    for (const v1::PlannedTier& tier : vm.tiers()) {
      rows.push_back({vm.display_name(), OrDash(vm.tenant()), TierWord(tier.kind()), Size(tier.target_bytes()),
                      Size(tier.next_target_bytes()), Size(tier.aim_bytes()), tier.reason()});
    }
  }
  return FormatTable(rows, {3, 4, 5});
}

std::string FormatExplanation(const v1::ExplainVmResponse& explanation) {
  Rows rows{{"TIER", "TARGET", "NEXT", "AIM", "CLAIM", "DEMAND", "CHARGED", "REASON"}};
  for (const v1::PlannedTier& tier : explanation.vm().tiers()) {
    rows.push_back({TierWord(tier.kind()), Size(tier.target_bytes()), Size(tier.next_target_bytes()),
                    Size(tier.aim_bytes()), Size(tier.claim_bytes()), Size(tier.demand_bytes()),
                    Size(tier.charged_bytes()), tier.reason()});
  }
  return Lines("", explanation.sentences()) + "\n" + FormatTable(rows, {1, 2, 3, 4, 5, 6});
}

std::string FormatAudit(const v1::ListAuditRecordsResponse& audit) {
  if (audit.records().empty()) return "No records.\n";
  Rows rows{{"TIME", "ACTOR", "ACTION", "SUBJECT", "DETAIL"}};
  for (const v1::AuditRecord& record : audit.records()) {
    rows.push_back({Stamp(record.time()), record.actor(), record.action(), record.subject(), record.detail()});
  }
  return FormatTable(rows, {});
}

}  // namespace hypertier::tierctl

// SPDX-License-Identifier: Apache-2.0
#include "host-service/api/qos_convert.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "common/text.h"
#include "host-service/api/convert.h"
#include "host-service/control/commitment.h"
#include "host-service/control/sums.h"
#include "host-service/qos/admission.h"

namespace hypertier::api {
namespace {

void ToProto(const policy::Amount& amount, v1::Amount& to) {
  if (amount.percent()) {
    to.set_percent(*amount.percent());
  } else {
    to.set_bytes(amount.bytes().count());
  }
}

void ToProto(const policy::TierTerms& terms, v1::TierTerms& to) {
  if (terms.reservation) ToProto(*terms.reservation, *to.mutable_reservation());
  if (terms.limit) ToProto(*terms.limit, *to.mutable_limit());
  if (terms.shares) to.set_shares(*terms.shares);
}

std::optional<policy::Amount> AmountOf(bool given, const v1::Amount& amount) {
  if (!given) return std::nullopt;
  if (amount.has_percent()) return policy::Amount::Percent(amount.percent());
  if (amount.has_bytes()) return policy::Amount::Of(Bytes(amount.bytes()));
  return std::nullopt;
}

policy::TierTerms TermsOf(const v1::TierTerms& terms) {
  policy::TierTerms to;
  to.reservation = AmountOf(terms.has_reservation(), terms.reservation());
  to.limit = AmountOf(terms.has_limit(), terms.limit());
  if (terms.has_shares()) to.shares = terms.shares();
  return to;
}

void Apply(const UpdateMask& mask, const policy::Terms& from, policy::Terms& to) {
  for (const TierId tier : kTiers) {
    const std::string name(TierName(tier));
    if (mask.Names(name + ".reservation")) to[tier].reservation = from[tier].reservation;
    if (mask.Names(name + ".limit")) to[tier].limit = from[tier].limit;
    if (mask.Names(name + ".shares")) to[tier].shares = from[tier].shares;
  }
}

constexpr std::array<std::string_view, 8> kTermPaths = {"fmem", "fmem.reservation", "fmem.limit", "fmem.shares",
                                                        "smem", "smem.reservation", "smem.limit", "smem.shares"};

absl::StatusOr<UpdateMask> MakeMask(const google::protobuf::FieldMask& mask,
                                    std::initializer_list<std::string_view> others) {
  std::vector<std::string_view> changeable(others);
  changeable.insert(changeable.end(), kTermPaths.begin(), kTermPaths.end());
  return UpdateMask::Make(mask, changeable);
}

// "6695eb01-f6a4-8304-79aa-97f2502e193f", in lower case.
bool IsUuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    const bool hex = (text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f');
    if (dash ? text[i] != '-' : !hex) return false;
  }
  return true;
}

}  // namespace

void ToProto(const control::FleetSnapshot& fleet, v1::Host& host) {
  const control::HostRecord& record = *fleet.host;
  host.set_policy(record.policy);
  host.set_reason(record.off);
  if (!fleet.connected) host.set_disconnected(fleet.disconnect_reason);
  for (const auto& [name, terms] : record.classes) host.add_qos_classes(name);
  if (record.maintenance) {
    host.mutable_maintenance()->set_reason(record.maintenance->reason);
    host.mutable_maintenance()->set_actor(record.maintenance->actor);
    ToProto(record.maintenance->began, *host.mutable_maintenance()->mutable_begin_time());
  }
  if (!record.config_problem.empty()) host.add_problems(record.config_problem);
  if (!record.capacity) return;
  control::Sums sums;
  for (const control::VmPtr& vm : fleet.vms) sums.Add(*vm);
  const qos::Snapshot commitments = control::CommitmentsOf(fleet);
  const PerTier<Bytes> reserved = qos::Reserved(commitments);
  for (const TierId id : kTiers) {
    v1::HostTier& tier = *host.add_tiers();
    tier.set_kind(KindOf(id));
    tier.set_capacity_bytes((*record.capacity)[id].count());
    tier.set_reservation_bytes(reserved[id].count());
    tier.set_unreserved_bytes(((*record.capacity)[id] - reserved[id]).count());
    tier.set_target_bytes(sums.tiers[id].target.count());
    tier.set_charged_bytes(sums.tiers[id].charged.count());
  }
  for (const std::string& sentence : qos::Unmet(commitments)) host.add_problems(sentence);
}

TenantView::TenantView(const control::FleetSnapshot& fleet)
    : tenants_(control::TenantsOf(fleet, control::CommitmentsOf(fleet))) {
  tenants_.erase("");
}

void TenantView::Fill(const std::string& id, v1::Tenant& tenant) const {
  // One that somebody has deleted meanwhile has nothing.
  const auto known = tenants_.find(id);
  const control::TenantFigures figures = known == tenants_.end() ? control::TenantFigures() : known->second;
  tenant.set_name("tenants/" + id);
  if (figures.record != nullptr) {
    tenant.set_display_name(figures.record->display_name);
    ToProto(figures.record->terms.fmem(), *tenant.mutable_fmem());
    ToProto(figures.record->terms.smem(), *tenant.mutable_smem());
    tenant.set_etag(control::EtagOf(*figures.record));
    ToProto(figures.record->created, *tenant.mutable_create_time());
    ToProto(figures.record->changed, *tenant.mutable_update_time());
  }
  tenant.set_vms(figures.sums.vms);
  for (const TierId tier : kTiers) {
    const qos::TierPolicy& terms = figures.terms[tier];
    const Bytes reserved = figures.vms_reservation[tier];
    v1::TenantTier& shown = *tenant.add_tiers();
    shown.set_kind(KindOf(tier));
    shown.set_reservation_bytes(terms.reservation.count());
    if (terms.limit != Bytes::Max()) shown.set_limit_bytes(terms.limit.count());
    shown.set_shares(terms.shares);
    shown.set_vms_reservation_bytes(reserved.count());
    shown.set_target_bytes(figures.sums.tiers[tier].target.count());
    shown.set_charged_bytes(figures.sums.tiers[tier].charged.count());
    if (reserved > terms.limit) tenant.add_problems(qos::TenantSentence(tier, {id, figures.terms}, reserved));
  }
}

void ToProto(const VmPolicyRecord& record, v1::VmPolicy& policy) {
  policy.set_name(fmt::format("vms/{}/policy", record.uuid));
  if (record.policy.mode) {
    policy.set_mode(*record.policy.mode == policy::Mode::kAuto ? v1::POLICY_MODE_AUTO : v1::POLICY_MODE_STATIC);
  }
  policy.set_qos_class(record.policy.qos_class);
  ToProto(record.policy.terms.fmem(), *policy.mutable_fmem());
  ToProto(record.policy.terms.smem(), *policy.mutable_smem());
  if (record.version == 0) return;
  policy.set_etag(control::EtagOf(record));
  ToProto(record.changed, *policy.mutable_update_time());
}

void ToProto(const control::PlannedVm& planned, v1::PlannedVm& vm) {
  vm.set_name("vms/" + planned.uuid);
  vm.set_display_name(planned.name);
  vm.set_tenant(planned.tenant);
  for (const TierId id : kTiers) {
    const qos::Target& target = planned.targets[id];
    v1::PlannedTier& tier = *vm.add_tiers();
    tier.set_kind(KindOf(id));
    tier.set_target_bytes(planned.in_force[id].count());
    tier.set_next_target_bytes(target.amount.count());
    tier.set_aim_bytes(target.aim.count());
    tier.set_claim_bytes(target.claim.count());
    tier.set_demand_bytes(target.demand.count());
    tier.set_charged_bytes(planned.held[id].count());
    tier.set_reason(qos::Explain(target));
  }
}

void ToProto(const AuditRecord& record, v1::AuditRecord& audit) {
  audit.set_sequence(record.sequence);
  ToProto(record.time, *audit.mutable_time());
  audit.set_actor(record.actor);
  audit.set_action(record.action);
  audit.set_subject(record.subject);
  audit.set_detail(record.detail);
}

absl::StatusOr<std::string> TenantIdOf(const std::string& name, const char* field) {
  constexpr std::size_t kMost = 128;
  constexpr std::string_view kAllowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
  std::string id = control::WithoutPrefix(name, "tenants/");
  if (!id.empty() && id.size() <= kMost && id.find_first_not_of(kAllowed) == std::string::npos) return id;
  return absl::InvalidArgumentError(fmt::format(
      "{}: \"{}\" is no tenant's name; write tenants/ID, the id 1 to {} of A-Z a-z 0-9 . _ -", field, name, kMost));
}

absl::StatusOr<GrantRecord> FromProto(const v1::Grant& grant) {
  const std::string uuid = ToLower(control::WithoutPrefix(grant.vm(), "vms/"));
  if (!IsUuid(uuid)) {
    return absl::InvalidArgumentError(
        fmt::format("grants.vm: \"{}\" names no VM; write vms/UUID, the UUID that its domain will have", grant.vm()));
  }
  GrantRecord record{.uuid = uuid, .tenant = {}, .reservation = {Bytes(grant.fmem_bytes()), Bytes(grant.smem_bytes())}};
  if (!grant.tenant().empty()) {
    auto tenant = TenantIdOf(grant.tenant(), "grants.tenant");
    if (!tenant.ok()) return tenant.status();
    record.tenant = *std::move(tenant);
  }
  return record;
}

absl::StatusOr<TenantRecord> FromProto(const v1::Tenant& tenant) {
  constexpr int kMostName = 256;
  const auto id = TenantIdOf(tenant.name(), "tenant.name");
  if (!id.ok()) return id.status();
  if (tenant.display_name().size() > kMostName) {
    return absl::InvalidArgumentError(fmt::format("tenant.display_name: {} bytes are too long; write at most {}",
                                                  tenant.display_name().size(), kMostName));
  }
  TenantRecord record;
  record.id = *id;
  record.display_name = tenant.display_name();
  record.terms = {TermsOf(tenant.fmem()), TermsOf(tenant.smem())};
  return record;
}

absl::StatusOr<policy::VmTerms> FromProto(const v1::VmPolicy& policy) {
  policy::VmTerms said;
  switch (policy.mode()) {
    case v1::POLICY_MODE_UNSPECIFIED:
      break;
    case v1::POLICY_MODE_STATIC:
      said.mode = policy::Mode::kStatic;
      break;
    case v1::POLICY_MODE_AUTO:
      said.mode = policy::Mode::kAuto;
      break;
    default:
      return absl::InvalidArgumentError(
          fmt::format("policy.mode: {} is none; write STATIC, AUTO or UNSPECIFIED", static_cast<int>(policy.mode())));
  }
  said.qos_class = policy.qos_class();
  said.terms = {TermsOf(policy.fmem()), TermsOf(policy.smem())};
  return said;
}

void Apply(const UpdateMask& mask, const TenantRecord& from, TenantRecord& to) {
  if (mask.Names("display_name")) to.display_name = from.display_name;
  Apply(mask, from.terms, to.terms);
}

void Apply(const UpdateMask& mask, const policy::VmTerms& from, policy::VmTerms& to) {
  if (mask.Names("mode")) to.mode = from.mode;
  if (mask.Names("qos_class")) to.qos_class = from.qos_class;
  Apply(mask, from.terms, to.terms);
}

absl::StatusOr<UpdateMask> TenantMask(const google::protobuf::FieldMask& mask) {
  return MakeMask(mask, {"display_name"});
}

absl::StatusOr<UpdateMask> VmPolicyMask(const google::protobuf::FieldMask& mask) {
  return MakeMask(mask, {"mode", "qos_class"});
}

}  // namespace hypertier::api

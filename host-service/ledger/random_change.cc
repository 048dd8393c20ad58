// SPDX-License-Identifier: Apache-2.0
#include "host-service/ledger/random_change.h"

#include <fmt/format.h>

#include <limits>

namespace hypertier::test {
namespace {

// The distributions of <random> differ between libraries; plain remainders do not.
class Dice {
 public:
  explicit Dice(std::mt19937_64& random) : random_(random) {}
  std::uint64_t Below(std::uint64_t bound) { return random_() % bound; }
  bool OneIn(std::uint64_t n) { return Below(n) == 0; }

  // Few of each, so that changes meet.
  std::string Tenant() { return fmt::format("t{}", Below(4)); }
  std::string Vm() { return fmt::format("vm{}", Below(5)); }
  std::string OperationId() { return fmt::format("o{}", Below(8)); }

  Bytes Size() { return OneIn(10) ? Bytes::Max() : Bytes(Below(std::uint64_t{1} << 40)); }
  absl::Time Time() {
    if (OneIn(20)) return OneIn(2) ? absl::InfinitePast() : absl::InfiniteFuture();
    return absl::FromUnixNanos(static_cast<std::int64_t>(Below(std::uint64_t{1} << 61)));
  }
  // Long ones take pages of their own.
  std::string Text() { return std::string(OneIn(8) ? Below(6000) : Below(20), static_cast<char>('a' + Below(26))); }

  std::optional<policy::Amount> Amount() {
    if (OneIn(3)) return std::nullopt;
    return OneIn(2) ? policy::Amount::Of(Size()) : policy::Amount::Percent(static_cast<double>(Below(100'001)) / 1000);
  }
  policy::Terms Terms() {
    policy::Terms terms;
    for (const TierId tier : kTiers) {
      terms[tier] = {.reservation = Amount(), .limit = Amount(), .shares = std::nullopt};
      if (!OneIn(3)) terms[tier].shares = static_cast<double>(1 + Below(1'000'000)) / 7;
    }
    return terms;
  }

  // Mostly larger than `known`, by one or by much.
  std::uint64_t NextTo(std::uint64_t known) {
    if (OneIn(8)) return known - std::min(known, Below(3));
    const std::uint64_t room = std::numeric_limits<std::uint64_t>::max() - known;
    return known + std::min(room, OneIn(20) ? 1 + Below(std::uint64_t{1} << 62) : 1 + Below(2));
  }

 private:
  std::mt19937_64& random_;
};

AuditRecord RandomAudit(Dice& dice, std::string action, std::string subject) {
  return {.sequence = dice.Below(100),
          .time = dice.Time(),
          .actor = fmt::format("uid {} pid {}", dice.Below(3), dice.Below(100'000)),
          .action = std::move(action),
          .subject = std::move(subject),
          .detail = dice.Text()};
}

OperationRecord RandomOperation(Dice& dice, const std::string& id) {
  OperationRecord operation{.id = id,
                            .uuid = dice.Vm(),
                            .state = static_cast<OperationRecord::State>(dice.Below(5)),
                            .targets = {std::nullopt, std::nullopt},
                            .start = {dice.Size(), dice.Size()},
                            .generation = dice.Below(100),
                            .created = dice.Time(),
                            .updated = dice.Time(),
                            .deadline = dice.Time(),
                            .ended = dice.Time(),
                            .error = absl::OkStatus()};
  for (const TierId tier : kTiers) {
    if (!dice.OneIn(2)) operation.targets[tier] = dice.Size();
  }
  if (dice.OneIn(3)) operation.error = absl::AbortedError(dice.Text());
  return operation;
}

Change PutTenant(Dice& dice, const FakeLedger& now) {
  TenantRecord tenant{.id = dice.Tenant(),
                      .display_name = dice.Text(),
                      .terms = dice.Terms(),
                      .version = 0,
                      .created = dice.Time(),
                      .changed = dice.Time()};
  const auto known = now.tenants.find(tenant.id);
  tenant.version = dice.NextTo(known == now.tenants.end() ? 0 : known->second.version);
  return {"PutTenant", [tenant, audit = RandomAudit(dice, "tenant.update", "tenants/" + tenant.id)](Ledger& ledger) {
            return ledger.PutTenant(tenant, audit);
          }};
}

Change PutVmPolicy(Dice& dice, const FakeLedger& now) {
  VmPolicyRecord record{.uuid = dice.Vm(),
                        .policy = {.mode = std::nullopt, .qos_class = dice.Text(), .terms = dice.Terms()},
                        .version = 0,
                        .changed = dice.Time()};
  if (!dice.OneIn(3)) record.policy.mode = dice.OneIn(2) ? policy::Mode::kAuto : policy::Mode::kStatic;
  const auto known = now.policies.find(record.uuid);
  record.version = dice.NextTo(known == now.policies.end() ? 0 : known->second.version);
  return {"PutVmPolicy", [record, audit = RandomAudit(dice, "policy.set", "vms/" + record.uuid)](Ledger& ledger) {
            return ledger.PutVmPolicy(record, audit);
          }};
}

TargetRecord RandomTargets(Dice& dice, const FakeLedger& now) {
  TargetRecord targets{
      .uuid = dice.Vm(), .targets = {dice.Size(), dice.Size()}, .generation = 0, .changed = dice.Time()};
  const auto known = now.targets.find(targets.uuid);
  targets.generation = dice.NextTo(known == now.targets.end() ? 0 : known->second.generation);
  return targets;
}

Change SetManyTargets(Dice& dice, const FakeLedger& now) {
  std::vector<TargetRecord> all;
  for (std::uint64_t i = dice.Below(4); i > 0; --i) all.push_back(RandomTargets(dice, now));
  return {"SetManyTargets", [all](Ledger& ledger) { return ledger.SetManyTargets(all); }};
}

Change SetTargets(Dice& dice, const FakeLedger& now) {
  const TargetRecord targets = RandomTargets(dice, now);
  std::optional<OperationRecord> begun;
  std::optional<OperationRecord> superseded;
  std::optional<AuditRecord> audit;
  // Never the same one twice.
  if (!dice.OneIn(3)) begun = RandomOperation(dice, "begun-" + dice.OperationId());
  if (!dice.OneIn(3)) superseded = RandomOperation(dice, dice.OperationId());
  if (!dice.OneIn(3)) audit = RandomAudit(dice, "vm.resize", "vms/" + targets.uuid);
  return {"SetTargets", [=](Ledger& ledger) {
            return ledger.SetTargets(targets, begun ? &*begun : nullptr, superseded ? &*superseded : nullptr,
                                     audit ? &*audit : nullptr);
          }};
}

Change SetMaintenance(Dice& dice) {
  std::optional<MaintenanceRecord> maintenance;
  if (!dice.OneIn(3)) {
    maintenance = {.reason = dice.Text(), .actor = fmt::format("uid {}", dice.Below(3)), .began = dice.Time()};
  }
  const std::string action = maintenance ? "maintenance.begin" : "maintenance.end";
  return {"SetMaintenance", [maintenance, audit = RandomAudit(dice, action, "host")](Ledger& ledger) {
            return ledger.SetMaintenance(maintenance, audit);
          }};
}

Change SetGrants(Dice& dice) {
  std::map<std::string, GrantRecord> grants;
  for (std::uint64_t i = dice.Below(4); i > 0; --i) {
    const std::string uuid = dice.Vm();
    grants[uuid] = {
        .uuid = uuid, .tenant = dice.OneIn(4) ? "" : dice.Tenant(), .reservation = {dice.Size(), dice.Size()}};
  }
  std::vector<GrantRecord> all;
  all.reserve(grants.size());
  for (const auto& [uuid, grant] : grants) all.push_back(grant);
  return {"SetGrants", [all, audit = RandomAudit(dice, "grants.set", "host")](Ledger& ledger) {
            return ledger.SetGrants(all, audit);
          }};
}

}  // namespace

Change RandomChange(std::mt19937_64& random, const FakeLedger& now) {
  Dice dice(random);
  switch (dice.Below(19)) {
    default:
      return PutTenant(dice, now);
    case 4:
    case 5: {
      const std::string id = dice.Tenant();
      return {"DeleteTenant", [id, audit = RandomAudit(dice, "tenant.delete", "tenants/" + id)](Ledger& ledger) {
                return ledger.DeleteTenant(id, audit);
              }};
    }
    case 6:
    case 7:
    case 8:
      return PutVmPolicy(dice, now);
    case 9: {
      const std::string uuid = dice.Vm();
      return {"DeleteVmPolicy", [uuid, audit = RandomAudit(dice, "policy.delete", "vms/" + uuid)](Ledger& ledger) {
                return ledger.DeleteVmPolicy(uuid, audit);
              }};
    }
    case 10:
      return SetTargets(dice, now);
    case 11:
      return SetManyTargets(dice, now);
    case 12:
      return {"UpdateOperation", [operation = RandomOperation(dice, dice.OperationId())](Ledger& l) {
                return l.UpdateOperation(operation);
              }};
    case 13:
      return {"ForgetTargets", [uuid = dice.Vm()](Ledger& ledger) { return ledger.ForgetTargets(uuid); }};
    case 14:
      return {"ForgetOperations", [before = dice.Time()](Ledger& ledger) { return ledger.ForgetOperations(before); }};
    case 15:
      return {"ForgetAudit", [keep = dice.Below(12)](Ledger& ledger) { return ledger.ForgetAudit(keep); }};
    case 16:
    case 17:
      return SetMaintenance(dice);
    case 18:
      return SetGrants(dice);
  }
}

}  // namespace hypertier::test

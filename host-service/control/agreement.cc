// SPDX-License-Identifier: Apache-2.0
#include "host-service/control/agreement.h"

namespace hypertier::control {

PerTier<Bytes> TargetsFromBalloons(const PerTier<Bytes>& cells, const PerTier<Bytes>& balloons) {
  PerTier<Bytes> targets;
  for (const TierId tier : kTiers) {
    targets[tier] = PageDown(cells[tier] - balloons[tier]);
  }
  return targets;
}

Agreement Compare(const Vm& vm) {
  if (!vm.link.report || !vm.link.report->HasBothTiers()) return Agreement::kUnclear;
  const GuestReport& report = *vm.link.report;
  const PerTier<Bytes> balloons = report.BalloonTargets();

  if (!vm.targets || !vm.targets->in_ledger) {
    // Targets that somebody has set once, by a hypertierd whose ledger is lost or by virsh, must survive; those of the
    // boot need not.
    const bool set = report.generation != 0 || report.source == GuestReport::Source::kTotal;
    return set ? Agreement::kAdopt : Agreement::kAdoptBoot;
  }

  const bool same = balloons == BalloonsFor(vm.cells(), vm.targets->bytes);
  if (report.generation == vm.targets->generation) return same ? Agreement::kAgreed : Agreement::kTell;

  const bool total = report.generation == 0 && report.source == GuestReport::Source::kTotal;
  if (total) {
    // Something of ours is under way to a guest that still shows the old total.
    const bool telling = vm.asked.generation == vm.targets->generation && !vm.asked.confirmed;
    if (same && !telling && !vm.fresh_boot) return Agreement::kAgreed;
    const bool news = !vm.known_total || *vm.known_total != balloons;
    if (news && !same && !vm.fresh_boot) return Agreement::kAdopt;
    return Agreement::kTell;
  }
  const bool exceeded = report.generation > vm.targets->generation && report.generation <= kMaxForeignGeneration;
  return exceeded ? Agreement::kRenew : Agreement::kTell;
}

}  // namespace hypertier::control

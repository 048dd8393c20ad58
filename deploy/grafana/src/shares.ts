// SPDX-License-Identifier: Apache-2.0
//
// Questions that several dashboards ask, each asked in one way.

import { atLeastNothing, sum, tier, type Chosen } from './query';

/** FMEM that a VM may use beyond its hot set, by VM: what another could make more of. */
export function coldFmem(chosen: Chosen): string {
  const target = sum(chosen.host('hypertier_vm_tier_target_bytes', tier.FMEM), 'instance', 'vm');
  return atLeastNothing(`${target} - on (instance, vm) ${chosen.host('hypertier_vm_hot_set_bytes')}`);
}

/** Share of the accesses of several VMs that FMEM serves: each counts by how many it has. */
export function hitRatio(chosen: Chosen, ...by: string[]): string {
  const served = `${chosen.host('hypertier_vm_fmem_hit_ratio')} * on (instance, vm) ${chosen.host('hypertier_vm_memory_access_rate')}`;
  const all = `${chosen.host('hypertier_vm_memory_access_rate')} and on (instance, vm) ${chosen.host('hypertier_vm_fmem_hit_ratio')}`;
  return `${sum(chosen.vms(`(${served})`), ...by)} / ${sum(chosen.vms(`(${all})`), ...by)}`;
}

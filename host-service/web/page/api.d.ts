// SPDX-License-Identifier: Apache-2.0
//
// What hypertierd answers (docs/status-page.md). For the type checker only: nothing of it is served.

export type Tier = 'fmem' | 'smem';

export interface Sums {
  target_bytes: number;
  charged_bytes: number;
  resident_bytes: number;
  burst_bytes: number;
  missing_bytes: number;
}

export interface HostTier extends Sums {
  tier: Tier;
  capacity_bytes: number | null;
  reservation_bytes: number | null;
  unreserved_bytes: number | null;
  free_bytes: number | null;
}

export interface Host {
  name: string;
  connected: boolean;
  synced: boolean;
  policy: string;
  default_mode: string;
  degraded: boolean;
  problems: string[];
  maintenance: { reason: string; actor: string; begin_time: string | null } | null;
  vms: { managed: number; waiting: number; unmanaged: number };
  agents: { up: number; down: number };
  operations_running: number;
  hit_ratio: number | null;
  tiers: HostTier[];
}

export interface TenantTier extends Sums {
  tier: Tier;
  reservation_bytes: number;
  limit_bytes: number | null;
  shares: number;
  vms_reservation_bytes: number;
}

export interface Tenant {
  id: string;
  display_name: string;
  vms: number;
  tiers: TenantTier[];
  problems: string[];
}

export interface VmTier {
  tier: Tier;
  state: string;
  compliance: string | null;
  cell_bytes: number;
  target_bytes: number | null;
  balloon_bytes: number | null;
  resident_bytes: number | null;
  charged_bytes: number;
  reservation_bytes: number;
  limit_bytes: number;
  shares: number;
  missing_bytes: number;
  shortfall_bytes: number;
  displaced_bytes: number;
  reason: string;
}

export interface Vm {
  uuid: string;
  name: string;
  tenant: string;
  state: string;
  management: string;
  reason: string;
  mode: string;
  provisioner: string | null;
  operation: string;
  agent_link: string;
  hit_ratio: number | null;
  tiers: VmTier[];
}

export interface FullTier extends VmTier {
  floor_bytes: number;
  free_bytes: number | null;
  granularity_bytes: number;
  pace_bytes_per_second: number | null;
}

export interface Placement {
  source: string;
  source_reason: string;
  access_rate: number;
  hot_set_bytes: number;
  ranges: number;
  processes: number;
  samples: number;
  samples_lost: number;
  exchanged_bytes: number;
  promoted_bytes: number;
  demoted_bytes: number;
  refused_pages: number;
  tlb_flushes: number;
  sampling_cpu_ns: number;
  classification_cpu_ns: number;
  migration_cpu_ns: number;
  move_limit_bytes_per_second: number;
  curve: { fmem_bytes: number; share: number }[];
}

export interface FullVm extends Vm {
  tiers: FullTier[];
  update_time: string | null;
  policy_problems: string[];
  agent: {
    link: string;
    version: string;
    kernel_release: string;
    transport: string;
    last_report_time: string | null;
    link_resets: number;
    implausible_figures: number;
    oom_deflates: number;
    oom_deflated_bytes: number;
    memory_pressure: number;
  };
  placement: Placement | null;
  events: { kind: string; time: string; message: string }[];
}

export interface Timeline {
  interval_seconds: number;
  times: string[];
  fmem_target_bytes: (number | null)[];
  fmem_resident_bytes: (number | null)[];
  smem_target_bytes: (number | null)[];
  smem_resident_bytes: (number | null)[];
  hit_ratio: (number | null)[];
}

interface Document {
  version: string;
  time: string;
  snapshot: number;
}

export interface StatusDocument extends Document {
  host: Host;
  tenants: Tenant[];
  vms: Vm[];
}

export interface HostDocument extends Document {
  host: Host;
  timeline: Timeline;
}

export interface VmDocument extends Document {
  vm: FullVm;
  timeline: Timeline;
}

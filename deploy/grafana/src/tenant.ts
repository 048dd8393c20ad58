// SPDX-License-Identifier: Apache-2.0

import { dashboard } from './dashboard';
import { rowToHost, rowToVm, toHost, toVm, uid } from './links';
import { anyIsBad, anyWarns, highIsGood, oneIsBad, oneIsGood, unit } from './look';
import { lines, numbers, rows } from './panels';
import { rate, sum, tier, tiers } from './query';
import { coldFmem, hitRatio } from './shares';

export const tenant = dashboard({
  uid: uid.tenant,
  title: 'HyperTier: tenant',
  description: 'One tenant on the hosts chosen: what it bought, what it gets, and what it makes of it.',
  variables: ['instance', 'tenant'],
  many: ['instance'],
  rows: (chosen) => {
    const byVm = (series: string) => sum(chosen.vms(series), 'instance', 'name');
    const vm = (metric: string, ...matchers: string[]) => byVm(chosen.host(metric, ...matchers));
    return [
      {
        title: 'At a glance',
        panels: [
          ...tiers.map(([name, which]) => numbers({
            title: `${name}`, unit: unit.bytes, width: 8,
            description: `${name} that the tenant's VMs may use, what of it is above their reservations, and what they reserved, want and do not have.`,
          }, [
            ['allotted', sum(chosen.tenant('hypertier_tenant_tier_target_bytes', which))],
            ['burst', sum(chosen.tenant('hypertier_tenant_tier_burst_bytes', which))],
            ['missing', sum(chosen.tenant('hypertier_tenant_tier_missing_bytes', which))],
          ])),
          numbers({ title: 'VMs', unit: unit.plain, width: 3, description: 'VMs of the tenant on the hosts chosen.' },
            [['VMs', sum(chosen.tenant('hypertier_tenant_vms'))]]),
          numbers({
            title: 'FMEM hit ratio', unit: unit.share, width: 5,
            description: 'Share of its VMs\' memory accesses that FMEM serves, as they estimate; each VM counts by how many it has.',
          }, [['hit ratio', hitRatio(chosen)]], { thresholds: highIsGood() }),
        ],
      },
      {
        title: 'What it uses of what it bought',
        panels: tiers.map(([name, which]) => lines({
          title: name, unit: unit.bytes, width: 12,
          description: 'Reserved: by the tenant itself. Reserved by VMs: what they have bought together. Limit: absent where it has none.',
        }, [
          ['limit', sum(chosen.tenant('hypertier_tenant_tier_limit_bytes', which))],
          ['reserved', sum(chosen.tenant('hypertier_tenant_tier_reservation_bytes', which))],
          ['reserved by VMs', sum(chosen.tenant('hypertier_tenant_tier_vms_reservation_bytes', which))],
          ['allotted', sum(chosen.tenant('hypertier_tenant_tier_target_bytes', which))],
          ['resident', sum(chosen.tenant('hypertier_tenant_tier_resident_bytes', which))],
        ])),
      },
      {
        title: 'Who is held to less than it bought, and why',
        panels: [
          lines({
            title: 'Missing', unit: unit.bytes, width: 8, links: [toHost],
            description: 'Reserved, wanted, not had, by host and tier. Short while others give back; lasting where they cannot or do not.',
          }, [
            ['FMEM on {{instance}}', sum(chosen.tenant('hypertier_tenant_tier_missing_bytes', tier.FMEM), 'instance')],
            ['SMEM on {{instance}}', sum(chosen.tenant('hypertier_tenant_tier_missing_bytes', tier.SMEM), 'instance')],
          ]),
          rows({ title: 'Its VMs', width: 16, height: 8, description: 'Fast memory of each of its VMs, as it is now, and what keeps it from its target.' },
            { name: { header: 'VM', links: [rowToVm] }, instance: { header: 'Host', links: [rowToHost] } }, [
              { header: 'Reserved', expression: vm('hypertier_vm_tier_reservation_bytes', tier.FMEM) },
              { header: 'Target', expression: vm('hypertier_vm_tier_target_bytes', tier.FMEM) },
              { header: 'Resident', expression: vm('hypertier_vm_tier_resident_bytes', tier.FMEM) },
              { header: 'Missing', expression: vm('hypertier_vm_tier_missing_bytes', tier.FMEM), thresholds: anyIsBad() },
              { header: 'Shortfall', expression: vm('hypertier_vm_tier_shortfall_bytes', tier.FMEM), thresholds: anyWarns() },
              { header: 'Hit ratio', unit: unit.share, expression: vm('hypertier_vm_fmem_hit_ratio'), thresholds: highIsGood() },
              { header: 'Agent', unit: unit.plain, expression: vm('hypertier_vm_agent_up'), mappings: oneIsGood },
              { header: 'Violating', unit: unit.plain, expression: vm('hypertier_vm_tier_violating', tier.FMEM), mappings: oneIsBad },
            ], 'Missing'),
        ],
      },
      {
        title: 'Where fast memory is wasted',
        panels: [
          lines({
            title: 'FMEM lent, by host', unit: unit.bytes, width: 8, links: [toHost],
            description: 'What its VMs have above their reservations: it can be taken back at any time.',
          }, [['{{instance}}', sum(chosen.tenant('hypertier_tenant_tier_burst_bytes', tier.FMEM), 'instance')]], { stacked: true }),
          lines({
            title: 'Cold FMEM, by VM', unit: unit.bytes, width: 8, links: [toVm],
            description: 'FMEM that a VM may use beyond its hot set: it could do with less.',
          }, [['{{name}}', byVm(coldFmem(chosen))]], { stacked: true }),
          lines({
            title: 'FMEM hit ratio, by VM', unit: unit.share, width: 8, links: [toVm],
            description: 'Share of memory accesses that FMEM serves, as the VM estimates. Low without cold FMEM: it could use more.',
          }, [['{{name}}', vm('hypertier_vm_fmem_hit_ratio')]], { most: 1, thresholds: highIsGood() }),
        ],
      },
      {
        title: 'What tiering costs, and what is about to break',
        panels: [
          lines({
            title: 'CPUs for placement, by VM', unit: unit.count, width: 6, links: [toVm],
            description: 'CPU time of each VM\'s agent for placement, in CPUs: the tenant pays for it.',
          }, [['{{name}}', byVm(rate(chosen.host('hypertier_vm_placement_cpu_seconds_total')))]], { stacked: true }),
          lines({
            title: 'Memory moved, by VM', unit: unit.bytesPerSecond, width: 6, links: [toVm],
            description: 'What each VM moves between its tiers, both ways.',
          }, [['{{name}}', byVm(rate(chosen.host('hypertier_vm_moved_bytes_total')))]], { stacked: true }),
          lines({
            title: 'Memory pressure, by VM', unit: unit.share, width: 6, links: [toVm],
            description: 'Share of time in which some program of the VM waits for memory. Lasting: it needs more memory, of whichever tier.',
          }, [['{{name}}', vm('hypertier_vm_memory_pressure_ratio')]]),
          lines({
            title: 'Out of memory, by VM', unit: unit.opsPerSecond, width: 6, links: [toVm],
            description: 'Times a second that the VM ran out of memory and took some back from its balloons.',
          }, [['{{name}}', byVm(rate(chosen.host('hypertier_vm_oom_deflates_total')))]]),
        ],
      },
    ];
  },
});

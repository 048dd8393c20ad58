// SPDX-License-Identifier: Apache-2.0

import { dashboard } from './dashboard';
import { toTenant, toTiering, uid } from './links';
import { anyIsBad, highIsGood, oneIsGood, unit } from './look';
import { curve, lines, numbers, states } from './panels';
import { max, rate, sum, tier, tiers } from './query';
import { coldFmem } from './shares';

export const vm = dashboard({
  uid: uid.vm,
  title: 'HyperTier: VM',
  description: 'One VM, by its name on its host: what it may use of each tier, what it really has, and how well fast memory serves it.',
  variables: ['instance', 'tenant', 'vm'],
  many: ['instance', 'tenant'],
  rows: (chosen) => {
    const value = (metric: string, ...matchers: string[]) => sum(chosen.vm(metric, ...matchers));
    return [
      {
        title: 'At a glance',
        panels: [
          numbers({ title: 'May use', unit: unit.bytes, width: 5, description: 'Its targets: what it may use of each tier.' },
            tiers.map(([name, which]) => [name, value('hypertier_vm_tier_target_bytes', which)])),
          numbers({
            title: 'Reserved, wanted, not had', unit: unit.bytes, width: 5,
            description: 'Above 0: it does not have what it reserved and wants.',
          }, tiers.map(([name, which]) => [name, value('hypertier_vm_tier_missing_bytes', which)]), { thresholds: anyIsBad() }),
          numbers({ title: 'FMEM hit ratio', unit: unit.share, width: 4, description: 'Share of its memory accesses that FMEM serves, as it estimates.' },
            [['hit ratio', value('hypertier_vm_fmem_hit_ratio')]], { thresholds: highIsGood() }),
          numbers({ title: 'Agent reports', unit: unit.plain, width: 3, description: 'Without its agent, targets do not change.' },
            [['agent', `min(${chosen.vm('hypertier_vm_agent_up')})`]], { mappings: oneIsGood }),
          numbers({
            title: 'Accesses known by', unit: unit.plain, width: 3,
            description: 'Where the agent has memory accesses from: pebs is best; with none, nothing is placed.',
          }, [['{{source}}', max(chosen.vm('hypertier_vm_placement_info'), 'source')]], { nameOnly: true }),
          numbers({ title: 'Tenant, host', unit: unit.plain, width: 4, links: [toTenant], description: 'Whose VM it is, and where it runs.' },
            [['{{tenant}} on {{instance}}', max(chosen.info(), 'tenant', 'instance')]], { nameOnly: true }),
        ],
      },
      {
        title: 'What it uses of each tier',
        panels: tiers.map(([name, which]) => lines({
          title: name, unit: unit.bytes, width: 12,
          description: 'Cell: the most it can ever be. Target: what it may use. Resident: what the host really backs; above the target, the VM does not give back.',
        }, [
          ['cell', value('hypertier_vm_tier_cell_bytes', which)],
          ['limit', value('hypertier_vm_tier_limit_bytes', which)],
          ['reserved', value('hypertier_vm_tier_reservation_bytes', which)],
          ['target', value('hypertier_vm_tier_target_bytes', which)],
          ['resident', value('hypertier_vm_tier_resident_bytes', which)],
          ['balloon', value('hypertier_vm_tier_balloon_bytes', which)],
        ])),
      },
      {
        title: 'Is it held to less than it bought, and why',
        panels: [
          lines({
            title: 'FMEM it lacks or holds against the rules', unit: unit.bytes, width: 12,
            description: 'Missing: reserved, wanted, not had. Shortfall: what it could not give up. Displaced: what the host has moved to SMEM because the VM kept it.',
          }, [
            ['missing', value('hypertier_vm_tier_missing_bytes', tier.FMEM)],
            ['shortfall', value('hypertier_vm_tier_shortfall_bytes', tier.FMEM)],
            ['displaced', value('hypertier_vm_tier_displaced_bytes', tier.FMEM)],
          ]),
          states({ title: 'In order', unit: unit.plain, width: 12, description: 'Whether its agent reports, and whether it keeps to its target in each tier.' }, [
            ['agent reports', `min(${chosen.vm('hypertier_vm_agent_up')})`],
            ['keeps to FMEM', `1 - ${max(chosen.vm('hypertier_vm_tier_violating', tier.FMEM))}`],
            ['keeps to SMEM', `1 - ${max(chosen.vm('hypertier_vm_tier_violating', tier.SMEM))}`],
          ], oneIsGood),
        ],
      },
      {
        title: 'Does fast memory serve it',
        panels: [
          curve({
            title: 'Hotness curve', unit: unit.share, width: 8,
            description: 'Share of its accesses that FMEM would serve if it were so much of its cell, and held the hottest memory. Flat: less would do. '
              + 'Steep at its end: it could use more.',
          }, 'cell_percent', 'FMEM, % of its cell', 'accesses served', max(chosen.vm('hypertier_vm_expected_hit_ratio'), 'cell_percent')),
          lines({
            title: 'FMEM hit ratio', unit: unit.share, width: 8, links: [toTiering],
            description: 'Share of its memory accesses that FMEM serves, as it estimates, against the best for all of its cell.',
          }, [['hit ratio', value('hypertier_vm_fmem_hit_ratio')], ['with all of its cell', value('hypertier_vm_expected_hit_ratio', 'cell_percent="100"')]],
          { most: 1 }),
          lines({
            title: 'Hot set and FMEM', unit: unit.bytes, width: 8, links: [toTiering],
            description: 'Densest memory that fits into FMEM, against what it may use; cold is what is left.',
          }, [
            ['target', value('hypertier_vm_tier_target_bytes', tier.FMEM)],
            ['hot set', value('hypertier_vm_hot_set_bytes')],
            ['cold', sum(chosen.vms(coldFmem(chosen)))],
          ]),
        ],
      },
      {
        title: 'What tiering costs',
        panels: [
          lines({ title: 'CPUs for placement', unit: unit.count, width: 8, links: [toTiering], description: 'CPU time of its agent for placement, in CPUs, by stage.' },
            [['{{stage}}', sum(chosen.vmRate('hypertier_vm_placement_cpu_seconds_total'), 'stage')]],
            { stacked: true, words: ['sampling', 'classification', 'migration'] }),
          lines({ title: 'Memory moved between tiers', unit: unit.bytesPerSecond, width: 8, links: [toTiering], description: 'By how: exchanged in place, promoted to FMEM, demoted to SMEM.' },
            [['{{how}}', sum(chosen.vmRate('hypertier_vm_moved_bytes_total'), 'how')]],
            { stacked: true, words: ['exchange', 'promotion', 'demotion'] }),
          lines({ title: 'Pages that could not be moved', unit: unit.opsPerSecond, width: 8, links: [toTiering], description: 'By reason, as the guest says.' },
            [['{{reason}}', sum(chosen.vmRate('hypertier_vm_refused_pages_total'), 'reason')]], { stacked: true }),
        ],
      },
      {
        title: 'What is about to break',
        panels: [
          lines({
            title: 'Memory pressure', unit: unit.share, width: 8,
            description: 'Share of time in which some program of the guest waits for memory. Lasting: it needs more memory, of whichever tier.',
          }, [['pressure', value('hypertier_vm_memory_pressure_ratio')]]),
          lines({
            title: 'Taken back when out of memory', unit: unit.bytesPerSecond, width: 8,
            description: 'What the guest took back from its balloons when it ran out of memory: its targets are too low.',
          }, [['taken back', sum(chosen.vmRate('hypertier_vm_oom_deflated_bytes_total'))]]),
          lines({
            title: 'Trouble on its link', unit: unit.opsPerSecond, width: 8,
            description: 'Resets of the agent\'s link because of what came over it, and impossible figures in its reports. A guest that goes on so is broken or hostile.',
          }, [
            ['resets', sum(chosen.vms(rate(chosen.host('hypertier_vm_link_resets_total'))))],
            ['implausible figures', sum(chosen.vms(rate(chosen.host('hypertier_vm_implausible_figures_total'))))],
          ]),
        ],
      },
    ];
  },
});

// SPDX-License-Identifier: Apache-2.0

import { dashboard } from './dashboard';
import { rowToTenant, rowToVm, toHost, toVm, uid } from './links';
import { highIsGood, unit } from './look';
import { lines, numbers, rows } from './panels';
import { quantile, sum, tier, top } from './query';
import { coldFmem, hitRatio } from './shares';

const MOST = 15;
const CURVE = ['10', '25', '50', '75', '100'];

export const tiering = dashboard({
  uid: uid.tiering,
  title: 'HyperTier: tiering internals',
  description: 'How guests learn which memory is hot, what they make of it, and what it costs them.',
  variables: ['instance', 'tenant', 'vm'],
  many: ['instance', 'tenant', 'vm'],
  rows: (chosen) => {
    const byVm = (series: string) => top(MOST, sum(series, 'name', 'tenant'));
    const samples = chosen.vmRate('hypertier_vm_access_samples_total');
    const lost = chosen.vmRate('hypertier_vm_access_samples_lost_total');
    const moved = chosen.vmRate('hypertier_vm_moved_bytes_total');
    const cpu = chosen.vmRate('hypertier_vm_placement_cpu_seconds_total');
    const flushes = chosen.vmRate('hypertier_vm_exchange_tlb_flushes_total');
    return [
      {
        title: 'At a glance',
        panels: [
          numbers({ title: 'VMs by source of accesses', unit: unit.plain, width: 7, description: 'Where agents have memory accesses from; with none, nothing is placed.' },
            [['{{source}}', `count by (source) (${chosen.vm('hypertier_vm_placement_info')})`]], { words: [] }),
          numbers({ title: 'FMEM hit ratio', unit: unit.share, width: 5, description: 'Of all accesses of these VMs, as they estimate.' },
            [['hit ratio', hitRatio(chosen)]], { thresholds: highIsGood() }),
          numbers({ title: 'Moved', unit: unit.bytesPerSecond, width: 4, description: 'Memory moved between tiers, of all these VMs.' },
            [['moved', sum(moved)]]),
          numbers({ title: 'TLB shoot-downs', unit: unit.opsPerSecond, width: 4, description: 'That exchanges needed, of all these VMs.' },
            [['flushes', sum(flushes)]]),
          numbers({ title: 'CPUs', unit: unit.count, width: 4, description: 'For placement, of all these VMs.' }, [['CPUs', sum(cpu)]]),
        ],
      },
      {
        title: 'What is known of accesses',
        panels: [
          lines({ title: 'Memory accesses', unit: unit.opsPerSecond, width: 8, links: [toVm], description: 'That samples stand for, by VM, as they say.' },
            [['{{name}}', byVm(chosen.vm('hypertier_vm_memory_access_rate'))]]),
          lines({ title: 'Samples used', unit: unit.opsPerSecond, width: 8, links: [toVm], description: 'Samples of accesses a second. Too few: placement is slow to learn.' },
            [['{{name}}', byVm(samples)]]),
          lines({ title: 'Samples lost', unit: unit.opsPerSecond, width: 8, links: [toVm], description: 'The guest\'s kernel had no room for them: sampling is too dense, or the agent has no CPU.' },
            [['{{name}}', byVm(lost)]]),
        ],
      },
      {
        title: 'What is made of it',
        panels: [
          lines({ title: 'FMEM hit ratio, by VM', unit: unit.share, width: 12, links: [toVm], description: 'Share of memory accesses that FMEM serves, as guests estimate.' },
            [['{{name}}', byVm(chosen.vm('hypertier_vm_fmem_hit_ratio'))]], { most: 1, thresholds: highIsGood() }),
          rows({
            title: 'Hotness curves', width: 12, height: 8,
            description: 'Share of accesses that FMEM would serve if it were so much of its cell. Green far to the left: the VM could do with less.',
          }, { name: { header: 'VM', links: [rowToVm] }, tenant: { header: 'Tenant', links: [rowToTenant] } }, CURVE.map((percent) => ({
            header: `${percent} %`, unit: unit.share, thresholds: highIsGood(), filled: true,
            expression: sum(chosen.vm('hypertier_vm_expected_hit_ratio', `cell_percent="${percent}"`), 'name', 'tenant'),
          })), '10 %'),
          lines({
            title: 'Hot set, share of FMEM', unit: unit.share, width: 12, links: [toVm],
            description: 'Densest memory that fits, over what the VM may use. Near 100 %: it would make use of more.',
          }, [['{{name}}', byVm(chosen.vms(`(${chosen.host('hypertier_vm_hot_set_bytes')} / on (instance, vm) ${
            sum(chosen.host('hypertier_vm_tier_target_bytes', tier.FMEM), 'instance', 'vm')})`))]], { most: 1 }),
          lines({ title: 'Cold FMEM', unit: unit.bytes, width: 12, links: [toVm], description: 'FMEM that VMs may use beyond their hot sets.' },
            [['{{name}}', byVm(chosen.vms(coldFmem(chosen)))]], { stacked: true }),
        ],
      },
      {
        title: 'What it costs guests',
        panels: [
          lines({ title: 'CPUs, by stage', unit: unit.count, width: 8, description: 'Sampling accesses, classifying memory, moving pages.' },
            [['{{stage}}', sum(cpu, 'stage')]], { stacked: true, words: ['sampling', 'classification', 'migration'] }),
          lines({ title: 'CPUs, by VM', unit: unit.count, width: 8, links: [toVm], description: 'CPU time of agents for placement, in CPUs.' },
            [['{{name}}', byVm(cpu)]], { stacked: true }),
          lines({ title: 'Memory moved, by how', unit: unit.bytesPerSecond, width: 8, description: 'Exchanged in place, promoted to FMEM, demoted to SMEM.' },
            [['{{how}}', sum(moved, 'how')]], { stacked: true, words: ['exchange', 'promotion', 'demotion'] }),
          lines({ title: 'Memory moved, by VM', unit: unit.bytesPerSecond, width: 8, links: [toVm], description: 'Both ways. What goes on for long is memory whose heat moves, or that does not fit.' },
            [['{{name}}', byVm(moved)]], { stacked: true }),
          lines({ title: 'TLB shoot-downs of exchanges', unit: unit.opsPerSecond, width: 8, links: [toVm], description: 'Each stops all vCPUs of the guest for a moment.' },
            [['{{name}}', byVm(flushes)]], { stacked: true }),
          lines({ title: 'Pages that could not be moved', unit: unit.opsPerSecond, width: 8, description: 'By reason, as guests say.' },
            [['{{reason}}', sum(chosen.vmRate('hypertier_vm_refused_pages_total'), 'reason')]], { stacked: true }),
        ],
      },
      {
        title: 'What it costs hosts',
        panels: [
          lines({ title: 'Planning one period', unit: unit.seconds, width: 12, description: 'How long hosts need to plan a period.' }, [
            ['median', quantile(0.5, chosen.host('hypertier_plan_duration_seconds_bucket'))],
            ['90 %', quantile(0.9, chosen.host('hypertier_plan_duration_seconds_bucket'))],
            ['99 %', quantile(0.99, chosen.host('hypertier_plan_duration_seconds_bucket'))],
          ]),
          lines({ title: 'Lag of the last period', unit: unit.seconds, width: 12, links: [toHost], description: 'How much later than due it began. Lasting: the host is overloaded.' },
            [['{{instance}}', chosen.host('hypertier_period_lag_seconds')]]),
        ],
      },
    ];
  },
});

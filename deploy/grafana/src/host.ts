// SPDX-License-Identifier: Apache-2.0

import { dashboard } from './dashboard';
import { rowToTenant, rowToVm, toVm, uid } from './links';
import { anyIsBad, highIsGood, oneIsBad, oneIsGood, unit } from './look';
import { lines, numbers, rows } from './panels';
import { orNothing, quantile, rate, sum, tier, tiers } from './query';
import { coldFmem } from './shares';

export const host = dashboard({
  uid: uid.host,
  title: 'HyperTier: host',
  description: 'One host: its tiers and VMs, and how its hypertierd does.',
  variables: ['instance'],
  many: [],
  rows: (chosen) => {
    const byVm = (series: string) => sum(chosen.vms(series), 'name', 'tenant');
    const vm = (metric: string, ...matchers: string[]) => byVm(chosen.host(metric, ...matchers));
    return [
      {
        title: 'At a glance',
        panels: [
          numbers({
            title: 'Able to work', unit: unit.plain, width: 7,
            description: 'Without libvirt nothing is known of VMs; without the ledger no change is taken; a configuration that is not in force has errors '
              + 'or waits for a restart.',
          }, [
            ['libvirt', chosen.host('hypertier_libvirt_connected')],
            ['ledger', chosen.host('hypertier_ledger_writable')],
            ['config', chosen.host('hypertier_config_in_force')],
          ], { mappings: oneIsGood }),
          numbers({
            title: 'Closed to new VMs', unit: unit.plain, width: 5,
            description: 'Degraded: no libvirt, nothing planned, or reservations that do not fit. Maintenance: an operator wants it.',
          }, [['degraded', chosen.host('hypertier_host_degraded')], ['maintenance', chosen.host('hypertier_host_maintenance')]],
          { mappings: oneIsBad }),
          numbers({ title: 'VMs', unit: unit.plain, width: 6, description: 'Domains that libvirt knows, by whether hypertierd governs them.' },
            [['{{management}}', sum(chosen.host('hypertier_vms'), 'management')]], { words: ['managed', 'waiting', 'unmanaged'] }),
          numbers({ title: 'Agents', unit: unit.plain, width: 3, description: 'Two-tier VMs that run, by whether their agent reports.' },
            [['{{link}}', sum(chosen.host('hypertier_agents'), 'link')]], { words: ['up', 'down'] }),
          numbers({ title: 'Alerts', unit: unit.plain, width: 3, description: 'Alerts of this host that fire now.' },
            [['firing', orNothing(`count(${chosen.host('ALERTS', 'alertstate="firing"')})`)]], { thresholds: anyIsBad() }),
        ],
      },
      {
        title: 'Who uses which tier',
        panels: [
          ...tiers.map(([name, which]) => lines({
            title: `${name} by VM`, unit: unit.bytes, width: 12, links: [toVm],
            description: `What each VM may use of ${name} (its target), one on the other, against what VMs may have together.`,
          }, [['{{name}}', vm('hypertier_vm_tier_target_bytes', which)],
            ['capacity', sum(chosen.host('hypertier_host_tier_capacity_bytes', which))]], { stacked: true })),
          ...tiers.map(([name, which]) => lines({
            title: `${name} of the host`, unit: unit.bytes, width: 12,
            description: `Reserved: promised. Allotted: the sum of targets. Charged: what VMs hold or may hold. Resident: what the host really backs.`,
          }, [
            ['capacity', chosen.host('hypertier_host_tier_capacity_bytes', which)],
            ['reserved', chosen.host('hypertier_host_tier_reservation_bytes', which)],
            ['allotted', chosen.host('hypertier_host_tier_target_bytes', which)],
            ['charged', chosen.host('hypertier_host_tier_charged_bytes', which)],
            ['resident', chosen.host('hypertier_host_tier_resident_bytes', which)],
          ])),
          rows({ title: 'VMs', width: 24, description: 'All VMs of the host with their fast memory, as it is now; missing is what they reserved, want and do not have.' },
            { name: { header: 'VM', links: [rowToVm] }, tenant: { header: 'Tenant', links: [rowToTenant] } }, [
              { header: 'FMEM target', expression: vm('hypertier_vm_tier_target_bytes', tier.FMEM) },
              { header: 'FMEM resident', expression: vm('hypertier_vm_tier_resident_bytes', tier.FMEM) },
              { header: 'FMEM reserved', expression: vm('hypertier_vm_tier_reservation_bytes', tier.FMEM) },
              { header: 'FMEM missing', expression: vm('hypertier_vm_tier_missing_bytes', tier.FMEM), thresholds: anyIsBad() },
              { header: 'SMEM target', expression: vm('hypertier_vm_tier_target_bytes', tier.SMEM) },
              { header: 'SMEM resident', expression: vm('hypertier_vm_tier_resident_bytes', tier.SMEM) },
              { header: 'Hot set', expression: vm('hypertier_vm_hot_set_bytes') },
              { header: 'Hit ratio', unit: unit.share, expression: vm('hypertier_vm_fmem_hit_ratio'), thresholds: highIsGood() },
              { header: 'Agent', unit: unit.plain, expression: vm('hypertier_vm_agent_up'), mappings: oneIsGood },
              { header: 'Violating', unit: unit.plain, expression: vm('hypertier_vm_tier_violating', tier.FMEM), mappings: oneIsBad },
            ], 'FMEM missing'),
        ],
      },
      {
        title: 'Who is held to less than it bought, and why',
        panels: [
          lines({
            title: 'Missing, by VM', unit: unit.bytes, width: 8, links: [toVm],
            description: 'What planned VMs reserved and want, and do not have. The other two panels say who keeps it from them.',
          }, [['{{name}}', vm('hypertier_vm_tier_missing_bytes')]]),
          lines({
            title: 'Not given back, by VM', unit: unit.bytes, width: 8, links: [toVm],
            description: 'What guests could not give up at their last attempt, as they say: their programs need it, or it cannot be moved.',
          }, [['{{name}}', vm('hypertier_vm_tier_shortfall_bytes')]]),
          lines({
            title: 'VMs by how they keep to their FMEM', unit: unit.plain, width: 8,
            description: 'Lagging: on the way to its target. Violating: it does not give back. Confined: held to its FMEM by the host, without its help.',
          }, [['{{compliance}}', sum(chosen.host('hypertier_compliance_vms', tier.FMEM), 'compliance')]],
          { stacked: true, words: ['compliant', 'lagging', 'violating', 'confined'] }),
        ],
      },
      {
        title: 'Where fast memory is wasted',
        panels: [
          lines({
            title: 'FMEM free, lent and cold', unit: unit.bytes, width: 12,
            description: 'Free: nobody holds it. Burst: lent above reservations. Cold: beyond the hot sets of those who may use it.',
          }, [
            ['free', chosen.host('hypertier_host_tier_free_bytes', tier.FMEM)],
            ['burst', chosen.host('hypertier_host_tier_burst_bytes', tier.FMEM)],
            ['cold', sum(coldFmem(chosen))],
          ]),
          lines({
            title: 'FMEM hit ratio', unit: unit.share, width: 12, links: [toVm],
            description: 'Share of memory accesses that FMEM serves, as guests estimate. Low beside free or cold FMEM: memory is in the wrong place.',
          }, [['{{name}}', vm('hypertier_vm_fmem_hit_ratio')], ['host', chosen.host('hypertier_host_fmem_hit_ratio')]],
          { most: 1, thresholds: highIsGood() }),
        ],
      },
      {
        title: 'What tiering costs',
        panels: [
          lines({
            title: 'CPUs for placement, by VM', unit: unit.count, width: 8, links: [toVm],
            description: 'CPU time of each guest\'s agent for placement, in CPUs.',
          }, [['{{name}}', byVm(rate(chosen.host('hypertier_vm_placement_cpu_seconds_total')))]], { stacked: true }),
          lines({
            title: 'Memory moved, by VM', unit: unit.bytesPerSecond, width: 8, links: [toVm],
            description: 'What each guest moves between its tiers, both ways.',
          }, [['{{name}}', byVm(rate(chosen.host('hypertier_vm_moved_bytes_total')))]], { stacked: true }),
          lines({
            title: 'Planning one period', unit: unit.seconds, width: 8,
            description: 'How long planning takes, and how much later than due the last period began. A lag that grows: the host is overloaded.',
          }, [
            ['median', quantile(0.5, chosen.host('hypertier_plan_duration_seconds_bucket'))],
            ['99 %', quantile(0.99, chosen.host('hypertier_plan_duration_seconds_bucket'))],
            ['lag', chosen.host('hypertier_period_lag_seconds')],
          ]),
          lines({
            title: 'libvirt calls, slowest 1 %', unit: unit.seconds, width: 8, description: '99th percentile of the time that calls to libvirt take, by call.',
          }, [['{{call}}', quantile(0.99, chosen.host('hypertier_libvirt_call_duration_seconds_bucket'), 'call')]]),
          lines({
            title: 'API calls, slowest 1 %', unit: unit.seconds, width: 8, description: '99th percentile of the time that gRPC calls take, by method.',
          }, [['{{method}}', quantile(0.99, chosen.host('hypertier_rpc_duration_seconds_bucket'), 'method')]]),
          lines({ title: 'API calls', unit: unit.opsPerSecond, width: 8, description: 'gRPC calls by how they ended.' },
            [['{{code}}', sum(rate(chosen.host('hypertier_rpc_total')), 'code')]], { stacked: true }),
        ],
      },
      {
        title: 'What is about to break',
        panels: [
          lines({
            title: 'libvirt calls that fail', unit: unit.opsPerSecond, width: 8,
            description: 'Calls that libvirt refused, and those not answered in time: their domains are left alone until libvirt answers.',
          }, [
            ['failed {{call}}', sum(rate(chosen.host('hypertier_libvirt_call_failures_total')), 'call')],
            ['timed out {{call}}', sum(rate(chosen.host('hypertier_libvirt_call_timeouts_total')), 'call')],
          ]),
          lines({ title: 'Operations', unit: unit.plain, width: 8, description: 'Operations that run, and those that ended within the time shown, by how.' },
            [['running', chosen.host('hypertier_operations_running')],
              ['{{state}}', sum(`increase(${chosen.host('hypertier_operations_total')}[$__rate_interval])`, 'state')]],
            { words: ['succeeded', 'failed', 'cancelled'] }),
          lines({
            title: 'Guests out of memory, by VM', unit: unit.opsPerSecond, width: 8, links: [toVm],
            description: 'Times a second that guests ran out of memory and took some back from their balloons: their targets are too low.',
          }, [['{{name}}', byVm(rate(chosen.host('hypertier_vm_oom_deflates_total')))]]),
          lines({
            title: 'Links reset', unit: unit.opsPerSecond, width: 6,
            description: 'Links to agents that were reset because of what came over them. A guest that goes on so is broken or hostile.',
          }, [['resets', rate(chosen.host('hypertier_vm_events_total', 'kind="link_reset"'))]]),
          lines({ title: 'CPU of hypertierd', unit: unit.count, width: 6, description: 'In CPUs.' },
            [['CPUs', rate(chosen.host('hypertier_process_cpu_seconds_total'))]]),
          lines({ title: 'Memory of hypertierd', unit: unit.bytes, width: 6, description: 'What the process has in memory.' },
            [['resident', chosen.host('hypertier_process_resident_memory_bytes')]]),
          lines({
            title: 'Open files', unit: unit.plain, width: 6, description: 'File descriptors that hypertierd has open: links to agents, calls, the ledger.',
          }, [['open', chosen.host('hypertier_process_open_fds')]]),
        ],
      },
    ];
  },
});

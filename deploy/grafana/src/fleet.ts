// SPDX-License-Identifier: Apache-2.0

import { dashboard } from './dashboard';
import { rowToHost, rowToTenant, rowToVm, toHost, toTenant, uid } from './links';
import { anyIsBad, anyWarns, fullness, highIsGood, oneIsBad, oneIsGood, unit } from './look';
import { bars, lines, numbers, rows, states } from './panels';
import { max, min, orNothing, quantile, rate, sum, tier, tiers, top } from './query';
import { coldFmem } from './shares';

export const fleet = dashboard({
  uid: uid.fleet,
  title: 'HyperTier: fleet',
  description: 'All hosts together: who uses which tier, who has less than it bought, where fast memory is wasted, what breaks next.',
  variables: ['instance'],
  many: ['instance'],
  rows: (chosen) => {
    const missing = top(10, sum(chosen.host('hypertier_vm_tier_missing_bytes'), 'instance', 'vm'));
    const ofThose = (series: string) => sum(chosen.vms(`(${series} and on (instance, vm) ${missing})`), 'instance', 'name', 'tenant');
    return [
      {
        title: 'At a glance',
        panels: [
          numbers({ title: 'Hosts', unit: unit.plain, width: 4, description: 'Hosts whose hypertierd answers Prometheus, and those where it does not.' }, [
            ['up', orNothing(`count(${chosen.host('up', 'job="hypertierd"')} == 1)`)],
            ['down', orNothing(`count(${chosen.host('up', 'job="hypertierd"')} == 0)`)],
          ], { words: ['up', 'down'] }),
          numbers({
            title: 'Closed to new VMs', unit: unit.plain, width: 3,
            description: 'Hosts that are degraded (no libvirt, nothing planned, or reservations that do not fit) or in maintenance.',
          }, [['hosts', `sum((${chosen.host('hypertier_host_degraded')} + on (instance) ${chosen.host('hypertier_host_maintenance')}) > bool 0)`]],
          { thresholds: anyWarns() }),
          numbers({
            title: 'VMs', unit: unit.plain, width: 5,
            description: 'Domains that libvirt knows: governed by hypertierd, waiting for their agent or targets, or left alone.',
          }, [['{{management}}', sum(chosen.host('hypertier_vms'), 'management')]], { words: ['managed', 'waiting', 'unmanaged'] }),
          numbers({
            title: 'Reserved, wanted, not had', unit: unit.bytes, width: 5,
            description: 'What planned VMs have less than what they reserved and want. Above 0 for long, somebody does not get what it bought.',
          }, tiers.map(([name, which]) => [name, sum(chosen.host('hypertier_host_tier_missing_bytes', which))]),
          { thresholds: anyIsBad() }),
          numbers({
            title: 'FMEM hit ratio', unit: unit.share, width: 4,
            description: 'Share of guests\' memory accesses that FMEM serves, as they estimate: mean of the hosts, and the worst of them.',
          }, [['mean', `avg(${chosen.host('hypertier_host_fmem_hit_ratio')})`], ['worst', `min(${chosen.host('hypertier_host_fmem_hit_ratio')})`]],
          { thresholds: highIsGood() }),
          numbers({ title: 'Alerts', unit: unit.plain, width: 3, description: 'Alerts of these hosts that fire now.' },
            [['firing', orNothing(`count(${chosen.host('ALERTS', 'alertstate="firing"')})`)]], { thresholds: anyIsBad() }),
        ],
      },
      {
        title: 'Who uses which tier',
        panels: [
          ...tiers.map(([name, which]) => lines({
            title: `${name} of all hosts`, unit: unit.bytes, width: 12,
            description: `${name}: what there is, what is reserved, what VMs may use (allotted), and what hosts really back (resident).`,
          }, [
            ['capacity', sum(chosen.host('hypertier_host_tier_capacity_bytes', which))],
            ['reserved', sum(chosen.host('hypertier_host_tier_reservation_bytes', which))],
            ['allotted', sum(chosen.host('hypertier_host_tier_target_bytes', which))],
            ['resident', sum(chosen.host('hypertier_host_tier_resident_bytes', which))],
          ])),
          ...tiers.map(([name, which]) => bars({
            title: `${name} taken, by host`, unit: unit.share, width: 6, links: [toHost],
            description: `Share of a host's ${name} that VMs hold or may hold. A host that is full can take no VM and lend nothing.`,
          }, [['{{instance}}', `${sum(chosen.host('hypertier_host_tier_charged_bytes', which), 'instance')} / ${
            sum(chosen.host('hypertier_host_tier_capacity_bytes', which), 'instance')}`]], { thresholds: fullness(), most: 1 })),
          ...tiers.map(([name, which]) => bars({
            title: `${name} by tenant`, unit: unit.bytes, width: 6, links: [toTenant],
            description: `The ten tenants whose VMs may use most ${name}.`,
          }, [['{{tenant}}', top(10, sum(chosen.host('hypertier_tenant_tier_target_bytes', which), 'tenant'))]])),
        ],
      },
      {
        title: 'Who is held to less than it bought, and why',
        panels: [
          rows({
            title: 'Tenants', width: 12, height: 8,
            description: 'FMEM of each tenant: what it and its VMs reserve, what they may use, what that is above reservations, and what is missing.',
          }, { tenant: { header: 'Tenant', links: [rowToTenant] } }, [
            { header: 'Reserved', expression: sum(chosen.host('hypertier_tenant_tier_reservation_bytes', tier.FMEM), 'tenant') },
            { header: 'By its VMs', expression: sum(chosen.host('hypertier_tenant_tier_vms_reservation_bytes', tier.FMEM), 'tenant') },
            { header: 'Allotted', expression: sum(chosen.host('hypertier_tenant_tier_target_bytes', tier.FMEM), 'tenant') },
            { header: 'Resident', expression: sum(chosen.host('hypertier_tenant_tier_resident_bytes', tier.FMEM), 'tenant') },
            { header: 'Burst', expression: sum(chosen.host('hypertier_tenant_tier_burst_bytes', tier.FMEM), 'tenant') },
            {
              header: 'Missing', thresholds: anyIsBad(),
              expression: sum(chosen.host('hypertier_tenant_tier_missing_bytes', tier.FMEM), 'tenant'),
            },
          ], 'Missing'),
          lines({
            title: 'VMs by how they keep to their FMEM', unit: unit.plain, width: 12,
            description: 'Lagging: on the way to its target. Violating: it does not give back. Confined: held to its FMEM by the host, without its help.',
          }, [['{{compliance}}', sum(chosen.host('hypertier_compliance_vms', tier.FMEM), 'compliance')]],
          { stacked: true, words: ['compliant', 'lagging', 'violating', 'confined'] }),
          rows({
            title: 'VMs that miss most of what they reserved', width: 24,
            description: 'Missing: reserved, wanted, not had. Why: the host has no more free (see the host), the VM\'s agent is down, or another VM cannot '
              + 'give back (shortfall) or does not (violating).',
          }, {
            name: { header: 'VM', links: [rowToVm] }, tenant: { header: 'Tenant', links: [rowToTenant] },
            instance: { header: 'Host', links: [rowToHost] },
          }, [
            { header: 'Missing', thresholds: anyIsBad(), expression: ofThose(chosen.host('hypertier_vm_tier_missing_bytes')) },
            { header: 'FMEM reserved', expression: ofThose(chosen.host('hypertier_vm_tier_reservation_bytes', tier.FMEM)) },
            { header: 'FMEM target', expression: ofThose(chosen.host('hypertier_vm_tier_target_bytes', tier.FMEM)) },
            { header: 'FMEM resident', expression: ofThose(chosen.host('hypertier_vm_tier_resident_bytes', tier.FMEM)) },
            { header: 'Shortfall', thresholds: anyWarns(), expression: ofThose(chosen.host('hypertier_vm_tier_shortfall_bytes', tier.FMEM)) },
            { header: 'Agent', unit: unit.plain, mappings: oneIsGood, expression: ofThose(chosen.host('hypertier_vm_agent_up')) },
            {
              header: 'Violating', unit: unit.plain, mappings: oneIsBad,
              expression: ofThose(chosen.host('hypertier_vm_tier_violating', tier.FMEM)),
            },
          ], 'Missing'),
        ],
      },
      {
        title: 'Where fast memory is wasted',
        panels: [
          lines({
            title: 'Free FMEM beside a low hit ratio', unit: unit.bytes, width: 8, links: [toHost],
            description: 'FMEM that nobody holds on a host whose guests find less than 90 % of their accesses in FMEM: limits or targets are too low.',
          }, [['{{instance}}', `${sum(chosen.host('hypertier_host_tier_free_bytes', tier.FMEM), 'instance')} * on (instance) (${
            max(chosen.host('hypertier_host_fmem_hit_ratio'), 'instance')} < bool 0.9)`]]),
          lines({
            title: 'Cold FMEM', unit: unit.bytes, width: 8, links: [toHost],
            description: 'FMEM that VMs may use beyond their hot sets: others could make more of it.',
          }, [['{{instance}}', sum(coldFmem(chosen), 'instance')]]),
          lines({
            title: 'FMEM lent, by tenant', unit: unit.bytes, width: 8, links: [toTenant],
            description: 'What planned VMs have above their reservations and can be taken back. It is used, but nobody pays for it.',
          }, [['{{tenant}}', sum(chosen.host('hypertier_tenant_tier_burst_bytes', tier.FMEM), 'tenant')]], { stacked: true }),
        ],
      },
      {
        title: 'What tiering costs',
        panels: [
          lines({
            title: 'CPUs for placement', unit: unit.count, width: 8,
            description: 'CPU time of all guests\' agents for placement, in CPUs, by stage.',
          }, [['{{stage}}', sum(rate(chosen.host('hypertier_vm_placement_cpu_seconds_total')), 'stage')]],
          { stacked: true, words: ['sampling', 'classification', 'migration'] }),
          lines({
            title: 'Memory moved between tiers', unit: unit.bytesPerSecond, width: 8,
            description: 'What guests move between their tiers, by how: exchanged in place, promoted to FMEM, demoted to SMEM.',
          }, [['{{how}}', sum(rate(chosen.host('hypertier_vm_moved_bytes_total')), 'how')]],
          { stacked: true, words: ['exchange', 'promotion', 'demotion'] }),
          lines({
            title: 'Planning, slowest 1 %', unit: unit.seconds, width: 8, links: [toHost],
            description: '99th percentile of the time that a host needs to plan one period.',
          }, [['{{instance}}', quantile(0.99, chosen.host('hypertier_plan_duration_seconds_bucket'), 'instance')]]),
        ],
      },
      {
        title: 'What is about to break',
        panels: [
          states({
            title: 'Hosts in trouble', unit: unit.plain, width: 8, links: [toHost],
            description: 'Degraded (no libvirt, nothing planned, or reservations that do not fit), unable to write the ledger, or with a configuration '
              + 'that is not in force.',
          }, [['{{instance}}', `${max(chosen.host('hypertier_host_degraded'), 'instance')} > 0 or (1 - ${
            min(chosen.host('hypertier_ledger_writable'), 'instance')}) > 0 or 1 - ${
            min(chosen.host('hypertier_config_in_force'), 'instance')}`]], oneIsBad),
          lines({
            title: 'Agents that do not report', unit: unit.plain, width: 8, links: [toHost],
            description: 'Two-tier VMs that run while their agent is silent: their targets cannot change.',
          }, [['{{instance}}', sum(chosen.host('hypertier_agents', 'link="down"'), 'instance')]]),
          lines({
            title: 'Guests out of memory', unit: unit.opsPerSecond, width: 8, links: [toHost],
            description: 'Times a second that guests ran out of memory and took some back from their balloons: their targets are too low.',
          }, [['{{instance}}', sum(rate(chosen.host('hypertier_vm_oom_deflates_total')), 'instance')]]),
        ],
      },
    ];
  },
});

// SPDX-License-Identifier: Apache-2.0
//
// One VM, in full. Made anew for each VM that is looked at; kept while it is.

import { Bar } from './bars.js';
import { Chart } from './charts.js';
import { el, setAttribute, setText } from './dom.js';
import { Facts } from './facts.js';
import { bytesText, numberText, percentText, tierText, timeText, wordText } from './format.js';
import { Lines } from './lines.js';
import { stateOf } from './state.js';

/** @typedef {import('./api').FullVm} FullVm */
/** @typedef {import('./api').FullTier} FullTier */

class TierPanel {
  /** @param {import('./api').Tier} tier */
  constructor(tier) {
    this.bar = new Bar('cell');
    this.facts = new Facts();
    this.reason = el('p', { class: 'reason' });
    this.element = el('div', { class: `panel ${tier}`, 'data-tier': tier }, el('h3', {}, tierText(tier)), this.bar.element, this.reason, this.facts.element);
  }

  /** @param {FullTier} tier */
  update(tier) {
    this.bar.update({ whole: tier.cell_bytes, resident: tier.resident_bytes, target: tier.target_bytes, reserved: tier.reservation_bytes });
    setText(this.reason, tier.reason === '' ? 'Its target is as it was set; nobody plans it.' : tier.reason);
    this.facts.update({
      Resident: { bytes: tier.resident_bytes },
      Target: { bytes: tier.target_bytes },
      Cell: { bytes: tier.cell_bytes },
      Balloon: { bytes: tier.balloon_bytes },
      Reserved: { bytes: tier.reservation_bytes },
      Limit: { bytes: tier.limit_bytes },
      Shares: numberText(tier.shares),
      Charged: { bytes: tier.charged_bytes },
      Missing: { bytes: tier.missing_bytes },
      Shortfall: { bytes: tier.shortfall_bytes },
      Displaced: { bytes: tier.displaced_bytes },
      'Least target': { bytes: tier.floor_bytes },
      'Free in the guest': { bytes: tier.free_bytes },
      'Balloon is': wordText(tier.state),
      Compliance: tier.compliance ?? 'not known',
      Pace: tier.pace_bytes_per_second === null ? '–' : `${bytesText(tier.pace_bytes_per_second)}/s`,
    });
  }
}

/** @param {string} heading @param {...Node} children */
function section(heading, ...children) {
  const id = `${heading.toLowerCase().replaceAll(' ', '-')}-of-vm`;
  return el('section', { 'aria-labelledby': id }, el('h3', { id }, heading), ...children);
}

export class Details {
  /** @param {string} uuid */
  constructor(uuid) {
    this.uuid = uuid;
    this.heading = el('h2', { tabindex: '-1', id: 'vm-heading' }, 'Asking hypertierd…');
    this.state = el('span', { class: 'state' });
    this.reason = el('p', { class: 'reason' });
    this.facts = new Facts();
    this.panels = el('div', { class: 'panels' });
    /** @type {TierPanel[]} */
    this.tiers = [];
    const charts = el('div', { class: 'charts' });
    this.lines = new Lines(charts);
    this.curve = new Chart('Share of accesses that so much FMEM would serve, the hottest memory first', 'ratio');
    this.placement = new Facts();
    this.noPlacement = el('p', { class: 'dim' }, 'Its agent does not say which memory is hot.');
    this.curveSection = section('Hotness curve', this.noPlacement, this.curve.element, this.placement.element);
    this.events = el('tbody');
    this.content = el(
      'div',
      {},
      el('p', {}, this.state),
      this.reason,
      this.facts.element,
      this.panels,
      section('Last hour', charts),
      this.curveSection,
      section('Events', el('div', { class: 'scroll', role: 'region', 'aria-label': 'Table of events', tabindex: '0' }, el(
        'table',
        { class: 'events' },
        el('thead', {}, el('tr', {}, ...['Time', 'Event', 'Message'].map((name) => el('th', { scope: 'col' }, name)))),
        this.events,
      ))),
    );
    this.content.hidden = true;
    this.gone = el('p', {}, 'libvirt has no such VM on this host, or no longer.');
    this.gone.hidden = true;
    this.element = el('article', { 'aria-labelledby': 'vm-heading' }, el('p', {}, el('a', { href: '#', class: 'back' }, 'All VMs')), this.heading, this.gone, this.content);
  }

  showGone() {
    setText(this.heading, `VM ${this.uuid}`);
    this.content.hidden = true;
    this.gone.hidden = false;
  }

  /** @param {import('./api').VmDocument} answer */
  update(answer) {
    const { vm } = answer;
    this.content.hidden = false;
    this.gone.hidden = true;
    setText(this.heading, vm.name);
    const { word, mood } = stateOf(vm);
    setText(this.state, word);
    setAttribute(this.state, 'data-mood', mood);
    const problems = [vm.reason, ...vm.policy_problems].filter((text) => text !== '').join('; ');
    setText(this.reason, problems);
    this.reason.hidden = problems === '';
    this.updateFacts(vm);
    this.updateTiers(vm);
    this.lines.update(answer.timeline, answer.time, vm.tiers.map((tier) => tier.cell_bytes));
    this.updatePlacement(vm);
    this.updateEvents(vm);
  }

  /** @param {FullVm} vm */
  updateFacts(vm) {
    this.facts.update({
      UUID: vm.uuid,
      Tenant: vm.tenant === '' ? 'none' : vm.tenant,
      Domain: wordText(vm.state),
      Targets: vm.mode === 'auto' ? 'planned by hypertierd' : 'as they were set',
      Provisioner: vm.provisioner === null ? 'none' : wordText(vm.provisioner),
      Agent: vm.agent.link,
      'Agent version': vm.agent.version || '–',
      'Guest kernel': vm.agent.kernel_release || '–',
      'Last report': timeText(vm.agent.last_report_time),
      'Hit ratio': percentText(vm.hit_ratio),
      'Waiting for memory': percentText(vm.agent.memory_pressure),
      'Out of memory': `${numberText(vm.agent.oom_deflates)} times, took back ${bytesText(vm.agent.oom_deflated_bytes)}`,
      'Link resets': numberText(vm.agent.link_resets),
      'Impossible figures': numberText(vm.agent.implausible_figures),
      'Resize running': vm.operation || 'none',
    });
  }

  /** @param {FullVm} vm */
  updateTiers(vm) {
    vm.tiers.forEach((tier, i) => {
      let panel = this.tiers[i];
      if (panel === undefined) {
        panel = new TierPanel(tier.tier);
        this.tiers[i] = panel;
        this.panels.append(panel.element);
      }
      panel.update(tier);
    });
    this.panels.hidden = vm.tiers.length === 0;
  }

  /** @param {FullVm} vm */
  updatePlacement(vm) {
    const placement = vm.placement;
    const curve = placement === null ? [] : placement.curve;
    this.noPlacement.hidden = placement !== null;
    this.placement.element.hidden = placement === null;
    this.curve.element.hidden = curve.length === 0;
    if (placement === null) return;
    const cpu = (/** @type {number} */ ns) => `${(ns / 1e9).toFixed(2)} s`;
    this.placement.update({
      Source: placement.source === '' ? 'none' : placement.source,
      'Why this source': placement.source_reason || '–',
      'Accesses a second': numberText(Math.round(placement.access_rate)),
      'Hot memory that fits': { bytes: placement.hot_set_bytes },
      'Ranges, processes': `${numberText(placement.ranges)}, ${numberText(placement.processes)}`,
      'Samples, lost': `${numberText(placement.samples)}, ${numberText(placement.samples_lost)}`,
      Exchanged: { bytes: placement.exchanged_bytes },
      Promoted: { bytes: placement.promoted_bytes },
      Demoted: { bytes: placement.demoted_bytes },
      'Pages refused': numberText(placement.refused_pages),
      'TLB flushes': numberText(placement.tlb_flushes),
      'CPU of sampling': cpu(placement.sampling_cpu_ns),
      'CPU of classification': cpu(placement.classification_cpu_ns),
      'CPU of migration': cpu(placement.migration_cpu_ns),
    });
    const fmem = vm.tiers[0];
    if (fmem === undefined || curve.length === 0) return;
    const points = [{ fmem_bytes: 0, share: 0 }, ...curve.filter((point) => point.fmem_bytes > 0)];
    const most = Math.max(fmem.cell_bytes, ...points.map((point) => point.fmem_bytes));
    this.curve.update({
      xs: points.map((point) => point.fmem_bytes),
      ticks: [0, 0.25, 0.5, 0.75, 1].map((share) => ({ at: share * most, text: bytesText(share * most) })),
      range: [0, most],
      gap: Infinity,
      xName: 'FMEM',
      xTexts: points.map((point) => bytesText(point.fmem_bytes)),
      series: [{ name: 'share of accesses', style: 'hits', values: points.map((point) => point.share) }],
      top: 1,
      marks: fmem.target_bytes === null ? [] : [{ at: fmem.target_bytes, text: `target ${bytesText(fmem.target_bytes)}` }],
    });
  }

  /** @param {FullVm} vm */
  updateEvents(vm) {
    const key = JSON.stringify(vm.events);
    if (key === this.events.dataset['shown']) return;
    this.events.dataset['shown'] = key;
    const rows = [...vm.events].reverse().map((event) => el('tr', {}, el('td', {}, timeText(event.time)), el('td', {}, wordText(event.kind)), el('td', {}, event.message)));
    if (rows.length === 0) rows.push(el('tr', {}, el('td', { colspan: 3, class: 'dim' }, 'Nothing has happened to it since hypertierd started.')));
    this.events.replaceChildren(...rows);
  }
}

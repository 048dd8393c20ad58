// SPDX-License-Identifier: Apache-2.0
//
// The host: what there is of each tier, and what a person should see to.

import { Bar } from './bars.js';
import { arrange, byId, el, setText } from './dom.js';
import { Facts } from './facts.js';
import { numberText, percentText, tierText, timeText } from './format.js';

/** @typedef {{ element: HTMLElement, bar: Bar, facts: Facts }} Panel */

/** @type {Map<string, Panel>} */
const panels = new Map();
const facts = new Facts(byId('host-facts', HTMLDListElement));

/** @param {import('./api').Tier} tier @returns {Panel} */
function makePanel(tier) {
  const bar = new Bar('capacity');
  const own = new Facts();
  const name = tier === 'fmem' ? 'fast memory' : 'slow memory';
  const element = el('div', { class: `panel ${tier}`, 'data-tier': tier }, el('h3', {}, tierText(tier), el('span', { class: 'dim' }, ` ${name}`)), bar.element, own.element);
  return { element, bar, facts: own };
}

/** @param {import('./api').Host} host */
function problemsOf(host) {
  const sentences = [...host.problems];
  if (host.maintenance !== null) {
    const { reason, actor, begin_time: since } = host.maintenance;
    sentences.unshift(`in maintenance since ${timeText(since)}, no target is changed: ${reason || 'no reason was given'} (${actor})`);
  }
  if (host.degraded && sentences.length === 0) sentences.push('degraded: no new VM should come here');
  return sentences;
}

/** @param {import('./api').Host} host */
export function showHost(host) {
  setText(byId('host-name', HTMLElement), host.name);

  const list = byId('problems', HTMLUListElement);
  const sentences = problemsOf(host);
  if (list.dataset['shown'] !== sentences.join('\n')) {
    list.dataset['shown'] = sentences.join('\n');
    list.replaceChildren(...sentences.map((sentence) => el('li', {}, sentence)));
  }
  list.hidden = sentences.length === 0;

  for (const tier of host.tiers) {
    let panel = panels.get(tier.tier);
    if (panel === undefined) {
      panel = makePanel(tier.tier);
      panels.set(tier.tier, panel);
    }
    panel.bar.update({ whole: tier.capacity_bytes, resident: tier.resident_bytes, target: tier.target_bytes, reserved: tier.reservation_bytes });
    panel.facts.update({
      Capacity: { bytes: tier.capacity_bytes },
      Reserved: { bytes: tier.reservation_bytes },
      Targets: { bytes: tier.target_bytes },
      Charged: { bytes: tier.charged_bytes },
      Resident: { bytes: tier.resident_bytes },
      Burst: { bytes: tier.burst_bytes },
      Missing: { bytes: tier.missing_bytes },
      Free: { bytes: tier.free_bytes },
    });
  }
  arrange(byId('host-tiers', HTMLElement), [...panels.values()].map((panel) => panel.element));

  facts.update({
    Policy: host.policy === '' ? 'none' : host.policy,
    'New VMs': host.degraded ? 'should not come here' : 'welcome',
    'FMEM hit ratio': percentText(host.hit_ratio),
    'VMs managed, waiting, unmanaged': `${numberText(host.vms.managed)}, ${numberText(host.vms.waiting)}, ${numberText(host.vms.unmanaged)}`,
    'Agents up, down': `${numberText(host.agents.up)}, ${numberText(host.agents.down)}`,
    'Resizes running': numberText(host.operations_running),
  });
}

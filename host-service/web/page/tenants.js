// SPDX-License-Identifier: Apache-2.0
//
// A table of the tenants, with a bar for each tier.

import { Bar, setBytes } from './bars.js';
import { arrange, byId, el, setAttribute, setText } from './dom.js';
import { numberText } from './format.js';

class Row {
  /** @param {string} id */
  constructor(id) {
    this.name = el('th', { scope: 'row' });
    this.vms = el('td', { class: 'number' });
    this.bars = [new Bar('limit'), new Bar('limit')];
    this.reserved = [el('td', { class: 'number', 'data-field': 'reserved' }), el('td', { class: 'number', 'data-field': 'reserved' })];
    this.element = el('tr', { 'data-tenant': id }, this.name, this.vms, ...this.bars.flatMap((bar, i) => {
      const tier = i === 0 ? 'fmem' : 'smem';
      const reserved = /** @type {HTMLElement} */ (this.reserved[i]);
      return [el('td', { class: tier, 'data-tier': tier }, bar.element), reserved];
    }));
    this.key = '';
  }

  /** @param {import('./api').Tenant} tenant */
  update(tenant) {
    const key = JSON.stringify(tenant);
    if (key === this.key) return;
    this.key = key;
    setText(this.name, tenant.display_name === '' ? tenant.id : `${tenant.display_name} (${tenant.id})`);
    if (tenant.problems.length > 0) this.name.append(el('p', { class: 'problem' }, tenant.problems.join('; ')));
    setText(this.vms, numberText(tenant.vms));
    tenant.tiers.forEach((tier, i) => {
      // Without a limit the bar is as long as the most of what it shows.
      const reserved = Math.max(tier.reservation_bytes, tier.vms_reservation_bytes);
      const most = Math.max(tier.target_bytes, tier.resident_bytes, reserved);
      this.bars[i]?.update({ whole: tier.limit_bytes ?? most, resident: tier.resident_bytes, target: tier.target_bytes, reserved });
      const limit = this.bars[i]?.texts.whole;
      if (limit !== undefined && tier.limit_bytes === null) {
        setText(limit, 'none');
        setAttribute(limit, 'title', null);
        setAttribute(limit, 'data-bytes', null);
      }
      const cell = this.reserved[i];
      if (cell !== undefined) setBytes(cell, reserved);
    });
  }
}

/** @type {Map<string, Row>} */
const rows = new Map();
const body = el('tbody');
const none = el('p', { class: 'dim' }, 'No tenant has terms, and no VM names one.');
const table = el('div', { class: 'scroll', role: 'region', 'aria-label': 'Table of tenants', tabindex: '0' }, el(
  'table',
  { class: 'tenants' },
  el('thead', {}, el('tr', {}, ...['Tenant', 'VMs', 'FMEM', 'FMEM reserved', 'SMEM', 'SMEM reserved'].map((name) => el('th', { scope: 'col' }, name)))),
  body,
));

/** @param {import('./api').Tenant[]} tenants */
export function showTenants(tenants) {
  const known = new Set(tenants.map((tenant) => tenant.id));
  for (const id of rows.keys()) if (!known.has(id)) rows.delete(id);
  const shown = tenants.map((tenant) => {
    let row = rows.get(tenant.id);
    if (row === undefined) {
      row = new Row(tenant.id);
      rows.set(tenant.id, row);
    }
    row.update(tenant);
    return row.element;
  });
  arrange(body, shown);
  arrange(byId('tenants', HTMLElement), [shown.length === 0 ? none : table]);
}

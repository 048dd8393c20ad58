// SPDX-License-Identifier: Apache-2.0
//
// The table of all VMs: searched, filtered and sorted here, so that it costs hypertierd nothing. Rows are kept from one
// refresh to the next, and written only where their VM has changed; the browser lays out those in sight only (content-visibility).

import { Bar } from './bars.js';
import { arrange, byId, el, setAttribute, setText } from './dom.js';
import { numberText, percentText } from './format.js';
import { reasonOf, STATES, stateOf } from './state.js';

/** @typedef {import('./api').Vm} Vm */
/** @typedef {{ name: string, value: (vm: Vm) => string | number }} Column */

/** @param {Vm} vm @param {number} tier */
const held = (vm, tier) => vm.tiers[tier]?.resident_bytes ?? vm.tiers[tier]?.target_bytes ?? -1;

/** @type {Column[]} */
const COLUMNS = [
  { name: 'VM', value: (vm) => vm.name },
  { name: 'Tenant', value: (vm) => vm.tenant },
  { name: 'State', value: (vm) => STATES.indexOf(stateOf(vm).word) },
  { name: 'FMEM', value: (vm) => held(vm, 0) },
  { name: 'SMEM', value: (vm) => held(vm, 1) },
  { name: 'Hit ratio', value: (vm) => vm.hit_ratio ?? -1 },
  { name: 'Why', value: reasonOf },
];

const ROWS_AT_A_TIME = 100;

/** @param {string} uuid */
export function hrefOf(uuid) {
  return `#vm=${uuid}`;
}

class Row {
  /** @param {string} uuid */
  constructor(uuid) {
    this.link = el('a', { href: hrefOf(uuid) });
    this.tenant = el('td', { role: 'cell' });
    this.state = el('span', { class: 'state' });
    this.bars = [new Bar('cell'), new Bar('cell')];
    this.tiers = this.bars.map((_, i) => {
      const tier = i === 0 ? 'fmem' : 'smem';
      return el('td', { role: 'cell', class: tier, 'data-tier': tier, 'data-label': tier.toUpperCase() });
    });
    this.hits = el('td', { role: 'cell', class: 'number', 'data-label': 'Hit ratio' });
    this.reason = el('span', { class: 'clamped' });
    this.element = el(
      'tr',
      { role: 'row', 'data-uuid': uuid },
      el('th', { role: 'rowheader', scope: 'row' }, this.link),
      this.tenant,
      el('td', { role: 'cell' }, this.state),
      ...this.tiers,
      this.hits,
      el('td', { role: 'cell', class: 'why' }, this.reason),
    );
    /** @type {Vm | null} */
    this.vm = null;
    this.key = '';
    /** What the search looks at. */
    this.words = '';
    this.stateWord = '';
  }

  /** @param {Vm} vm */
  update(vm) {
    if (vm === this.vm) return;
    this.vm = vm;
    const key = JSON.stringify(vm);
    if (key === this.key) return;
    this.key = key;
    const { word, mood } = stateOf(vm);
    const reason = reasonOf(vm);
    this.words = `${vm.name}\n${vm.tenant}\n${vm.uuid}\n${word}\n${reason}`.toLowerCase();
    this.stateWord = word;
    setText(this.link, vm.name);
    setText(this.tenant, vm.tenant === '' ? '–' : vm.tenant);
    setText(this.state, word);
    setAttribute(this.state, 'data-mood', mood);
    this.tiers.forEach((cell, i) => {
      const tier = vm.tiers[i];
      const bar = /** @type {Bar} */ (this.bars[i]);
      if (tier === undefined) {
        setText(cell, '–');
        return;
      }
      if (bar.element.parentNode !== cell) cell.replaceChildren(bar.element);
      bar.update({ whole: tier.cell_bytes, resident: tier.resident_bytes, target: tier.target_bytes, reserved: tier.reservation_bytes });
    });
    setText(this.hits, percentText(vm.hit_ratio));
    setText(this.reason, reason);
    setAttribute(this.reason, 'title', reason === '' ? null : reason);
  }
}

export class VmTable {
  constructor() {
    /** @type {Map<string, Row>} */
    this.rows = new Map();
    /** @type {Vm[]} */
    this.vms = [];
    /** What makes more rows. @type {{ frame?: number, timer?: number }} */
    this.more = {};
    this.sort = { column: 0, descending: false };
    this.search = byId('search', HTMLInputElement);
    this.filter = byId('filter', HTMLSelectElement);
    this.count = byId('count', HTMLElement);
    this.heads = COLUMNS.map((column, i) => {
      const button = el('button', { type: 'button' }, column.name);
      button.addEventListener('click', () => this.sortBy(i));
      return el('th', { role: 'columnheader', scope: 'col' }, button);
    });
    this.body = el('tbody', { role: 'rowgroup' });
    byId('vms', HTMLElement).append(el(
      'table',
      { class: 'vms', role: 'table', 'aria-labelledby': 'vms-heading' },
      el('thead', { role: 'rowgroup' }, el('tr', { role: 'row' }, ...this.heads)),
      this.body,
    ));
    this.search.addEventListener('input', () => this.show());
    this.filter.addEventListener('change', () => this.show());
    this.body.addEventListener('click', (event) => this.clicked(event));
    this.body.addEventListener('keydown', (event) => this.pressed(event));
    this.showStates();
  }

  /** @param {number} column */
  sortBy(column) {
    this.sort = { column, descending: this.sort.column === column && !this.sort.descending };
    this.show();
  }

  /**
   * All of a row leads to its VM, not only the link in it.
   * @param {MouseEvent} event
   */
  clicked(event) {
    if (!(event.target instanceof Element) || event.target.closest('a') !== null || getSelection()?.type === 'Range') return;
    event.target.closest('tr')?.querySelector('a')?.click();
  }

  /**
   * Arrows, Home and End lead from link to link.
   * @param {KeyboardEvent} event
   */
  pressed(event) {
    const links = [...this.body.querySelectorAll('tr:not([hidden]) a')];
    const at = links.indexOf(/** @type {Element} */ (document.activeElement));
    if (at < 0 || event.ctrlKey || event.altKey || event.metaKey) return;
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: links.length - 1 }[event.key];
    const link = to === undefined ? undefined : links[to];
    if (!(link instanceof HTMLElement)) return;
    event.preventDefault();
    link.focus();
  }

  /** @param {Vm[]} vms */
  update(vms) {
    this.vms = vms;
    const known = new Set(vms.map((vm) => vm.uuid));
    for (const uuid of this.rows.keys()) if (!known.has(uuid)) this.rows.delete(uuid);
    this.fill();
  }

  /**
   * Updates the rows, and makes those that are missing, a few at a time: the first are on the screen before the last are made. They get into
   * the document with the first and when all are there, so that the browser lays the table out twice.
   */
  fill() {
    cancelAnimationFrame(this.more.frame ?? 0);
    clearTimeout(this.more.timer);
    const first = this.rows.size === 0;
    let made = 0;
    for (const vm of this.complete ? this.vms : this.ordered()) {
      let row = this.rows.get(vm.uuid);
      if (row === undefined) {
        if (made === ROWS_AT_A_TIME) continue;
        made += 1;
        row = new Row(vm.uuid);
        this.rows.set(vm.uuid, row);
      }
      row.update(vm);
    }
    if (this.complete || first) {
      this.showStates();
      this.show();
    }
    // After a frame has been drawn with the first.
    const more = () => { this.more.timer = setTimeout(() => this.fill(), 0); };
    if (!this.complete && first) this.more.frame = requestAnimationFrame(more);
    if (!this.complete && !first) more();
  }

  get complete() {
    return this.rows.size === this.vms.length;
  }

  /** The choices of the filter, with how many there are of each. */
  showStates() {
    /** @type {Map<string, number>} */
    const counts = new Map();
    for (const row of this.rows.values()) counts.set(row.stateWord, (counts.get(row.stateWord) ?? 0) + 1);
    const chosen = this.filter.value;
    const choices = [['', `all (${numberText(this.rows.size)})`]];
    for (const word of STATES) {
      const count = counts.get(word) ?? 0;
      if (count > 0 || word === chosen) choices.push([word, `${word} (${numberText(count)})`]);
    }
    const key = JSON.stringify(choices);
    if (key === this.filter.dataset['shown']) return;
    this.filter.dataset['shown'] = key;
    this.filter.replaceChildren(...choices.map(([value = '', text = '']) => el('option', { value }, text)));
    this.filter.value = chosen;
  }

  /** The VMs in the order chosen; equals stay in hypertierd's, by name. */
  ordered() {
    const { column, descending } = this.sort;
    const value = /** @type {Column} */ (COLUMNS[column]).value;
    const sign = descending ? -1 : 1;
    const keys = new Map(this.vms.map((vm) => [vm.uuid, value(vm)]));
    const compare = (/** @type {string | number} */ a, /** @type {string | number} */ b) => (
      typeof a === 'string' && typeof b === 'string' ? COLLATOR.compare(a, b) : Number(a) - Number(b));
    return [...this.vms].sort((a, b) => sign * compare(keys.get(a.uuid) ?? 0, keys.get(b.uuid) ?? 0));
  }

  /** Puts the rows into order, and hides those that are not looked for. */
  show() {
    const { column, descending } = this.sort;
    const words = this.search.value.toLowerCase().split(/\s+/).filter((word) => word !== '');
    const state = this.filter.value;
    let matching = 0;
    const elements = this.ordered().flatMap((vm) => {
      const row = this.rows.get(vm.uuid);
      if (row === undefined) return [];
      const matches = words.every((word) => row.words.includes(word)) && (state === '' || row.stateWord === state);
      if (row.element.hidden === matches) row.element.hidden = !matches;
      matching += matches ? 1 : 0;
      return [row.element];
    });
    arrange(this.body, elements);
    this.heads.forEach((head, i) => setAttribute(head, 'aria-sort', i !== column ? 'none' : descending ? 'descending' : 'ascending'));
    // It is read aloud: once, when all are there.
    if (!this.complete) return;
    const all = this.vms.length;
    setText(this.count, matching === all ? `${numberText(all)} VMs` : `${numberText(matching)} of ${numberText(all)} VMs`);
  }
}

const COLLATOR = new Intl.Collator('en', { numeric: true });

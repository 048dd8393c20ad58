// SPDX-License-Identifier: Apache-2.0
//
// Names and values under each other.

import { el, setText } from './dom.js';
import { setBytes } from './bars.js';

/** @typedef {string | { bytes: number | null }} Fact */

export class Facts {
  /** @param {HTMLElement} [list] a dl */
  constructor(list = el('dl', { class: 'facts' })) {
    this.element = list;
    /** @type {Map<string, HTMLElement>} */
    this.values = new Map();
  }

  /**
   * Values by name. The same names each time.
   * @param {Record<string, Fact>} facts
   */
  update(facts) {
    for (const [name, fact] of Object.entries(facts)) {
      let value = this.values.get(name);
      if (value === undefined) {
        value = el('dd', { 'data-fact': name });
        this.values.set(name, value);
        this.element.append(el('div', {}, el('dt', {}, name), value));
      }
      if (typeof fact === 'string') {
        setText(value, fact);
      } else {
        setBytes(value, fact.bytes);
      }
    }
  }
}

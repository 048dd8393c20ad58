// SPDX-License-Identifier: Apache-2.0
//
// A tier as a bar: how much of a whole is resident, may be used, and is reserved. The bar is for the eye; the text below it says the
// same, each figure with its exact bytes.

import { el, setAttribute, setText } from './dom.js';
import { bytesText, exactText } from './format.js';

/**
 * @typedef {object} BarFigures
 * @property {number | null} whole
 * @property {number | null} resident
 * @property {number | null} target
 * @property {number | null} reserved
 */

/** @param {string} field */
function amount(field) {
  return el('span', { 'data-field': field });
}

/**
 * @param {HTMLElement} element
 * @param {number | null} bytes
 */
export function setBytes(element, bytes) {
  setText(element, bytesText(bytes));
  setAttribute(element, 'data-bytes', bytes);
  setAttribute(element, 'title', exactText(bytes));
}

export class Bar {
  /** @param {string} whole what the whole is called: "cell", "capacity" */
  constructor(whole) {
    this.parts = {
      target: el('span', { class: 'bar-target' }),
      resident: el('span', { class: 'bar-resident' }),
      reserved: el('span', { class: 'bar-reserved' }),
    };
    this.texts = { resident: amount('resident'), target: amount('target'), whole: amount(whole) };
    this.element = el(
      'div',
      { class: 'tier-bar' },
      el('div', { class: 'bar', 'aria-hidden': 'true' }, ...Object.values(this.parts)),
      el('div', { class: 'bar-text' }, this.texts.resident, ' of ', this.texts.target, el('span', { class: 'dim' }, ` · ${whole} `, this.texts.whole)),
    );
  }

  /** @param {BarFigures} figures */
  update(figures) {
    setBytes(this.texts.resident, figures.resident);
    setBytes(this.texts.target, figures.target);
    setBytes(this.texts.whole, figures.whole);
    for (const part of /** @type {const} */ (['target', 'resident', 'reserved'])) {
      const bytes = figures[part];
      const element = this.parts[part];
      setAttribute(element, 'data-bytes', bytes);
      const share = bytes === null || !figures.whole ? 0 : Math.min(bytes / figures.whole, 1);
      const length = `${(share * 100).toFixed(3)}%`;
      element.style[part === 'reserved' ? 'left' : 'width'] = length;
      // A target of nothing is one; a reservation of nothing is none.
      element.hidden = part === 'reserved' ? !bytes : bytes === null;
    }
    const over = figures.resident !== null && figures.target !== null && figures.resident > figures.target;
    this.element.classList.toggle('over', over);
  }
}

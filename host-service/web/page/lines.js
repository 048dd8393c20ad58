// SPDX-License-Identifier: Apache-2.0
//
// The last hour of the host or of a VM: a chart for each tier, and one for the hit ratio.

import { Chart, hourPlot } from './charts.js';

export class Lines {
  /** @param {HTMLElement} into */
  constructor(into) {
    this.fmem = new Chart('FMEM, last hour', 'bytes');
    this.smem = new Chart('SMEM, last hour', 'bytes');
    this.hits = new Chart('Share of accesses that FMEM serves, last hour', 'ratio');
    into.append(this.fmem.element, this.smem.element, this.hits.element);
  }

  /**
   * @param {import('./api').Timeline} line
   * @param {string} now
   * @param {(number | null)[]} wholes of both tiers, where the axes end; null: by the values
   */
  update(line, now, wholes) {
    const tiers = /** @type {const} */ ([[this.fmem, 'fmem'], [this.smem, 'smem']]);
    tiers.forEach(([chart, tier], i) => {
      chart.update(hourPlot(line, now, [
        { name: 'resident', style: `${tier} resident`, values: line[`${tier}_resident_bytes`] },
        { name: 'target', style: `${tier} target`, values: line[`${tier}_target_bytes`] },
      ], wholes[i] ?? 0));
    });
    this.hits.update(hourPlot(line, now, [{ name: 'hit ratio', style: 'hits', values: line.hit_ratio }], 1));
  }
}

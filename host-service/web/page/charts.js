// SPDX-License-Identifier: Apache-2.0
//
// Lines over time or over an amount: SVG for the eye, the same figures as a table for everybody else.

import { el, svg } from './dom.js';
import { bytesText, percentText } from './format.js';

const HEIGHT = 190;
const MARGIN = { top: 10, right: 14, bottom: 30, left: 68 };

/**
 * @typedef {object} Series
 * @property {string} name
 * @property {string} style class of its line
 * @property {(number | null)[]} values
 */

/**
 * @typedef {object} Plot
 * @property {number[]} xs rising
 * @property {{ at: number, text: string }[]} ticks of the x axis
 * @property {[number, number]} range of the x axis
 * @property {number} gap x further apart than this are not joined
 * @property {string} xName of the column of the table
 * @property {string[]} xTexts of the rows of the table
 * @property {Series[]} series
 * @property {number} top of the y axis; 0: by the values
 * @property {{ at: number, text: string }[]} [marks] vertical lines
 */

/**
 * Steps of an axis of bytes: powers of two, 3 to 6 of them.
 * @param {number} most
 */
function byteTicks(most) {
  let step = 1;
  while (most / step > 5) step *= 2;
  const ticks = [];
  for (let at = 0; at <= most + step / 1000; at += step) ticks.push(at);
  return ticks;
}

/** @param {number} most @param {'bytes' | 'ratio'} unit */
function yTicks(most, unit) {
  return unit === 'bytes' ? byteTicks(most) : [0, 0.25, 0.5, 0.75, 1];
}

export class Chart {
  /**
   * @param {string} title
   * @param {'bytes' | 'ratio'} unit of the y axis
   */
  constructor(title, unit) {
    this.title = title;
    this.unit = unit;
    this.key = '';
    /** @type {Plot | null} */
    this.plot = null;
    this.width = 0;
    this.legend = el('ul', { class: 'legend' });
    this.drawing = el('div', { class: 'drawing' });
    this.rows = el('div', { class: 'scroll', role: 'region', 'aria-label': `${title}: figures`, tabindex: '0' });
    const table = el('details', {}, el('summary', {}, 'Figures as a table'), this.rows);
    // Tables are made when somebody looks.
    table.addEventListener('toggle', () => this.fillTable());
    this.table = table;
    this.element = el('figure', { class: 'chart' }, el('figcaption', {}, title), this.legend, this.drawing, table);
    new ResizeObserver(() => this.draw()).observe(this.drawing);
  }

  /** @param {number | null} value */
  text(value) {
    return this.unit === 'bytes' ? bytesText(value) : percentText(value);
  }

  /** @param {Plot} plot */
  update(plot) {
    const key = JSON.stringify(plot);
    if (key === this.key) return;
    this.key = key;
    this.plot = plot;
    this.legend.replaceChildren(...plot.series.map((series) => el('li', {}, el('span', { class: `swatch line ${series.style}` }), series.name)));
    this.width = 0;
    this.draw();
    this.fillTable();
  }

  fillTable() {
    const plot = this.plot;
    if (plot === null || !this.table.open) return;
    this.rows.replaceChildren(el(
      'table',
      {},
      el('thead', {}, el('tr', {}, el('th', { scope: 'col' }, plot.xName), ...plot.series.map((series) => el('th', { scope: 'col' }, series.name)))),
      el('tbody', {}, ...plot.xTexts.map((text, i) => el('tr', {}, el('th', { scope: 'row' }, text), ...plot.series.map((series) => el('td', { class: 'number' }, this.text(series.values[i] ?? null)))))),
    ));
  }

  draw() {
    const plot = this.plot;
    const width = Math.round(this.drawing.clientWidth);
    if (plot === null || width < 120 || width === this.width) return;
    this.width = width;
    const values = plot.series.flatMap((series) => series.values).filter((value) => value !== null);
    const top = plot.top || Math.max(1, ...values) * 1.05;
    const [from, to] = plot.range;
    const x = (/** @type {number} */ at) => MARGIN.left + ((at - from) / (to - from || 1)) * (width - MARGIN.left - MARGIN.right);
    const y = (/** @type {number} */ value) => HEIGHT - MARGIN.bottom - (Math.min(value, top) / top) * (HEIGHT - MARGIN.top - MARGIN.bottom);
    const right = width - MARGIN.right;
    const floor = HEIGHT - MARGIN.bottom;

    const drawing = svg('svg', { width, height: HEIGHT, viewBox: `0 0 ${width} ${HEIGHT}`, role: 'img', 'aria-label': this.summary(plot) });
    for (const tick of yTicks(top, this.unit)) {
      drawing.append(
        svg('line', { class: 'grid', x1: MARGIN.left, x2: right, y1: y(tick), y2: y(tick) }),
        svg('text', { class: 'tick', x: MARGIN.left - 8, y: y(tick) + 4, 'text-anchor': 'end' }, this.unit === 'bytes' ? bytesText(tick) : `${tick * 100} %`),
      );
    }
    // Their texts need 60 pixels.
    const every = (right - MARGIN.left) / plot.ticks.length < 60 ? 2 : 1;
    for (const [i, tick] of plot.ticks.entries()) {
      if (i % every !== 0) continue;
      const anchor = tick.at === to ? 'end' : tick.at === from ? 'start' : 'middle';
      drawing.append(
        svg('line', { class: 'axis', x1: x(tick.at), x2: x(tick.at), y1: floor, y2: floor + 5 }),
        svg('text', { class: 'tick', x: x(tick.at), y: floor + 19, 'text-anchor': anchor }, tick.text),
      );
    }
    drawing.append(svg('line', { class: 'axis', x1: MARGIN.left, x2: right, y1: floor, y2: floor }));
    for (const mark of plot.marks ?? []) {
      const anchor = x(mark.at) > width / 2 ? 'end' : 'start';
      drawing.append(
        svg('line', { class: 'mark', x1: x(mark.at), x2: x(mark.at), y1: MARGIN.top, y2: floor }),
        svg('text', { class: 'tick', x: x(mark.at) + (anchor === 'end' ? -6 : 6), y: floor - 8, 'text-anchor': anchor }, mark.text),
      );
    }
    for (const series of plot.series) {
      let path = '';
      let last = NaN;
      series.values.forEach((value, i) => {
        const at = plot.xs[i];
        if (value === null || at === undefined) {
          last = NaN;
          return;
        }
        const point = `${x(at).toFixed(1)} ${y(value).toFixed(1)}`;
        // A point alone is a dot, by its round ends.
        path += at - last <= plot.gap ? `L${point}` : `M${point}l0.01 0`;
        last = at;
      });
      drawing.append(svg('path', { class: `line ${series.style}`, d: path || 'M0 0' }));
    }
    this.drawing.replaceChildren(drawing);
  }

  /** @param {Plot} plot */
  summary(plot) {
    const parts = plot.series.map((series) => {
      const known = series.values.filter((value) => value !== null);
      if (known.length === 0) return `${series.name}: nothing known`;
      const last = series.values.at(-1) ?? null;
      return `${series.name}: ${this.text(Math.min(...known))} to ${this.text(Math.max(...known))}, last ${this.text(last)}`;
    });
    return `${this.title}. ${parts.join('. ')}.`;
  }
}

const HOUR = 3600;

/**
 * @param {import('./api').Timeline} line
 * @param {string} now
 * @param {Series[]} series
 * @param {number} top
 * @returns {Plot}
 */
export function hourPlot(line, now, series, top) {
  const xs = line.times.map((time) => Date.parse(time) / 1000);
  // In steps of samples, so that nothing is drawn anew in between.
  const end = Math.ceil(Math.max(xs.at(-1) ?? 0, Date.parse(now) / 1000 - line.interval_seconds) / line.interval_seconds) * line.interval_seconds;
  const ticks = [60, 45, 30, 15, 0].map((minutes) => ({ at: end - minutes * 60, text: minutes === 0 ? 'now' : `−${minutes} min` }));
  return {
    xs,
    ticks,
    range: [end - HOUR, end],
    gap: 3 * line.interval_seconds,
    xName: 'Time',
    xTexts: line.times.map((time) => new Date(time).toLocaleTimeString('sv-SE')),
    series,
    top,
  };
}


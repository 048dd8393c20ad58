// SPDX-License-Identifier: Apache-2.0
//
// measure.js URL VMS: how fast the page of so many VMs is in a browser, as a line of JSON. For tests/bench/page.

import { launch } from './fixture.js';

const [url = '', vms = ''] = process.argv.slice(2);
const browser = await launch();
const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });

// From the beginning of the navigation until a frame has been drawn with the first 20 rows of VMs (no more fit on a screen), and with all.
// A timer set in a frame's callback fires once that frame has been drawn.
await page.addInitScript((count) => {
  const when = (/** @type {number} */ rows, /** @type {string} */ name) => {
    const look = () => {
      if (document.querySelectorAll('tr[data-uuid]').length >= Math.min(rows, count)) {
        setTimeout(() => Object.assign(window, { [name]: performance.now() }));
      } else {
        requestAnimationFrame(look);
      }
    };
    requestAnimationFrame(look);
  };
  when(20, 'painted');
  when(count, 'complete');
}, Number(vms));
await page.goto(url);
await page.waitForFunction(() => 'complete' in window);
const paint = await page.evaluate(() => /** @type {any} */ (window).painted);
const complete = await page.evaluate(() => /** @type {any} */ (window).complete);
const contentful = await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN);

// The browser tells of tasks of 50 ms and more.
const longest = await page.evaluate(() => new Promise((resolve) => {
  let most = 50;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) most = Math.max(most, entry.duration);
  }).observe({ type: 'longtask' });
  setTimeout(() => resolve(most), 7000);
}));

/** @type {number[]} */
const frames = await page.evaluate(() => new Promise((resolve) => {
  /** @type {number[]} */
  const times = [];
  let last = performance.now();
  const step = () => {
    const now = performance.now();
    times.push(now - last);
    last = now;
    const before = scrollY;
    scrollBy(0, 300);
    if (scrollY === before) {
      resolve(times.slice(1));
    } else {
      requestAnimationFrame(step);
    }
  };
  scrollTo(0, 0);
  requestAnimationFrame(step);
}));
frames.sort((a, b) => a - b);
await browser.close();
console.log(JSON.stringify({
  paint_ms: paint,
  all_rows_ms: complete,
  first_paint_ms: contentful,
  refresh_longest_ms: longest,
  scroll_p95_ms: frames[Math.floor(frames.length * 0.95)] ?? NaN,
  scroll_frames: frames.length,
}));

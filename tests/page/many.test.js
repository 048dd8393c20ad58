// SPDX-License-Identifier: Apache-2.0
//
// The page of a host with 1,000 VMs. tests/bench/page measures it; here it only must not be hopeless.

import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { Fleet, launch, screenshot, Watch } from './fixture.js';

const VMS = 1000;
/** @type {Fleet} */
let fleet;
/** @type {import('playwright-core').Browser} */
let browser;

before(async () => {
  [fleet, browser] = await Promise.all([Fleet.start(VMS), launch()]);
});
after(async () => {
  await browser?.close();
  await fleet?.close();
});

it('1,000 VMs are all there, are found, and are shown without being laid out all at once', async () => {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  const watch = new Watch(page, fleet.url);
  await page.goto(fleet.url);
  await page.locator('tr[data-uuid]').nth(VMS - 1).waitFor({ state: 'attached' });
  assert.equal(await page.locator('#count').textContent(), '1,000 VMs');
  assert.equal(await page.locator('.vms tbody tr').first().evaluate((row) => getComputedStyle(row).contentVisibility), 'auto');

  const first = await page.locator('tr[data-uuid]').first().elementHandle();
  // The second comes after the page has dealt with the first.
  for (let answers = 0; answers < 2; ++answers) await page.waitForResponse((response) => response.url().endsWith('/api/v1/status'));
  assert.ok(await first?.evaluate((row) => row.isConnected), 'rows are kept over refreshes');

  await page.getByRole('searchbox').fill('vm999');
  assert.deepEqual(await page.locator('tr[data-uuid]:not([hidden]) a').allTextContents(), ['vm999']);
  await page.getByRole('searchbox').fill('');
  await page.getByRole('button', { name: 'Hit ratio' }).click();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  await page.keyboard.press('End');
  assert.ok(await page.evaluate(() => scrollY > 10_000), 'End leads to the last of 1,000 rows');
  await page.evaluate(() => scrollTo(0, 0));
  await screenshot(page, 'thousand', false);
  assert.deepEqual(watch.complaints, []);
  await page.close();
});

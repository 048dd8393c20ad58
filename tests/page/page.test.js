// SPDX-License-Identifier: Apache-2.0
//
// The status page in a real browser, fed by a real hypertierd.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, describe, it } from 'node:test';
import { Fleet, launch, screenshot, Watch } from './fixture.js';

/** @typedef {import('playwright-core').Page} Page */

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** @type {Fleet} */
let fleet;
/** @type {import('playwright-core').Browser} */
let browser;

before(async () => {
  [fleet, browser] = await Promise.all([Fleet.start(), launch()]);
});
after(async () => {
  await browser?.close();
  await fleet?.close();
});

/**
 * A page of its own, and what it did wrong.
 * @param {import('playwright-core').BrowserContextOptions} options
 * @param {(page: Page, watch: Watch) => Promise<void>} test
 */
async function visit(options, test) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce', ...options });
  try {
    const page = await context.newPage();
    const watch = new Watch(page, fleet.url);
    await page.goto(fleet.url);
    await page.locator('tr[data-uuid]').first().waitFor();
    await test(page, watch);
    assert.deepEqual(watch.complaints, []);
  } finally {
    await context.close();
  }
}

/**
 * The figures in the bars of an element that holds one for each tier.
 * @param {import('playwright-core').Locator} holder
 */
async function barsOf(holder) {
  return holder.locator('[data-tier] .tier-bar').evaluateAll((bars) => bars.map((bar) => {
    const bytes = (/** @type {string} */ selector) => {
      const text = bar.querySelector(selector)?.getAttribute('data-bytes') ?? null;
      return text === null ? null : Number(text);
    };
    const width = (/** @type {string} */ selector) => {
      const part = bar.querySelector(selector);
      const whole = bar.querySelector('.bar');
      return part && whole ? part.getBoundingClientRect().width / whole.getBoundingClientRect().width : NaN;
    };
    return {
      resident: bytes('[data-field="resident"]'),
      target: bytes('[data-field="target"]'),
      cell: bytes('[data-field="cell"]'),
      drawnResident: bytes('.bar-resident'),
      drawnTarget: bytes('.bar-target'),
      drawnReservation: bytes('.bar-reserved'),
      residentShare: width('.bar-resident'),
      targetShare: width('.bar-target'),
    };
  }));
}

/**
 * Until what the page shows is what gRPC says, to the byte.
 * @param {Page} page
 */
async function agrees(page) {
  /** @type {unknown} */
  let last;
  for (let i = 0; i < 40; i += 1) {
    const said = await fleet.figures();
    try {
      for (const [uuid, vm] of Object.entries(said)) {
        const bars = await barsOf(page.locator(`tr[data-uuid="${uuid}"]`));
        assert.equal(bars.length, vm.tiers.length, vm.name);
        vm.tiers.forEach((tier, t) => {
          const bar = bars[t];
          assert.ok(bar);
          const { resident, target, cell, reservation } = tier;
          assert.deepEqual(
            { resident: bar.resident, target: bar.target, cell: bar.cell },
            { resident, target, cell },
            vm.name,
          );
          assert.deepEqual([bar.drawnResident, bar.drawnTarget, bar.drawnReservation], [resident, target, reservation], vm.name);
          assert.ok(Math.abs(bar.residentShare - (resident ?? 0) / cell) < 0.01, `${vm.name}: its bar is ${bar.residentShare} long`);
          assert.ok(Math.abs(bar.targetShare - (target ?? 0) / cell) < 0.01, `${vm.name}: its target is at ${bar.targetShare}`);
        });
      }
      return said;
    } catch (error) {
      last = error;
      await page.waitForTimeout(500);
    }
  }
  throw last;
}

/** @param {Page} page @param {string} what */
async function accessible(page, what) {
  await page.evaluate(AXE);
  // With all of axe's rules, those for best practice, too.
  const { violations } = await page.evaluate(() => /** @type {any} */ (window).axe.run(document, { resultTypes: ['violations'] }));
  const found = violations.map((/** @type {any} */ v) => `${v.id}: ${v.help}: ${v.nodes.map((/** @type {any} */ n) => n.html).slice(0, 3).join(' | ')}`);
  assert.deepEqual(found, [], what);
}

/** @param {Page} page @param {string} name */
const rowOf = (page, name) => page.locator('tr[data-uuid]', { has: page.getByRole('link', { name, exact: true }) });
/** @param {Page} page */
const shownNames = (page) => page.locator('tr[data-uuid]:not([hidden]) a').allTextContents();

describe('the fleet', () => {
  it('is shown in bars that are what gRPC says, to the byte', async () => {
    await visit({}, async (page) => {
      const said = await agrees(page);
      assert.equal(Object.keys(said).length, 8);
      const sum = (/** @type {number} */ t, /** @type {'target' | 'resident'} */ name) => Object.values(said)
        .filter((vm) => vm.name !== 'asleep').reduce((all, vm) => all + (vm.tiers[t]?.[name] ?? 0), 0);
      for (const [t, tier] of ['fmem', 'smem'].entries()) {
        for (const field of /** @type {const} */ (['target', 'resident'])) {
          const shown = await page.locator(`#host-tiers [data-tier="${tier}"] [data-field="${field}"]`).getAttribute('data-bytes');
          assert.equal(Number(shown), sum(t, field), `${field} of the host's ${tier}`);
        }
      }
      await screenshot(page, 'fleet-light');
    });
  });

  it('follows a resize without being loaded anew', async () => {
    await visit({}, async (page) => {
      const said = await agrees(page);
      const [uuid] = Object.entries(said).find(([, vm]) => vm.name === 'web-2') ?? assert.fail();
      await fleet.tell({ do: 'resize', vm: uuid, fmem: (128 << 20) + 4096, smem: 300 << 20 });
      const fmem = page.locator(`tr[data-uuid="${uuid}"] [data-tier="fmem"] [data-field="target"]`);
      await page.waitForFunction(([id, bytes]) => document.querySelector(`tr[data-uuid="${id}"] [data-tier="fmem"] [data-field="target"]`)?.getAttribute('data-bytes') === bytes, [uuid, String((128 << 20) + 4096)]);
      assert.equal(await fmem.getAttribute('title'), '134,221,824 bytes');
      await agrees(page);
    });
  });

  it('says in words what is the matter with each VM', async () => {
    await visit({}, async (page) => {
      const state = (/** @type {string} */ name) => rowOf(page, name).locator('.state');
      await page.waitForFunction(() => [...document.querySelectorAll('.state')].some((element) => element.textContent === 'violating'));
      assert.equal(await state('keeps-too-much').textContent(), 'violating');
      assert.equal(await state('asleep').textContent(), 'shut off');
      assert.equal(await state('plain').textContent(), 'unmanaged');
      assert.match(await rowOf(page, 'plain').locator('.why').textContent() ?? '', /NUMA/);
      assert.match(await rowOf(page, 'db-1').locator('.why').textContent() ?? '', /fmem: /);
    });
  });

  it('takes the name of a VM for nothing but text', async () => {
    await visit({}, async (page) => {
      assert.equal(await page.locator('main img').count(), 0);
      await page.getByRole('link', { name: fleet.hostile }).click();
      await page.getByRole('heading', { name: fleet.hostile }).waitFor();
      assert.equal(await page.locator('main img').count(), 0);
    });
  });

  it('is searched, filtered and sorted by keyboard', async () => {
    await visit({}, async (page) => {
      await page.getByRole('searchbox', { name: 'Search' }).focus();
      await page.keyboard.type('ACME web');
      assert.deepEqual(await shownNames(page), ['web-1', 'web-2']);
      assert.equal(await page.locator('#count').textContent(), '2 of 8 VMs');
      await page.keyboard.press('Control+A');
      await page.keyboard.press('Delete');
      assert.equal((await shownNames(page)).length, 8);

      await page.keyboard.press('Tab');
      assert.equal(await page.evaluate(() => document.activeElement?.id), 'filter');
      await page.getByLabel('State').selectOption('shut off');
      assert.deepEqual(await shownNames(page), ['asleep']);
      await page.getByLabel('State').selectOption('');

      const table = page.getByRole('table', { name: 'Virtual machines' });
      const byFmem = table.getByRole('button', { name: 'FMEM' });
      await byFmem.focus();
      await page.keyboard.press('Enter');
      assert.equal(await table.getByRole('columnheader', { name: 'FMEM' }).getAttribute('aria-sort'), 'ascending');
      await page.keyboard.press('Enter');
      assert.equal(await table.getByRole('columnheader', { name: 'FMEM' }).getAttribute('aria-sort'), 'descending');
      assert.equal((await shownNames(page)).at(0), 'web-1');
      assert.ok(await byFmem.evaluate((button) => button === document.activeElement), 'the focus stays on the button');
    });
  });

  it('keeps the focus over refreshes and new orders', async () => {
    await visit({}, async (page) => {
      const link = page.getByRole('link', { name: 'web-2' });
      await link.focus();
      await page.keyboard.press('ArrowUp');
      assert.equal(await page.evaluate(() => document.activeElement?.textContent), 'web-1');
      await page.keyboard.press('End');
      await page.keyboard.press('Home');
      await page.keyboard.press('ArrowDown');
      const focused = await page.evaluate(() => document.activeElement?.textContent);
      // The order turns round under it.
      await page.evaluate(() => document.querySelector('.vms thead button')?.dispatchEvent(new MouseEvent('click', { bubbles: true })));
      assert.equal(await page.evaluate(() => document.activeElement?.textContent), focused);
      await page.waitForResponse((response) => response.url().endsWith('/api/v1/status'));
      await page.waitForResponse((response) => response.url().endsWith('/api/v1/status'));
      assert.equal(await page.evaluate(() => document.activeElement?.textContent), focused);
    });
  });

  it('is a table with rows, heads and cells to a screen reader', async () => {
    await visit({}, async (page) => {
      const table = page.getByRole('table', { name: 'Virtual machines' });
      assert.equal(await table.getByRole('row').count(), 9);
      assert.equal(await table.getByRole('columnheader').count(), 7);
      assert.equal(await table.getByRole('rowheader', { name: 'web-1' }).count(), 1);
      for (const role of /** @type {const} */ (['banner', 'main', 'contentinfo', 'search'])) assert.equal(await page.getByRole(role).count(), 1, role);
    });
  });
});

describe('a VM', () => {
  it('opens with Enter, shows what gRPC says, stays over a reload, and leads back', async () => {
    await visit({}, async (page) => {
      const said = await agrees(page);
      const [uuid, vm] = Object.entries(said).find(([, each]) => each.name === 'web-1') ?? assert.fail();
      await page.getByRole('link', { name: 'web-1' }).focus();
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { name: 'web-1' }).waitFor();
      assert.equal(new URL(page.url()).hash, `#vm=${uuid}`);
      assert.equal(await page.evaluate(() => document.activeElement?.tagName), 'H2');
      await page.locator('#vm-view .panel').first().waitFor();
      const bars = await barsOf(page.locator('#vm-view'));
      assert.deepEqual(bars.map(({ resident, target, cell }) => ({ resident, target, cell })), vm.tiers.map(({ resident, target, cell }) => ({ resident, target, cell })));
      for (const [t, tier] of ['fmem', 'smem'].entries()) {
        const fact = (/** @type {string} */ name) => page.locator(`#vm-view [data-tier="${tier}"] [data-fact="${name}"]`).getAttribute('data-bytes');
        assert.equal(Number(await fact('Balloon')), vm.tiers[t]?.balloon);
        assert.equal(Number(await fact('Charged')), vm.tiers[t]?.charged);
        assert.equal(Number(await fact('Limit')), vm.tiers[t]?.limit);
      }
      await page.reload();
      await page.getByRole('heading', { name: 'web-1' }).waitFor();
      await page.keyboard.press('Escape');
      await page.locator('tr[data-uuid]').first().waitFor();
      assert.equal(new URL(page.url()).hash, '');
    });
  });

  it('gives the focus back to where the reader came from', async () => {
    await visit({}, async (page) => {
      await rowOf(page, 'db-1').locator('.why').click();
      await page.getByRole('heading', { name: 'db-1' }).waitFor();
      await page.goBack();
      await page.locator('tr[data-uuid]').first().waitFor();
      assert.equal(await page.evaluate(() => document.activeElement?.textContent), 'db-1');
    });
  });

  it('shows the last hour, the hotness curve and its events, also as tables', async () => {
    await visit({}, async (page) => {
      // Nobody waits an hour for it: what hypertierd says, with a longer past.
      await page.route('**/api/v1/vms/*', async (route) => {
        const response = await route.fetch();
        const body = await response.json();
        if (response.status() === 200) body.timeline = anHour(body);
        await route.fulfill({ response, json: body });
      });
      await page.getByRole('link', { name: 'web-1' }).click();
      const chart = page.locator('#vm-view').getByRole('img', { name: /^FMEM, last hour/ });
      await chart.waitFor();
      assert.match(await chart.getAttribute('aria-label') ?? '', /resident: 60 MiB to 120 MiB/);
      assert.ok((await chart.locator('path.resident').getAttribute('d') ?? '').split('L').length > 100);
      assert.deepEqual((await chart.locator('text').allTextContents()).filter((text) => text.endsWith(' min')).length, 4);
      await page.getByRole('img', { name: /^Share of accesses that so much FMEM/ }).waitFor();

      const figure = page.locator('#vm-view figure').first();
      await figure.getByText('Figures as a table').focus();
      await page.keyboard.press('Enter');
      await figure.getByRole('row').nth(120).waitFor();
      assert.equal(await figure.getByRole('row').count(), 121);
      const events = page.getByRole('region', { name: 'Table of events' });
      assert.match(await events.textContent() ?? '', /targets set/);
      // A refresh closes nothing that was opened.
      await page.waitForResponse((response) => response.url().includes('/api/v1/vms/'));
      await page.waitForResponse((response) => response.url().includes('/api/v1/vms/'));
      assert.equal(await figure.getByRole('row').count() > 100, true);
      await figure.getByText('Figures as a table').press('Enter');
      await screenshot(page, 'vm-light');
      await page.emulateMedia({ colorScheme: 'dark' });
      await screenshot(page, 'vm-dark');
    });
  });

  it('that is not there says so', async () => {
    await visit({}, async (page, watch) => {
      watch.deaf = true;
      await page.goto(`${fleet.url}#vm=00000000-0000-4000-8000-00000000dead`);
      await page.getByText('libvirt has no such VM').waitFor();
      watch.deaf = false;
    });
  });
});

describe('everybody', () => {
  for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
    it(`can read it: axe finds nothing in ${colorScheme}`, async () => {
      await visit({ colorScheme }, async (page) => {
        await page.locator('#host-lines svg').first().waitFor();
        await accessible(page, 'the fleet');
        if (colorScheme === 'dark') await screenshot(page, 'fleet-dark');
        await page.getByRole('link', { name: 'db-1' }).click();
        await page.getByRole('heading', { name: 'Hotness curve' }).waitFor();
        await accessible(page, 'a VM without placement');
        await page.goBack();
        await page.getByRole('link', { name: 'web-1' }).click();
        await page.getByRole('img', { name: /^Share of accesses that so much FMEM/ }).waitFor();
        await page.locator('#vm-view summary').first().click();
        await accessible(page, 'a VM');
      });
    });
  }

  it('can use it on a telephone: nothing is wider than the screen', async () => {
    await visit({ viewport: { width: 375, height: 740 } }, async (page) => {
      const overflow = () => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.equal(await overflow(), 0);
      await accessible(page, 'the fleet');
      await screenshot(page, 'fleet-narrow');
      await page.getByRole('link', { name: 'web-1' }).click();
      await page.locator('#vm-view').getByRole('img', { name: /^FMEM, last hour/ }).waitFor();
      assert.equal(await overflow(), 0);
      await screenshot(page, 'vm-narrow');
    });
  });

  it('has nothing moved who does not like it', async () => {
    await visit({ reducedMotion: 'reduce' }, async (page) => {
      assert.equal(await page.locator('.bar-target').first().evaluate((part) => getComputedStyle(part).transitionDuration), '0s');
    });
  });
});

describe('hypertierd', () => {
  it('is told about it when it does not answer, and again when it does', async () => {
    await visit({}, async (page, watch) => {
      await agrees(page);
      watch.deaf = true;
      await fleet.tell({ do: 'kill' });
      const status = page.locator('#announcement');
      await page.getByText('hypertierd does not answer').waitFor();
      assert.equal(await status.getAttribute('aria-live'), 'polite');
      assert.match(await page.locator('#freshness').textContent() ?? '', /^Stale: /);
      // The last figures stay.
      assert.equal((await shownNames(page)).length, 8);
      await accessible(page, 'a stale page');
      await screenshot(page, 'stale');
      await fleet.tell({ do: 'start' });
      await page.getByText('hypertierd does not answer').waitFor({ state: 'detached' });
      watch.deaf = false;
      assert.match(await page.locator('#freshness').textContent() ?? '', /^As of /);
      await agrees(page);
    });
  });

  it('says of a tenant whose limit is taken away that there is none', async () => {
    await visit({}, async (page) => {
      /** @type {number | null} */
      let limit = 1 << 30;
      let tenant = '';
      await page.route('**/api/v1/status', async (route) => {
        const { 'if-none-match': _, ...headers } = route.request().headers();
        const response = await route.fetch({ headers });
        const body = await response.json();
        tenant = body.tenants[0].id;
        body.tenants[0].tiers[0].limit_bytes = limit;
        await route.fulfill({ response, json: body });
      });
      await page.waitForResponse((response) => response.url().endsWith('/api/v1/status'));
      const shown = page.locator(`tr[data-tenant="${tenant}"] [data-tier="fmem"] [data-field="limit"]`);
      await page.waitForFunction((bytes) => document.querySelector(`[data-field="limit"][data-bytes="${bytes}"]`) !== null, limit);
      limit = null;
      await page.waitForFunction((id) => document.querySelector(`tr[data-tenant="${id}"] [data-tier="fmem"] [data-field="limit"]`)?.textContent === 'none', tenant);
      assert.deepEqual([await shown.getAttribute('data-bytes'), await shown.getAttribute('title')], [null, null]);
    });
  });

  it('is not asked while nobody looks', async () => {
    await visit({}, async (page) => {
      await page.waitForResponse((response) => response.url().endsWith('/api/v1/status'));
      let asked = 0;
      page.on('request', () => {
        asked += 1;
      });
      await page.evaluate(() => {
        Object.defineProperty(document, 'hidden', { configurable: true, get: () => true });
        document.dispatchEvent(new Event('visibilitychange'));
      });
      asked = 0;
      // Three refreshes and a half.
      await page.waitForTimeout(7000);
      assert.equal(asked, 0);
      await page.evaluate(() => {
        Object.defineProperty(document, 'hidden', { configurable: true, get: () => false });
        document.dispatchEvent(new Event('visibilitychange'));
      });
      await page.waitForResponse((response) => response.url().endsWith('/api/v1/status'));
    });
  });
});

/**
 * A last hour of 120 samples, with a gap and a change of targets.
 * @param {any} body
 */
function anHour(body) {
  const now = Date.parse(body.time);
  const n = 120;
  const each = (/** @type {(i: number) => number | null} */ value) => Array.from({ length: n }, (_, i) => (i > 70 && i < 78 ? null : value(i)));
  const mib = (/** @type {number} */ number) => Math.round(number) * (1 << 20);
  const wave = (/** @type {number} */ i, /** @type {number} */ speed) => Math.sin(i / speed);
  return {
    interval_seconds: 30,
    times: Array.from({ length: n }, (_, i) => new Date(now - (n - 1 - i) * 30_000).toISOString()),
    fmem_target_bytes: each((i) => mib(i < 40 ? 128 : 192)),
    fmem_resident_bytes: each((i) => (i === 0 ? mib(60) : i === 1 ? mib(120) : mib(95 + 22 * wave(i, 9)))),
    smem_target_bytes: each((i) => mib(i < 90 ? 384 : 256)),
    smem_resident_bytes: each((i) => mib(200 + 40 * wave(i, 14))),
    hit_ratio: each((i) => Math.round((0.72 + 0.15 * wave(i, 11)) * 200) / 200),
  };
}

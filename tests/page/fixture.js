// SPDX-License-Identifier: Apache-2.0
//
// What the tests stand on: fleet.py, which runs hypertierd, and a real Chromium.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

export const HERE = path.dirname(fileURLToPath(import.meta.url));
export const ARTEFACTS = path.resolve(process.env['HYPERTIER_ARTEFACTS'] ?? path.join(HERE, '../../build/artefacts'), 'page');

/** What gRPC says of a tier. @typedef {Record<'cell' | 'reservation' | 'charged' | 'shortfall' | 'limit', number> & Record<'target' | 'balloon' | 'resident', number | null>} Figures */
/** @typedef {Record<string, { name: string, tenant: string, tiers: Figures[] }>} Fleetwide */

/** hypertierd and its VMs; fleet.py tells what it understands. */
export class Fleet {
  /** @param {number} vms 0: the eight that differ */
  static async start(vms = 0) {
    const python = spawn('/usr/bin/python3', [path.join(HERE, 'fleet.py'), '--vms', String(vms)], { stdio: ['pipe', 'pipe', 'inherit'] });
    const fleet = new Fleet(python);
    Object.assign(fleet, await fleet.line());
    return fleet;
  }

  /** @param {import('node:child_process').ChildProcessByStdio<import('node:stream').Writable, import('node:stream').Readable, null>} python */
  constructor(python) {
    this.python = python;
    this.lines = createInterface(python.stdout)[Symbol.asyncIterator]();
    this.url = '';
    this.hostile = '';
  }

  async line() {
    const { value, done } = await this.lines.next();
    if (done) throw new Error('fleet.py has ended; its words are above');
    return JSON.parse(value);
  }

  /** @param {Record<string, unknown>} command */
  async tell(command) {
    this.python.stdin.write(`${JSON.stringify(command)}\n`);
    return this.line();
  }

  /** @returns {Promise<Fleetwide>} */
  async figures() {
    return this.tell({ do: 'figures' });
  }

  async close() {
    const ended = once(this.python, 'exit');
    this.python.stdin.end();
    await ended;
  }
}

/** Debian's Chromium. */
export async function launch() {
  mkdirSync(ARTEFACTS, { recursive: true });
  // Tests run as root, whom Chromium gives no sandbox.
  return chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
}

/** Everything that a page did and should not. */
export class Watch {
  /** @param {import('playwright-core').Page} page @param {string} url */
  constructor(page, url) {
    /** @type {string[]} */
    this.complaints = [];
    const { origin } = new URL(url);
    /** Answers that fail are expected while hypertierd is down. */
    this.deaf = false;
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type()) && !this.deaf) this.complaints.push(`console: ${message.text()}`);
    });
    page.on('pageerror', (error) => this.complaints.push(`error: ${error.message}`));
    page.on('dialog', (dialog) => {
      this.complaints.push(`dialog: ${dialog.message()}`);
      dialog.dismiss();
    });
    page.on('request', (request) => {
      if (new URL(request.url()).origin !== origin) this.complaints.push(`request to ${request.url()}`);
    });
  }
}

/**
 * @param {import('playwright-core').Page} page
 * @param {string} name
 * @param {boolean} fullPage or what is in sight alone
 */
export async function screenshot(page, name, fullPage = true) {
  // What is not in sight is not drawn either, but for this. The page's policy lets nobody add a <style>.
  await page.evaluate(() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync('.vms tbody tr { content-visibility: visible !important; }');
    document.adoptedStyleSheets = [sheet];
  });
  await page.screenshot({ path: path.join(ARTEFACTS, `${name}.png`), fullPage });
  await page.evaluate(() => {
    document.adoptedStyleSheets = [];
  });
}

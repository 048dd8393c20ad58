// SPDX-License-Identifier: Apache-2.0
//
// The page: which view is shown, and when hypertierd is asked.

import { Details } from './details.js';
import { byId, setText } from './dom.js';
import { Feed } from './feed.js';
import { showHost } from './host.js';
import { Lines } from './lines.js';
import { showTenants } from './tenants.js';
import { hrefOf, VmTable } from './vms.js';

const REFRESH_MS = 2000;
// The host's last hour gets a sample each 30 s.
const LINES_MS = 15_000;

const fleetView = byId('fleet-view', HTMLElement);
const vmView = byId('vm-view', HTMLElement);
const announcement = byId('announcement', HTMLElement);
const freshness = byId('freshness', HTMLElement);

const table = new VmTable();
const hostLines = new Lines(byId('host-lines', HTMLElement));
const statusFeed = new Feed();
const linesFeed = new Feed();
const vmFeed = new Feed();
/** @type {Details | null} */
let details = null;
let fleetTitle = 'HyperTier';
let lastAnswer = '';
let linesAsked = -Infinity;
let scrolledTo = 0;
/** @type {number | undefined} */
let timer;
// Of the round of questions that is under way; an older one is forgotten.
let round = 0;

/** @returns {string | null} the VM that the address names */
function selected() {
  const match = /^#vm=([0-9a-f-]{1,64})$/.exec(location.hash);
  return match?.[1] ?? null;
}

function answered() {
  lastAnswer = new Date().toLocaleTimeString('sv-SE');
  setText(freshness, `As of ${lastAnswer}`);
  freshness.title = '';
  document.body.classList.remove('stale');
  setText(announcement, '');
}

/** @param {unknown} error */
function unanswered(error) {
  document.body.classList.add('stale');
  const since = lastAnswer === '' ? '' : ` since ${lastAnswer}; what you see is as old as that`;
  setText(announcement, `hypertierd does not answer${since}. The page keeps asking.`);
  setText(freshness, lastAnswer === '' ? 'No answer yet' : `Stale: as of ${lastAnswer}`);
  freshness.title = String(error);
}

/** @param {import('./feed.js').Answer} answer */
function showStatus(answer) {
  if (answer.kind !== 'news') return;
  /** @type {import('./api').StatusDocument} */
  const status = answer.body;
  showHost(status.host);
  fleetTitle = status.host.name === '' ? 'HyperTier' : `${status.host.name} – HyperTier`;
  document.title = fleetTitle;
  table.update(status.vms);
  showTenants(status.tenants);
  setText(byId('version', HTMLElement), `hypertierd ${status.version}.`);
}

/** @param {import('./feed.js').Answer} answer */
function showLines(answer) {
  if (answer.kind !== 'news') return;
  /** @type {import('./api').HostDocument} */
  const body = answer.body;
  hostLines.update(body.timeline, body.time, []);
}

/** @param {import('./feed.js').Answer} answer */
function showVm(answer) {
  if (details === null) return;
  if (answer.kind === 'gone') details.showGone();
  if (answer.kind !== 'news') return;
  details.update(answer.body);
  document.title = `${answer.body.vm.name} – HyperTier`;
  setText(byId('version', HTMLElement), `hypertierd ${answer.body.version}.`);
}

async function refresh() {
  clearTimeout(timer);
  round += 1;
  const mine = round;
  const uuid = selected();
  const feed = uuid === null ? statusFeed : vmFeed;
  try {
    const answer = await feed.ask(uuid === null ? 'api/v1/status' : `api/v1/vms/${uuid}`);
    if (mine !== round) {
      // It was not shown: the next answer must be whole.
      feed.etag = '';
      return;
    }
    if (uuid === null) {
      showStatus(answer);
      if (performance.now() - linesAsked >= LINES_MS) {
        showLines(await linesFeed.ask('api/v1/host'));
        linesAsked = performance.now();
      }
    } else {
      showVm(answer);
    }
    if (mine !== round) return;
    answered();
  } catch (error) {
    if (mine !== round) return;
    unanswered(error);
  }
  if (!document.hidden) timer = setTimeout(refresh, REFRESH_MS);
}

/** @param {boolean} moveFocus */
function route(moveFocus) {
  const uuid = selected();
  if (uuid !== null) {
    if (details === null) scrolledTo = scrollY;
    if (details?.uuid !== uuid) {
      details = new Details(uuid);
      vmFeed.etag = '';
      vmView.replaceChildren(details.element);
    }
    fleetView.hidden = true;
    vmView.hidden = false;
    scrollTo(0, 0);
    if (moveFocus) details.heading.focus({ preventScroll: true });
  } else {
    const left = details?.uuid;
    details = null;
    vmView.replaceChildren();
    vmView.hidden = true;
    fleetView.hidden = false;
    document.title = fleetTitle;
    scrollTo(0, scrolledTo);
    // Back to where the reader came from.
    const link = left === undefined ? null : document.querySelector(`a[href="${hrefOf(left)}"]`);
    if (moveFocus && link instanceof HTMLElement) link.focus({ preventScroll: true });
  }
  refresh();
}

byId('skip', HTMLAnchorElement).addEventListener('click', (event) => {
  // The address says which VM is shown.
  event.preventDefault();
  byId('main', HTMLElement).focus();
});
addEventListener('hashchange', () => route(true));
addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && selected() !== null) location.hash = '';
});
document.addEventListener('visibilitychange', () => {
  if (document.hidden) {
    clearTimeout(timer);
  } else {
    refresh();
  }
});
route(false);

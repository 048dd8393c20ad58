// SPDX-License-Identifier: Apache-2.0
//
// What Grafana's schema cannot know: lint DOCUMENT FILE... checks dashboards against one another and against the document that lists
// our metrics.

import { readFileSync } from 'node:fs';
import * as units from '@grafana/grafana-foundation-sdk/units';

interface Target { refId: string; expr: string; datasource?: { uid?: string } }
interface Panel {
  id: number; type: string; title?: string; description?: string; datasource?: { uid?: string }; targets?: Target[];
  gridPos: { x: number; y: number; w: number; h: number }; fieldConfig?: { defaults: { unit?: string } };
}
interface Dashboard {
  uid: string; title: string; panels: Panel[]; annotations: { list: { target: Target }[] };
  templating: { list: { name: string; query?: string | { query: string } }[] };
}

/** Series that Prometheus itself makes. */
const OF_PROMETHEUS = ['up', 'ALERTS'];
const GRID_WIDTH = 24;
const DATASOURCE = '${datasource}';
const KNOWN_UNITS = new Set<string>(Object.values(units));

const [document, ...files] = process.argv.slice(2);
if (!document || files.length === 0) throw new Error('usage: lint DOCUMENT FILE...');
const metrics = metricsOf(readFileSync(document, 'utf8'));
const dashboards = files.map((file) => JSON.parse(readFileSync(file, 'utf8')) as Dashboard);
const uids = dashboards.map(({ uid }) => uid);
let problems = 0;

for (const dashboard of dashboards) {
  const complain = (what: string) => {
    problems += 1;
    console.error(`${dashboard.uid}: ${what}`);
  };
  if (uids.filter((uid) => uid === dashboard.uid).length > 1) complain('its uid is not its own');
  const panels = dashboard.panels.filter(({ type }) => type !== 'row');
  unique(dashboard.panels.map(({ id }) => id)).forEach((id) => complain(`two panels have the id ${id}`));
  for (const panel of panels) {
    const { title, description, datasource, fieldConfig, targets = [] } = panel;
    const name = `panel "${title}"`;
    if (!title) complain(`panel ${panel.id} has no title`);
    if (!description) complain(`${name} has no description`);
    if (datasource?.uid !== DATASOURCE) complain(`${name} does not take the chosen data source`);
    const unit = fieldConfig?.defaults.unit;
    if (!unit || !KNOWN_UNITS.has(unit)) complain(`${name} has ${unit ? `an unknown unit, ${unit}` : 'no unit'}`);
    if (targets.length === 0) complain(`${name} asks nothing`);
    unique(targets.map(({ refId }) => refId)).forEach((id) => complain(`${name} has two queries ${id}`));
    if (targets.some((target) => target.datasource?.uid !== DATASOURCE)) complain(`${name} has a query for another data source`);
  }
  overlaps(dashboard.panels).forEach((what) => complain(what));
  const queries = [...panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
    ...dashboard.annotations.list.map(({ target }) => target.expr),
    ...dashboard.templating.list.map(({ query }) => (typeof query === 'object' ? query.query : ''))];
  for (const query of queries) {
    for (const metric of metricsIn(query)) {
      if (!metrics.has(metric) && !OF_PROMETHEUS.includes(metric)) complain(`no such metric: ${metric}`);
    }
  }
  const text = JSON.stringify(dashboard);
  const defined = dashboard.templating.list.map(({ name }) => name);
  for (const variable of variablesIn(text)) if (!defined.includes(variable)) complain(`no such variable: ${variable}`);
  for (const variable of defined) if (!variablesIn(text).has(variable)) complain(`nothing takes the variable ${variable}`);
  for (const [, uid, parameters] of text.matchAll(/\/d\/([\w-]+)\?((?:[^"\\]|\\.)*)/g)) {
    const target = dashboards.find((other) => other.uid === uid);
    if (!target) {
      complain(`a link leads to ${uid}, which there is not`);
      continue;
    }
    for (const [, variable] of parameters!.matchAll(/var-(\w+)=/g)) {
      if (!target.templating.list.some(({ name }) => name === variable)) complain(`a link gives ${uid} ${variable}, which it has not`);
    }
  }
}
console.log(`${dashboards.length} dashboards, ${problems} problems`);
process.exitCode = problems > 0 ? 1 : 0;

/** What a document lists, with what Prometheus makes of a histogram. */
function metricsOf(text: string): Set<string> {
  const names = [...text.matchAll(/\bhypertier_\w+/g)].map(([name]) => name);
  return new Set(names.flatMap((name) => [name, `${name}_bucket`, `${name}_sum`, `${name}_count`]));
}

function metricsIn(query: string): string[] {
  const bare = query.replace(/"[^"]*"/g, '""');
  return [...bare.matchAll(/\b(hypertier_\w+|up|ALERTS)\b/g)].map(([name]) => name!);
}

/** Ours; those that begin with __ are Grafana's. */
function variablesIn(text: string): Set<string> {
  return new Set([...text.matchAll(/\$\{?(\w+)/g)].map(([, name]) => name!).filter((name) => !name.startsWith('__')));
}

function unique<T>(values: T[]): T[] {
  return values.filter((value, index) => values.indexOf(value) !== index);
}

function overlaps(panels: Panel[]): string[] {
  const found: string[] = [];
  panels.forEach((one, index) => {
    const a = one.gridPos;
    if (a.x < 0 || a.x + a.w > GRID_WIDTH) found.push(`panel "${one.title}" leaves the grid`);
    for (const other of panels.slice(index + 1)) {
      const b = other.gridPos;
      if (a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h) {
        found.push(`panels "${one.title}" and "${other.title}" overlap`);
      }
    }
  });
  return found;
}

// SPDX-License-Identifier: Apache-2.0
//
// Checks the JSON files named against a JSON schema, which is made of Grafana's own types (types.ts).

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { createGenerator } from 'ts-json-schema-generator';

interface Panel { type: string; options?: Record<string, unknown> }

function schema(): ValidateFunction<object> {
  const folder = join(__dirname, '..', '..');
  const made = createGenerator({
    path: join(folder, 'src', 'check', 'types.ts'), tsconfig: join(folder, 'tsconfig.json'), type: 'Dashboard',
    additionalProperties: false, skipTypeCheck: true, expose: 'none',
  }).createSchema('Dashboard');
  return new Ajv({ allErrors: true, allowUnionTypes: true, strict: false }).compile<object>(made);
}

/** What is wrong, without what only says that a panel is of no other kind. */
function wrong(errors: ErrorObject[]): string[] {
  const otherKinds = new Set(errors.filter(({ keyword, instancePath }) => keyword === 'const' && instancePath.endsWith('/type'))
    .map(({ schemaPath }) => schemaPath.replace(/\/properties\/type\/const$/, '')));
  const ours = errors.filter(({ keyword, schemaPath }) => keyword !== 'anyOf'
    && ![...otherKinds].some((kind) => schemaPath.startsWith(`${kind}/`)));
  return (ours.length > 0 ? ours : errors).map(({ instancePath, message, params }) =>
    `${instancePath || '/'} ${message} ${JSON.stringify(params)}`);
}

function main(files: string[]): number {
  const fits = schema();
  let failed = 0;
  for (const file of files) {
    const dashboard: { panels: Panel[] } = JSON.parse(readFileSync(file, 'utf8'));
    if (!fits(dashboard)) {
      failed += 1;
      for (const line of wrong(fits.errors ?? [])) console.error(`${file}: ${line}`);
      continue;
    }
    // A schema that takes everything would check nothing.
    for (const panel of dashboard.panels.filter(({ type }) => type !== 'row')) {
      panel.options!.noSuchOption = true;
      if (fits(dashboard)) throw new Error(`the schema takes any option of a panel ${panel.type}`);
      delete panel.options!.noSuchOption;
    }
  }
  console.log(`${files.length - failed} of ${files.length} dashboards fit Grafana's schema`);
  return failed;
}

process.exitCode = main(process.argv.slice(2)) > 0 ? 1 : 0;

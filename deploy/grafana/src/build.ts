// SPDX-License-Identifier: Apache-2.0
//
// Writes every dashboard as JSON into the folder named.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dashboards } from './dashboards';

const folder = process.argv[2];
if (!folder) throw new Error('usage: build FOLDER');
mkdirSync(folder, { recursive: true });
for (const [name, dashboard] of Object.entries(dashboards)) {
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(dashboard, null, 2)}\n`);
}

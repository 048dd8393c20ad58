// SPDX-License-Identifier: Apache-2.0

import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { fleet } from './fleet';
import { host } from './host';
import { tenant } from './tenant';
import { tiering } from './tiering';
import { vm } from './vm';

/** By the name of its file. */
export const dashboards: Record<string, Dashboard> = { fleet, host, tenant, vm, tiering };

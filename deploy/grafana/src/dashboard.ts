// SPDX-License-Identifier: Apache-2.0
//
// What every dashboard has: variables, annotations, links to the others, and rows of panels.

import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import {
  AnnotationQueryBuilder, DashboardBuilder, DashboardCursorSync, DashboardLinkBuilder, DashboardLinkType,
  DatasourceVariableBuilder, QueryVariableBuilder, RowBuilder, VariableRefresh, VariableSort, type Dashboard, type Panel,
} from '@grafana/grafana-foundation-sdk/dashboard';
import * as prometheus from '@grafana/grafana-foundation-sdk/prometheus';
import { bad, good, warning } from './look';
import { datasource } from './panels';
import { Chosen, type Variable } from './query';

export interface Row {
  title: string;
  panels: Builder<Panel>[];
}

export interface Description {
  uid: string;
  title: string;
  description: string;
  /** Which there are, in the order in which each narrows the next. */
  variables: Variable[];
  /** Those of which several can be chosen. */
  many: Variable[];
  rows: (chosen: Chosen) => Row[];
}

const TAG = 'hypertier';
const GRID_WIDTH = 24;

export function dashboard(told: Description): Dashboard {
  const chosen = new Chosen(told.variables, told.many);
  const made = new DashboardBuilder(told.title).uid(told.uid).description(told.description).tags([TAG]).timezone('browser')
    .time({ from: 'now-1h', to: 'now' }).refresh('30s').tooltip(DashboardCursorSync.Crosshair)
    .link(new DashboardLinkBuilder('HyperTier').type(DashboardLinkType.Dashboards).tags([TAG]).asDropdown(true).keepTime(true)
      .includeVars(true))
    .withVariable(new DatasourceVariableBuilder('datasource').label('Prometheus').type('prometheus'));
  for (const variable of told.variables) made.withVariable(chooser(variable, told));
  for (const annotation of annotations(chosen)) made.annotation(annotation);
  const result = made.build();
  result.panels = placed(told.rows(chosen));
  return tidied(result);
}

/** The SDK sets fields that mean nothing for what they are set of, and hides annotations and links in a menu. */
function tidied(made: Dashboard): Dashboard {
  for (const variable of made.templating?.list ?? []) {
    delete variable.auto;
    delete variable.auto_min;
    delete variable.auto_count;
  }
  for (const panel of made.panels ?? []) {
    // Of Grafana before 12.
    if (panel.type === 'table') delete (panel as Panel).options.footer;
  }
  for (const shown of [...(made.annotations?.list ?? []), ...(made.links ?? [])]) delete shown.placement;
  return made;
}

/** Rows from top to bottom; in each, panels from left to right, and again from the left where there is no room. */
function placed(rows: Row[]): Dashboard['panels'] {
  const all: NonNullable<Dashboard['panels']> = [];
  let y = 0;
  for (const { title, panels } of rows) {
    all.push({ ...new RowBuilder(title).build(), id: all.length + 1, gridPos: { x: 0, y, w: GRID_WIDTH, h: 1 } });
    y += 1;
    let x = 0;
    let lowest = y;
    for (const builder of panels) {
      const panel = builder.build();
      const { w, h } = panel.gridPos!;
      if (x + w > GRID_WIDTH) {
        x = 0;
        y = lowest;
      }
      all.push({ ...panel, id: all.length + 1, gridPos: { x, y, w, h } });
      x += w;
      lowest = Math.max(lowest, y + h);
    }
    y = lowest;
  }
  return all;
}

function chooser(variable: Variable, told: Description): QueryVariableBuilder {
  const before = told.variables.slice(0, told.variables.indexOf(variable));
  const chosen = new Chosen(before, told.many);
  const [label, query] = {
    instance: ['Host', `label_values(hypertier_build_info, instance)`],
    // Tenants with terms need not have a VM.
    tenant: ['Tenant', `label_values(${chosen.host('hypertier_tenant_vms')}, tenant)`],
    vm: ['VM', `label_values(${chosen.info()}, name)`],
  }[variable] as [string, string];
  const made = new QueryVariableBuilder(variable).label(label).datasource(datasource)
    .query({ query, refId: `variable-${variable}`, qryType: 1 }).refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.NaturalAsc);
  if (told.many.includes(variable)) {
    made.multi(true).includeAll(true).allValue('.*').current({ selected: true, text: ['All'], value: ['$__all'] });
  }
  return made;
}

const ANNOTATION_STEP = '60s';

function annotations(chosen: Chosen): AnnotationQueryBuilder[] {
  const grown = (metric: string, ...by: string[]) =>
    `sum by (instance, ${by.join(', ')}) (increase(${chosen.host(metric)}[${ANNOTATION_STEP}])) > 0`;
  return [
    annotation('Operations', good, grown('hypertier_operations_total', 'state'), 'Operations {{state}}', 'instance,state'),
    annotation('Events of VMs', warning, grown('hypertier_vm_events_total', 'kind'), 'VM: {{kind}}', 'instance,kind'),
    annotation('Alerts', bad, chosen.host('ALERTS', 'alertstate="firing"'), '{{alertname}}', 'instance,severity'),
  ];
}

function annotation(name: string, colour: string, expression: string, title: string, tags: string): AnnotationQueryBuilder {
  const made = new AnnotationQueryBuilder().name(name).datasource(datasource).enable(true).iconColor(colour).titleFormat(title)
    .textFormat('{{instance}}').tagKeys(tags);
  return made.target(new prometheus.DataqueryBuilder().expr(expression).refId('Anno').interval(ANNOTATION_STEP).range());
}

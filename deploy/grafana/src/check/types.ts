// SPDX-License-Identifier: Apache-2.0
//
// What Grafana says a dashboard is, in its own types; schema.ts makes a JSON schema of them. Grafana leaves options of panels
// open in the type Panel, and says elsewhere what each kind of panel takes: here they come together.

import type * as grafana from '@grafana/schema';
import type * as bargauge from '@grafana/schema/dist/esm/raw/composable/bargauge/panelcfg/x/BarGaugePanelCfg_types.gen';
import type * as stat from '@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen';
import type * as statetimeline from '@grafana/schema/dist/esm/raw/composable/statetimeline/panelcfg/x/StateTimelinePanelCfg_types.gen';
import type * as table from '@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen';
import type * as timeseries from '@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen';
import type * as trend from '@grafana/schema/dist/esm/raw/composable/trend/panelcfg/x/TrendPanelCfg_types.gen';
import type * as raw from '@grafana/schema/dist/esm/raw/dashboard/x/Dashboard_types.gen';

/** Grafana fills in what an option of a panel lacks. */
interface Typed<Type extends string, Options, Custom> extends Omit<raw.Panel, 'type' | 'options' | 'fieldConfig' | 'targets'> {
  type: Type;
  options: Partial<Options>;
  fieldConfig: Omit<raw.FieldConfigSource, 'defaults'> & { defaults: Omit<raw.FieldConfig, 'custom'> & { custom?: Custom } };
  targets: Query[];
}

/** A query for Prometheus; its type is in no package of its own. */
interface Query extends grafana.DataQuery {
  expr: string;
  format?: 'time_series' | 'table' | 'heatmap';
  instant?: boolean;
  range?: boolean;
  interval?: string;
  legendFormat?: string;
}

type Panel =
  | Typed<'bargauge', bargauge.Options, never>
  | Typed<'stat', stat.Options, never>
  | Typed<'state-timeline', statetimeline.Options, statetimeline.FieldConfig>
  | Typed<'table', table.Options, table.FieldConfig>
  | Typed<'timeseries', timeseries.Options, timeseries.FieldConfig>
  | Typed<'trend', trend.Options, trend.FieldConfig>;

/** The last three are the data source's. */
interface Annotation extends Omit<raw.AnnotationQuery, 'target'> {
  target: Query;
  titleFormat: string;
  textFormat: string;
  tagKeys: string;
}

export interface Dashboard extends Omit<raw.Dashboard, 'panels' | 'annotations'> {
  panels: (Panel | raw.RowPanel)[];
  annotations: { list: Annotation[] };
}

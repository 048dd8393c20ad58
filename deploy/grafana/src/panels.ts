// SPDX-License-Identifier: Apache-2.0
//
// The kinds of panels. Each takes what differs: what it tells, in which unit, by which queries.

import * as bargauge from '@grafana/grafana-foundation-sdk/bargauge';
import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import * as common from '@grafana/grafana-foundation-sdk/common';
import {
  DashboardLinkBuilder, FieldColorBuilder, FieldColorModeId, type DataTransformerConfig, type DynamicConfigValue, type Panel,
  type ThresholdsConfig, type ValueMapping,
} from '@grafana/grafana-foundation-sdk/dashboard';
import * as prometheus from '@grafana/grafana-foundation-sdk/prometheus';
import * as stat from '@grafana/grafana-foundation-sdk/stat';
import * as statetimeline from '@grafana/grafana-foundation-sdk/statetimeline';
import * as table from '@grafana/grafana-foundation-sdk/table';
import * as timeseries from '@grafana/grafana-foundation-sdk/timeseries';
import * as trend from '@grafana/grafana-foundation-sdk/trend';
import { bounds, colours, neutral, noThresholds, unit as units } from './look';
import type { Link } from './links';

export const datasource = { type: 'prometheus', uid: '${datasource}' };

/** A legend (`{{label}}` is replaced) and its query. */
export type Query = [legend: string, expression: string];

export interface Told {
  title: string;
  /** What it says, and what to do about it. */
  description: string;
  unit: string;
  width: number;
  height?: number;
  links?: Link[];
}

/** What all builders of panels have in common, as far as we need it. */
interface AnyPanel extends Builder<Panel> {
  title(title: string): this;
  description(text: string): this;
  unit(unit: string): this;
  span(width: number): this;
  height(height: number): this;
  datasource(source: common.DataSourceRef): this;
  withTarget(target: prometheus.DataqueryBuilder): this;
  dataLinks(links: DashboardLinkBuilder[]): this;
  thresholds(steps: Builder<ThresholdsConfig>): this;
  overrideByName(name: string, properties: DynamicConfigValue[]): this;
}

function tell<T extends AnyPanel>(panel: T, told: Told, height: number): T {
  panel.title(told.title).description(told.description).unit(told.unit).span(told.width).height(told.height ?? height)
    .datasource(datasource).thresholds(noThresholds());
  if (told.links) panel.dataLinks(told.links.map(dataLink));
  return panel;
}

const dataLink = (link: Link) => new DashboardLinkBuilder(link.title).url(link.url) as DashboardLinkBuilder;

function ask(panel: AnyPanel, queries: Query[], how: (query: prometheus.DataqueryBuilder) => unknown): void {
  queries.forEach(([legend, expression], number) => {
    const query = new prometheus.DataqueryBuilder().expr(expression).refId(String.fromCharCode(65 + number)).datasource(datasource);
    if (legend) query.legendFormat(legend);
    how(query);
    panel.withTarget(query);
  });
}

/** Known words have their colours, bounds are dashed lines. */
function paint(panel: AnyPanel, legends: string[], lines: boolean): void {
  for (const legend of legends) {
    const properties: DynamicConfigValue[] = [];
    const colour = colours[legend];
    if (colour) properties.push({ id: 'color', value: { mode: 'fixed', fixedColor: colour } });
    if (lines && bounds.includes(legend)) {
      properties.push({ id: 'custom.lineStyle', value: { fill: 'dash', dash: [8, 6] } }, { id: 'custom.fillOpacity', value: 0 },
        { id: 'custom.stacking', value: { mode: 'none', group: 'A' } });
    }
    if (properties.length > 0) panel.overrideByName(legend, properties);
  }
}

export interface LinesOptions {
  stacked?: boolean;
  /** Legends that queries make of label values, and that have colours. */
  words?: string[];
  most?: number;
  thresholds?: Builder<ThresholdsConfig>;
  logarithmic?: boolean;
}

/** Values over time. */
export function lines(told: Told, queries: Query[], options: LinesOptions = {}): Builder<Panel> {
  const panel = tell(new timeseries.PanelBuilder(), told, 8).min(0).lineWidth(1.5).fillOpacity(options.stacked ? 40 : 8)
    .showPoints(common.VisibilityMode.Never).colorScheme(new FieldColorBuilder().mode(FieldColorModeId.PaletteClassicByName))
    .legend(new common.VizLegendOptionsBuilder().displayMode(common.LegendDisplayMode.Table)
      .placement(common.LegendPlacement.Bottom).showLegend(true).calcs(['lastNotNull', 'max']))
    .tooltip(new common.VizTooltipOptionsBuilder().mode(common.TooltipDisplayMode.Multi).sort(common.SortOrder.Descending));
  if (options.stacked) panel.stacking(new common.StackingConfigBuilder().mode(common.StackingMode.Normal).group('A'));
  if (options.most !== undefined) panel.max(options.most);
  if (options.logarithmic) panel.scaleDistribution(new common.ScaleDistributionConfigBuilder().type(common.ScaleDistribution.Log).log(10));
  if (options.thresholds) {
    panel.thresholds(options.thresholds)
      .thresholdsStyle(new common.GraphThresholdsStyleConfigBuilder().mode(common.GraphThresholdsStyleMode.Dashed));
  }
  ask(panel, queries, (query) => query.range());
  paint(panel, [...queries.map(([legend]) => legend), ...(options.words ?? [])], true);
  return panel;
}

export interface NowOptions {
  thresholds?: Builder<ThresholdsConfig>;
  mappings?: ValueMapping[];
  words?: string[];
  most?: number;
  /** What the legend says is all there is to say. */
  nameOnly?: boolean;
}

const now = () => new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']);

/** A few numbers, as they are now. */
export function numbers(told: Told, queries: Query[], options: NowOptions = {}): Builder<Panel> {
  const panel = tell(new stat.PanelBuilder(), told, 4).reduceOptions(now()).graphMode(common.BigValueGraphMode.None)
    .colorMode(common.BigValueColorMode.Value);
  if (options.nameOnly) panel.textMode(common.BigValueTextMode.Name);
  else panel.textMode(queries.length > 1 || options.words ? common.BigValueTextMode.ValueAndName : common.BigValueTextMode.Value);
  panel.thresholds(options.thresholds ?? noThresholds()).mappings(options.mappings ?? []);
  ask(panel, queries, (query) => query.instant());
  paint(panel, options.words ?? [], false);
  return panel;
}

/** One bar a series, as it is now. */
export function bars(told: Told, queries: Query[], options: NowOptions = {}): Builder<Panel> {
  const panel = tell(new bargauge.PanelBuilder(), told, 6).reduceOptions(now()).min(0)
    .orientation(common.VizOrientation.Horizontal).displayMode(common.BarGaugeDisplayMode.Basic)
    .valueMode(common.BarGaugeValueMode.Text);
  panel.thresholds(options.thresholds ?? noThresholds());
  if (options.most !== undefined) panel.max(options.most);
  ask(panel, queries, (query) => query.instant());
  paint(panel, [...queries.map(([legend]) => legend), ...(options.words ?? [])], false);
  return panel;
}

/** What state each series was in, over time. */
export function states(told: Told, queries: Query[], mappings: ValueMapping[]): Builder<Panel> {
  const panel = tell(new statetimeline.PanelBuilder(), told, 8).mappings(mappings).showValue(common.VisibilityMode.Never)
    .mergeValues(true).rowHeight(0.8).fillOpacity(85)
    .legend(new common.VizLegendOptionsBuilder().displayMode(common.LegendDisplayMode.List)
      .placement(common.LegendPlacement.Bottom).showLegend(true).calcs([]))
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.Thresholds));
  ask(panel, queries, (query) => query.range());
  return panel;
}

export interface Column {
  header: string;
  expression: string;
  unit?: string;
  /** Colours the text of the cell. */
  thresholds?: Builder<ThresholdsConfig>;
  /** Colours the whole cell. */
  filled?: boolean;
  mappings?: ValueMapping[];
}

/** One row for each combination of the labels `keys`, which all columns' queries have; `headers` name them. */
export function rows(told: Omit<Told, 'unit' | 'links'>, keys: Record<string, { header: string; links?: Link[] }>, columns: Column[],
  sortBy: string): Builder<Panel> {
  const panel = tell(new table.PanelBuilder(), { ...told, unit: units.bytes }, 6).cellHeight(common.TableCellHeight.Sm)
    .cellOptions({ type: common.TableCellDisplayMode.Auto } as common.TableCellOptions)
    .sortBy([new common.TableSortByFieldStateBuilder().displayName(sortBy).desc(true)]);
  ask(panel, columns.map(({ expression }) => ['', expression]),
    (query) => query.instant().format(prometheus.PromQueryFormat.Table));
  const value = (number: number) => `Value #${String.fromCharCode(65 + number)}`;
  const renamed = [...Object.entries(keys).map(([label, { header }]) => [label, header] as const),
    ...columns.map(({ header }, number) => [value(number), header] as const)];
  panel.transformations(transformed(renamed));
  for (const { header, links } of Object.values(keys)) {
    panel.overrideByName(header, [
      { id: 'unit', value: 'string' },
      ...(links ? [{ id: 'links', value: links.map(({ title, url }) => ({ title, url })) }] : []),
    ]);
  }
  for (const { header, unit, thresholds, filled, mappings } of columns) {
    const properties: DynamicConfigValue[] = [{ id: 'unit', value: unit ?? units.bytes }];
    if (thresholds) {
      properties.push({ id: 'thresholds', value: thresholds.build() },
        { id: 'custom.cellOptions', value: { type: filled ? 'color-background' : 'color-text' } });
    }
    if (mappings) {
      properties.push({ id: 'mappings', value: mappings }, { id: 'custom.cellOptions', value: { type: 'color-text' } });
    }
    panel.overrideByName(header, properties);
  }
  return panel;
}

function transformed(renamed: (readonly [string, string])[]): DataTransformerConfig[] {
  return [
    { id: 'merge', options: {} },
    {
      id: 'organize',
      options: {
        excludeByName: { Time: true },
        indexByName: Object.fromEntries(renamed.map(([name], index) => [name, index])),
        renameByName: Object.fromEntries(renamed),
      },
    },
  ];
}

/** One value over another: `label` of the series is x. */
export function curve(told: Told, label: string, x: string, y: string, expression: string): Builder<Panel> {
  const panel = tell(new trend.PanelBuilder(), told, 8).xField(x).min(0).max(1).lineWidth(2).fillOpacity(10).pointSize(7)
    .showPoints(common.VisibilityMode.Always).lineColor(neutral)
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.Fixed).fixedColor(neutral))
    .legend(new common.VizLegendOptionsBuilder().displayMode(common.LegendDisplayMode.List)
      .placement(common.LegendPlacement.Bottom).showLegend(true).calcs([]));
  panel.withTarget(new prometheus.DataqueryBuilder().expr(expression).refId('A').datasource(datasource).instant()
    .format(prometheus.PromQueryFormat.Table));
  panel.transformations([
    { id: 'convertFieldType', options: { conversions: [{ targetField: label, destinationType: 'number' }], fields: {} } },
    { id: 'sortBy', options: { fields: {}, sort: [{ field: label }] } },
    {
      id: 'organize',
      options: { excludeByName: { Time: true }, indexByName: { [label]: 0, Value: 1 }, renameByName: { [label]: x, Value: y } },
    },
  ]);
  panel.overrideByName(x, [{ id: 'unit', value: units.percent }, { id: 'min', value: 0 }, { id: 'max', value: 100 }]);
  return panel;
}

// SPDX-License-Identifier: Apache-2.0
//
// What things look like: a tier or a state has the same unit and colour wherever it is shown.

import { ThresholdsConfigBuilder, ThresholdsMode, MappingType, type ValueMapping } from '@grafana/grafana-foundation-sdk/dashboard';
import * as units from '@grafana/grafana-foundation-sdk/units';

export const unit = {
  bytes: units.BytesIEC,
  bytesPerSecond: units.BytesPerSecondIEC,
  share: units.PercentUnit,
  percent: units.Percent,
  seconds: units.Seconds,
  opsPerSecond: units.OpsPerSecond,
  count: units.Short,
  plain: units.NoUnit,
};

// Told apart by people who see colours otherwise, too (Okabe and Ito).
const orange = '#E69F00';
const sky = '#56B4E9';
const green = '#009E73';
const blue = '#0072B2';
const vermilion = '#D55E00';
const pink = '#CC79A7';
const purple = '#6B4C9A';
const grey = '#8E8E8E';

export const good = green;
export const warning = orange;
export const bad = vermilion;
export const neutral = blue;

/** By what a legend says. */
export const colours: Record<string, string> = {
  FMEM: orange,
  SMEM: sky,
  capacity: vermilion,
  cell: vermilion,
  limit: purple,
  reserved: pink,
  'reserved by VMs': '#A05A85',
  target: blue,
  allotted: blue,
  charged: grey,
  resident: green,
  balloon: grey,
  burst: orange,
  missing: vermilion,
  free: sky,
  'hot set': orange,
  shortfall: pink,
  displaced: purple,
  sampling: sky,
  classification: blue,
  migration: orange,
  exchange: blue,
  promotion: orange,
  demotion: sky,
  compliant: green,
  lagging: orange,
  violating: vermilion,
  confined: pink,
  managed: green,
  waiting: orange,
  unmanaged: grey,
  up: green,
  down: vermilion,
  succeeded: green,
  failed: vermilion,
  cancelled: grey,
  running: blue,
};

/** Legends of what is a bound, and drawn as a dashed line. */
export const bounds = ['capacity', 'cell', 'limit', 'reserved', 'reserved by VMs'];

export function thresholds(...steps: [from: number | null, colour: string][]): ThresholdsConfigBuilder {
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute)
    .steps(steps.map(([value, color]) => ({ value, color })));
}

export const noThresholds = () => thresholds([null, neutral]);
/** Anything above nothing is worth a look. */
export const anyWarns = () => thresholds([null, good], [1e-9, warning]);
export const anyIsBad = () => thresholds([null, good], [1e-9, bad]);
/** A share that should be high. */
export const highIsGood = () => thresholds([null, bad], [0.7, warning], [0.9, good]);
/** How full something is. */
export const fullness = () => thresholds([null, good], [0.85, warning], [0.95, bad]);

/** Words for the values of a gauge that is 0 or 1. */
export function words(zero: [string, string], one: [string, string]): ValueMapping[] {
  return [{
    type: MappingType.ValueToText,
    options: {
      0: { text: zero[0], color: zero[1], index: 0 },
      1: { text: one[0], color: one[1], index: 1 },
    },
  } as ValueMapping];
}
export const oneIsGood = words(['no', bad], ['yes', good]);
export const oneIsBad = words(['no', good], ['yes', bad]);

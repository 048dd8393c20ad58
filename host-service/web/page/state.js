// SPDX-License-Identifier: Apache-2.0
//
// The one word for how a VM is doing.

import { wordText } from './format.js';

/** @typedef {'good' | 'busy' | 'warn' | 'bad' | 'off'} Mood each has its own sign, so that colour is not needed */

/**
 * @param {import('./api').Vm} vm
 * @returns {{ word: string, mood: Mood }}
 */
export function stateOf(vm) {
  if (vm.state === 'crashed') return { word: 'crashed', mood: 'bad' };
  if (vm.state !== 'running') return { word: wordText(vm.state), mood: 'off' };
  const has = (/** @type {string} */ compliance) => vm.tiers.some((tier) => tier.compliance === compliance);
  if (has('violating')) return { word: 'violating', mood: 'bad' };
  if (has('confined')) return { word: 'confined', mood: 'bad' };
  if (vm.management === 'unmanaged') return { word: 'unmanaged', mood: 'off' };
  if (vm.management === 'waiting') return { word: 'waiting', mood: 'warn' };
  if (vm.tiers.some((tier) => tier.missing_bytes > 0)) return { word: 'held short', mood: 'warn' };
  if (vm.tiers.some((tier) => tier.state === 'short')) return { word: 'short', mood: 'warn' };
  if (has('lagging')) return { word: 'lagging', mood: 'warn' };
  if (vm.operation !== '' || vm.tiers.some((tier) => tier.state === 'growing' || tier.state === 'shrinking')) {
    return { word: 'resizing', mood: 'busy' };
  }
  return { word: 'managed', mood: 'good' };
}

/** What the filter offers: the words above, in the order in which a person would look. */
export const STATES = ['violating', 'confined', 'crashed', 'waiting', 'held short', 'short', 'lagging', 'resizing', 'managed', 'unmanaged', 'paused',
  'suspended', 'shut off', 'unknown'];

/**
 * Why it is so: why it is not managed, or why its targets are what they are.
 * @param {import('./api').Vm} vm
 */
export function reasonOf(vm) {
  if (vm.reason !== '') return vm.reason;
  return vm.tiers.filter((tier) => tier.reason !== '').map((tier) => `${tier.tier}: ${tier.reason}`).join('; ');
}

// SPDX-License-Identifier: Apache-2.0
//
// Figures as text for people.

export const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];

/** @param {number} value @returns {string} three significant digits, or all of a whole number */
function short(value) {
  if (Number.isInteger(value)) return String(value);
  if (value >= 100) return value.toFixed(0);
  return value.toFixed(value >= 10 ? 1 : 2);
}

/** @param {number | null} bytes @returns {string} "1.50 GiB", as tierctl writes it; "–" for what is not known */
export function bytesText(bytes) {
  if (bytes === null) return '–';
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${short(value)} ${UNITS[unit]}`;
}

/** @param {number | null} bytes @returns {string} "1,610,612,736 bytes" */
export function exactText(bytes) {
  return bytes === null ? 'not known' : `${bytes.toLocaleString('en')} bytes`;
}

/** @param {number | null} ratio 0 to 1 @returns {string} */
export function percentText(ratio) {
  if (ratio === null || !Number.isFinite(ratio)) return '–';
  return `${(ratio * 100).toFixed(1)} %`;
}

/** @param {number} number @returns {string} */
export function numberText(number) {
  return number.toLocaleString('en', { maximumFractionDigits: 3 });
}

/** @param {string | null} time @returns {string} by the clock of whoever looks */
export function timeText(time) {
  if (time === null) return '–';
  return new Date(time).toLocaleString('sv-SE');
}

/** @param {string} word "shut_off" @returns {string} "shut off" */
export function wordText(word) {
  return word.replaceAll('_', ' ');
}

/** @param {import('./api').Tier} tier */
export function tierText(tier) {
  return tier.toUpperCase();
}

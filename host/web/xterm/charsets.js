// SPDX-License-Identifier: Apache-2.0
// Character sets that programs switch to: VT100's lines and symbols, which curses
// uses, Britain's, and the usual one. National ones of the time before Unicode
// are not there.

const SYMBOLS = '◆▒␉␌␍␊°±␤␋┘┐┌└┼⎺⎻─⎼⎽├┤┴┬│≤≥π≠£·'; // from ` to ~

export const CHARSETS = {
  '0': Object.fromEntries([...SYMBOLS].map((c, i) => [String.fromCharCode(96 + i), c])),
  'A': { '#': '£' },
  'B': undefined,
};
export const DEFAULT_CHARSET = undefined;

// SPDX-License-Identifier: Apache-2.0
// What the bundle has for the page.
export { Terminal } from 'browser/public/Terminal';
export { FitAddon } from 'addon-fit';

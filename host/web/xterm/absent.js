// SPDX-License-Identifier: Apache-2.0
// The parts of xterm.js that Pith's terminal never uses, as empty as those who
// ask for them allow: decorations, joined characters (ligatures), the tree for
// screen readers, the ruler beside the scroll bar, the quirks of Windows' pty, moving the
// cursor by a click, the log.

import { Disposable, Emitter } from 'vs/base/common/lifecycle';

export class DecorationService extends Disposable {
  constructor() {
    super();
    this.onDecorationRegistered = this.onDecorationRemoved =
      this._register(new Emitter()).event;
  }

  forEachDecorationAtCell() {}

  registerDecoration() {}

  reset() {}
}

export class CharacterJoinerService {
  getJoinedCharacters() {
    return [];
  }

  register() {
    return 0;
  }

  deregister() {
    return false;
  }
}

export { Disposable as AccessibilityManager, Disposable as BufferDecorationRenderer,
  Disposable as OverviewRulerRenderer, Disposable as JoinedCellData };

export function updateWindowsModeWrappedState() {}

/** Calls of the levels below error are taken out by build.mjs. */
export class LogService extends Disposable {
  constructor() {
    super();
    this.logLevel = 4;
  }

  error(...what) {
    console.error(...what);
  }
}

export const moveToCellSequence = () => '';

// SPDX-License-Identifier: Apache-2.0
// What xterm.js uses of its library of events and lifetimes, and no more:
// stands for vs/base/common/{event,lifecycle} and vs/base/browser/dom.

/** @typedef {{dispose(): void}} Mortal */

/** @param {any} x one, several, or nothing */
export function dispose(x) {
  for (const one of x?.[Symbol.iterator] ? x : [x])
    one?.dispose();
  return Array.isArray(x) ? [] : x;
}

/** fn is called once. @param {() => void} fn @returns {Mortal} */
export function toDisposable(fn) {
  let done = false;
  return {
    dispose() {
      if (!done) {
        done = true;
        fn();
      }
    },
  };
}

export class DisposableStore {
  constructor() {
    this.isDisposed = false;
    /** @type {Set<Mortal>} */
    this.all = new Set();
  }

  /** @template {Mortal} T @param {T} x @returns {T} */
  add(x) {
    if (this.isDisposed)
      x.dispose();
    else
      this.all.add(x);
    return x;
  }

  clear() {
    const { all } = this;
    this.all = new Set();
    dispose(all);
  }

  dispose() {
    this.isDisposed = true;
    this.clear();
  }
}

export class Disposable {
  constructor() {
    this._store = new DisposableStore();
  }

  /** @template {Mortal} T @param {T} x @returns {T} */
  _register(x) {
    return this._store.add(x);
  }

  dispose() {
    this._store.dispose();
  }
}

/** Holds one; the one before is disposed of. */
export class MutableDisposable {
  get value() {
    return this.held;
  }

  set value(x) {
    const before = this.held;
    this.held = x;
    if (before !== x)
      before?.dispose();
  }

  clear() {
    this.value = undefined;
  }

  dispose() {
    this.clear();
  }
}

/**
 * event(fn, self?, store?) listens. One listener that throws does not keep the
 * others from hearing.
 */
export class Emitter {
  constructor() {
    /** @type {((x: any) => void)[]} never changed, only replaced */
    this.heard = [];
    this.event = (fn, self, store) => {
      const mine = self ? fn.bind(self) : (x) => fn(x);
      this.heard = [...this.heard, mine];
      const end = toDisposable(() => {
        this.heard = this.heard.filter((x) => x !== mine);
      });
      if (Array.isArray(store))
        store.push(end);
      else
        store?.add(end);
      return end;
    };
  }

  fire(x) {
    for (const fn of this.heard) {
      try {
        fn(x);
      } catch (e) {
        reportError(e);
      }
    }
  }

  dispose() {
    this.heard = [];
  }
}

export const Event = {
  forward: (from, to) => from((x) => to.fire(x)),
  any: (...events) => (fn, self) => {
    const store = new DisposableStore();
    events.forEach((e) => e(fn, self, store));
    return store;
  },
};

/** @param {EventTarget} target @returns {Mortal} */
export function addDisposableListener(target, name, fn, options) {
  target.addEventListener(name, fn, options);
  return toDisposable(() => target.removeEventListener(name, fn, options));
}

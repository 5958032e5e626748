// SPDX-License-Identifier: Apache-2.0
// Work that can wait, for xterm.js: in slices, between other things.

const SLICE_MS = 8;

export class IdleTaskQueue {
  constructor() {
    this.clear();
  }

  /** @param {() => boolean | void} task true: it wants to go on */
  enqueue(task) {
    this.tasks.push(task);
    this.timer ||= setTimeout(() => this.work(performance.now() + SLICE_MS));
  }

  /** @param {number} until */
  work(until) {
    this.timer = 0;
    while (this.tasks.length && performance.now() < until) {
      const task = this.tasks.shift();
      if (task())
        this.tasks.unshift(task);
    }
    if (this.tasks.length)
      this.timer = setTimeout(() => this.work(performance.now() + SLICE_MS));
  }

  flush() {
    this.work(Infinity);
  }

  clear() {
    clearTimeout(this.timer);
    this.timer = 0;
    this.tasks = [];
  }
}

/** The last one that was set. */
export class DebouncedIdleTask {
  constructor() {
    this.queue = new IdleTaskQueue();
  }

  set(task) {
    this.queue.clear();
    this.queue.enqueue(task);
  }

  flush() {
    this.queue.flush();
  }
}

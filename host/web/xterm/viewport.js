// SPDX-License-Identifier: Apache-2.0
// Scrolling by the browser itself, in place of xterm.js' own scroll bars: wheel,
// touch with momentum, and the system's bar for nothing.
//
//     .xterm-viewport            scrolls
//       .xterm-screen            sticks to its top
//       div                      as high as what is scrolled away

import { Disposable, Emitter, toDisposable } from 'vs/base/common/lifecycle';
import { IRenderService } from 'browser/services/Services';
import { IBufferService } from 'common/services/Services';

export class Viewport extends Disposable {
  constructor(element, screen, bufferService, renderService) {
    super();
    this.buffers = bufferService;
    this.render = renderService;
    this.requests = this._register(new Emitter());
    this.onRequestScrollLines = this.requests.event;
    this.queued = false;
    this.row = 0; // what the scroll position stands for
    const node = this.node = element.querySelector('.xterm-viewport');
    this.rest = document.createElement('div');
    node.append(screen, this.rest);
    screen.style.position = 'sticky';
    screen.style.top = 0;
    node.addEventListener('scroll', () => this.#scrolled());
    this._register(toDisposable(() => node.remove()));
    this._register(bufferService.onResize(() => this.queueSync()));
    this._register(bufferService.buffers.onBufferActivate(() => this.queueSync()));
    this._register(bufferService.onScroll(() => this.queueSync()));
    this._register(renderService.onDimensionsChange(() => this.queueSync()));
  }

  get #cell() {
    return this.render.dimensions.css.cell.height;
  }

  scrollLines(n) {
    this.scrollToLine(this.buffers.buffer.ydisp + n);
  }

  scrollToLine(line) {
    this.#sync();
    this.node.scrollTop = line * this.#cell;
    this.#scrolled();
  }

  /** What is shown has moved, or there is more of it. Drawn soon. */
  queueSync() {
    if (this.queued)
      return;
    this.queued = true;
    this.render.addRefreshCallback(() => {
      this.queued = false;
      this.#sync();
    });
  }

  #sync() {
    const { buffer, rows } = this.buffers;
    const cell = this.#cell;
    if (!cell)
      return;
    this.node.style.height = `${rows * cell}px`;
    this.rest.style.height = `${buffer.ybase * cell}px`;
    if (this.row !== buffer.ydisp || Math.round(this.node.scrollTop / cell) !== this.row) {
      this.row = buffer.ydisp;
      this.node.scrollTop = this.row * cell;
    }
  }

  #scrolled() {
    const row = Math.round(this.node.scrollTop / this.#cell);
    const by = row - this.row; // 0: the position that #sync has set
    this.row = row;
    if (by)
      this.requests.fire(by);
  }
}
// who constructs it goes by these, as by decorators
IBufferService(Viewport, '', 2);
IRenderService(Viewport, '', 3);

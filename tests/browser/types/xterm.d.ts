// What terminal.js uses of xterm.js, which the site has beside it.
declare module '*/xterm.mjs' {
  export class Terminal {
    constructor(options: object);
    options: { theme: object };
    rows: number;
    cols: number;
    open(e: HTMLElement): void;
    focus(): void;
    loadAddon(a: object): void;
    write(data: string | Uint8Array, done?: () => void): void;
    onResize(fn: () => void): void;
    onData(fn: (text: string) => void): void;
    onBinary(fn: (text: string) => void): void;
  }
  export class FitAddon { fit(): void; }
}

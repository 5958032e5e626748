// SPDX-License-Identifier: Apache-2.0
// The network Worker: what programs ask of hosts out there (net.c), by fetch and
// WebSocket. Requests come as messages; answers go, as HTTP/1 and as frames of
// WebSocket, through a mailbox in the kernel's memory, each connection's no
// faster than its program reads.

// enum net_message (net.h)
const FETCH = 0, SOCKET = 1, TEXT = 2, BYTES = 3, CLOSING = 4, DROP = 5, ROOM = 6;
const IN_DATA = 0, IN_DONE = 1, IN_CLOSE = 2; // net.c
const PIECE = 65536;
const WINDOW = 262144; // bytes that a program need not have read yet
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'; // RFC 6455, 1.3

/** @type {Int32Array} */
let words;
/** @type {Uint8Array} */
let place;
/** @type {Map<number, Connection>} */
const connections = new Map();
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * To the kernel, which empties the mailbox at once.
 * @param {number} id @param {number} op @param {Uint8Array<ArrayBufferLike>} bytes
 */
function put(id, op, bytes = new Uint8Array(0)) {
  for (let at = 0; ; at += PIECE) {
    const piece = bytes.subarray(at, at + PIECE);
    const last = at + PIECE >= bytes.length;
    while (Atomics.load(words, 0) !== 0)
      Atomics.wait(words, 0, 1);
    place.set(piece);
    words.set([id, last ? op : IN_DATA, piece.length], 1);
    Atomics.store(words, 0, 1);
    Atomics.notify(words, 0);
    if (last)
      return;
  }
}

/** What a connection may still be sent, and who waits for it. */
class Connection {
  constructor(id) {
    this.id = id;
    this.room = WINDOW;
    this.abort = new AbortController();
    /** @type {WebSocket | null} */
    this.socket = null;
    this.early = []; // messages before the WebSocket is open
    this.queue = Promise.resolve();
    this.wake = () => {};
  }

  /** @param {Uint8Array<ArrayBufferLike>} bytes */
  async send(bytes) {
    for (let at = 0; at < bytes.length;) {
      while (this.room <= 0 && !this.abort.signal.aborted)
        await new Promise((resolve) => { this.wake = () => resolve(0); });
      if (this.abort.signal.aborted)
        return;
      const piece = bytes.subarray(at, at + Math.min(this.room, PIECE));
      put(this.id, IN_DATA, piece);
      this.room -= piece.length;
      at += piece.length;
    }
  }

  say(text) {
    return this.send(encoder.encode(text));
  }

  /** An answer of our own, and the end. */
  async fail(status, why) {
    const body = encoder.encode(`${why}\n`);
    await this.say(`HTTP/1.1 ${status}\r\nContent-Type: text/plain; charset=utf-8\r\n`
      + `Content-Length: ${body.length}\r\nConnection: close\r\n\r\n`);
    await this.send(body);
    this.end(IN_CLOSE);
  }

  end(op) {
    if (connections.get(this.id) === this)
      put(this.id, op);
    if (op === IN_CLOSE)
      connections.delete(this.id);
  }
}

/**
 * A page that came by https cannot ask by http; what is on a usual port is
 * mostly there by https, too.
 */
function reachable(url) {
  const u = new URL(url);
  if (self.location.protocol === 'https:' && u.port === '') {
    if (u.protocol === 'http:')
      u.protocol = 'https:';
    if (u.protocol === 'ws:')
      u.protocol = 'wss:';
  }
  return u.href;
}

// ---- fetch -----------------------------------------------------------------------

// What fetch sets itself or the browser would rather not hear from a page; a
// User-Agent of one's own would make every request one that must be allowed.
const NOT_SENT = new Set(['host', 'connection', 'keep-alive', 'content-length',
  'transfer-encoding', 'te', 'trailer', 'upgrade', 'expect', 'user-agent',
  'accept-encoding', 'cookie', 'origin', 'referer', 'date', 'via', 'dnt']);
// The body comes decoded, and framed anew.
const NOT_PASSED = new Set(['connection', 'keep-alive', 'transfer-encoding',
  'content-length', 'content-encoding', 'upgrade', 'trailer']);

function requestHeaders(text) {
  const headers = new Headers();
  for (const line of text.split(/\r?\n/)) {
    const at = line.indexOf(':');
    const name = line.slice(0, at).toLowerCase();
    if (at > 0 && !NOT_SENT.has(name) && !/^(proxy|sec)-/.test(name))
      headers.append(name, line.slice(at + 1).trim());
  }
  return headers;
}

/** @returns {Promise<boolean>} whether the connection can be used again */
async function pass(c, method, version, r) {
  let head = `HTTP/1.1 ${r.status} ${r.statusText}\r\n`;
  for (const [name, value] of r.headers) {
    if (!NOT_PASSED.has(name))
      head += `${name}: ${value}\r\n`;
  }
  const length = r.headers.get('content-length');
  const none = method === 'HEAD' || r.status === 204 || r.status === 304;
  // only of one's own site is it known whether the length is that of the body
  const plain = r.type === 'basic' && !r.headers.has('content-encoding');
  const known = length !== null && (plain || none);
  const chunked = !none && !known && version === '1';
  if (known)
    head += `Content-Length: ${length}\r\n`;
  if (chunked)
    head += 'Transfer-Encoding: chunked\r\n';
  if (version === '0')
    head += 'Connection: close\r\n';
  await c.say(`${head}\r\n`);
  for (const reader = r.body?.getReader(); reader && !none;) {
    const { done, value } = await reader.read();
    if (done)
      break;
    if (chunked)
      await c.say(`${value.length.toString(16)}\r\n`);
    await c.send(value);
    if (chunked)
      await c.say('\r\n');
  }
  if (chunked)
    await c.say('0\r\n\r\n');
  return version === '1' && (none || known || chunked);
}

async function ask(c, text, body) {
  const at = text.indexOf('\n');
  const [method, url, version] = text.slice(0, at).split(' ');
  let r;
  try {
    r = await fetch(reachable(url), { method,
      headers: requestHeaders(text.slice(at + 1)),
      body: body.length ? body : undefined,
      credentials: 'omit', cache: 'no-store', referrerPolicy: 'no-referrer',
      signal: c.abort.signal });
  } catch (e) {
    if (!c.abort.signal.aborted)
      await c.fail('502 Bad Gateway', `${url}: ${e.message}. It cannot be reached, `
        + 'or it does not let pages of other sites ask (CORS).');
    return;
  }
  try {
    const again = await pass(c, method, version, r);
    c.end(again ? IN_DONE : IN_CLOSE);
  } catch {
    c.end(IN_CLOSE); // cut off, as the program will see
  }
}

// ---- WebSocket ----------------------------------------------------------------------

function frame(opcode, bytes) {
  const n = bytes.length;
  const head = n < 126 ? [n] : n < 65536 ? [126, n >> 8, n & 255]
    : [127, 0, 0, 0, 0, n >>> 24, n >> 16 & 255, n >> 8 & 255, n & 255];
  const out = new Uint8Array(1 + head.length + n);
  out.set([0x80 | opcode, ...head]);
  out.set(bytes, 1 + head.length);
  return out;
}

async function accept(key) {
  const sum = await crypto.subtle.digest('SHA-1', encoder.encode(key + GUID));
  return btoa(String.fromCharCode(...new Uint8Array(sum)));
}

function openSocket(c, text) {
  const [url, key, protocols] = text.split('\n');
  let s;
  try {
    s = new WebSocket(reachable(url),
      protocols.split(',').map((p) => p.trim()).filter(Boolean));
  } catch (e) {
    c.fail('400 Bad Request', e.message);
    return;
  }
  let open = false;
  c.socket = s;
  s.binaryType = 'arraybuffer';
  /** In their order, each when there is room for it. */
  const next = (fn) => { c.queue = c.queue.then(fn).catch(() => {}); };
  s.onopen = () => {
    open = true;
    c.early.splice(0).forEach((m) => s.send(m));
    next(async () => c.say('HTTP/1.1 101 Switching Protocols\r\n'
      + 'Upgrade: websocket\r\nConnection: Upgrade\r\n'
      + `Sec-WebSocket-Accept: ${await accept(key)}\r\n`
      + (s.protocol ? `Sec-WebSocket-Protocol: ${s.protocol}\r\n` : '') + '\r\n'));
  };
  s.onmessage = ({ data }) => next(() => c.send(typeof data === 'string'
    ? frame(1, encoder.encode(data)) : frame(2, new Uint8Array(data))));
  s.onclose = ({ code, reason }) => next(async () => {
    if (!open) {
      await c.fail('502 Bad Gateway', `${url}: no WebSocket there`);
      return;
    }
    const said = encoder.encode(reason);
    // 1005 and 1006 are not for the wire: there was no code
    await c.send(frame(8, code === 1005 || code === 1006 ? new Uint8Array(0)
      : new Uint8Array([code >> 8, code & 255, ...said])));
    c.end(IN_CLOSE);
  });
}

function socketSend(c, message) {
  if (c.socket?.readyState === WebSocket.OPEN)
    c.socket.send(message);
  else
    c.early.push(message);
}

// ---- messages ---------------------------------------------------------------------------

onmessage = ({ data: m }) => {
  if (m.t === 'start') {
    words = new Int32Array(m.memory.buffer, m.at, 4);
    place = new Uint8Array(m.memory.buffer, m.at + 16, PIECE);
    return;
  }
  const { id, op, ntext, parts } = m;
  const all = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  parts.reduce((at, p) => (all.set(p, at), at + p.length), 0);
  const text = decoder.decode(all.subarray(0, ntext));
  const body = all.subarray(ntext);
  let c = connections.get(id);
  if (!c && (op === FETCH || op === SOCKET)) {
    c = new Connection(id);
    connections.set(id, c);
  }
  if (!c)
    return;
  switch (op) {
  case FETCH:
    ask(c, text, body);
    break;
  case SOCKET:
    openSocket(c, text);
    break;
  case TEXT:
    socketSend(c, decoder.decode(body));
    break;
  case BYTES:
    socketSend(c, body);
    break;
  case CLOSING: { // a page may only close with some of the codes
    const code = Number(text);
    c.socket?.close(code === 1000 || (code >= 3000 && code < 5000) ? code : 1000);
    break;
  }
  case DROP:
    connections.delete(id);
    c.abort.abort();
    c.socket?.close();
    c.wake();
    break;
  case ROOM:
    c.room += Number(text);
    c.wake();
    break;
  }
};

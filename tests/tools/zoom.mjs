// SPDX-License-Identifier: Apache-2.0
// A flame graph's script on a document made of its own elements: what a click
// does. zoom.mjs FILE.svg; exits with 1 and a sentence when something is wrong.
import { readFileSync } from 'node:fs';

const text = readFileSync(process.argv[2], 'utf8');
const unescape = (s) => s.replace(/&lt;/g, '<').replace(/&gt;/g, '>')
  .replace(/&quot;/g, '"').replace(/&amp;/g, '&');
const element = (textContent = '') => ({
  textContent, style: {}, attributes: {}, listeners: {}, classes: new Set(),
  children: [],
  classList: null,
  setAttribute(k, v) { this.attributes[k] = v; },
  addEventListener(k, f) { this.listeners[k] = f; },
});
const frames = [];
const shape = /<g class="f" data-x="(\d+)" data-w="(\d+)" data-d="(\d+)"><title>([^<]*)<\/title><rect ([^>]*)\/><text [^>]*>([^<]*)<\/text><\/g>/g;
for (const [, x, w, d, title, , label] of text.matchAll(shape)) {
  const g = element();
  g.dataset = { x, w, d };
  g.classList = { toggle: (c, on) => on ? g.classes.add(c) : g.classes.delete(c) };
  g.children = [element(unescape(title)), element(), element(unescape(label))];
  frames.push(g);
}
const reset = element();
const document = {
  querySelectorAll: () => frames,
  getElementById: () => reset,
};
new Function('document', text.match(/<!\[CDATA\[([^]*)\]\]>/)[1])(document);

const check = (what, ok) => {
  if (!ok) {
    console.log(`zoom: ${what}`);
    process.exit(1);
  }
};
const named = (s) => frames.find((g) => g.children[0].textContent.startsWith(s));
check('all frames are understood',
  frames.length === text.split('<g ').length - 1 && frames.length > 5);
const b = named('b (');
b.listeners.click();
check('the clicked frame is wide', b.children[1].attributes.width === 1180);
check('its caller is there, paler', named('a (').classes.has('up') &&
  named('a (').style.display === '');
check('what it calls has its share',
  Math.abs(named('long').children[1].attributes.width - 1180 * 6 / 10) < 1);
check('a label grows', named('long').children[2].textContent.length > 10);
check('what is beside it is gone', named('other').style.display === 'none');
check('a way back', reset.style.display === 'inline');
reset.listeners.click();
check('all is back', frames.every((g) => g.style.display === '' &&
  !g.classes.has('up')) && reset.style.display === 'none');

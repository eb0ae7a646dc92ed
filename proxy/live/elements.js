"use strict";
// Elements, and how things are written. What comes from a request goes into the page as text, and in no other way.

const byId = (id) => document.getElementById(id);

/** An element with attributes and children; `text` is its text. */
function element(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

function drawing(name, attributes = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
}

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "text") node.textContent = value;
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

/** Changes a text only where it differs: nothing flickers, and nothing is laid out anew for no reason. */
function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

const badge = (kind, text = kind) => element("span", { class: `badge ${kind}`, text });

const whole = new Intl.NumberFormat("en");
const short = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const timeOfDay = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const hourAndMinute = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const dayAndTime = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
const weekday = new Intl.DateTimeFormat("en-GB", { weekday: "short" });

const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });

const date = (seconds) => new Date(seconds * 1000);

/** The time of day; with the date, where that is not today's. */
function clock(seconds) {
  const at = date(seconds);
  const today = at.toDateString() === new Date().toDateString();
  return today ? timeOfDay.format(at) : `${day.format(at)}, ${timeOfDay.format(at)}`;
}

function count(number) {
  return Math.abs(number) < 10000 ? whole.format(number) : short.format(number);
}

/** Milliseconds, with three digits that count. */
function duration(ms) {
  if (ms === undefined || ms === null) return "–";
  if (ms < 10) return `${ms.toFixed(2)} ms`;
  if (ms < 100) return `${ms.toFixed(1)} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60000) return `${(ms / 1000).toFixed(ms < 10000 ? 2 : 1)} s`;
  return elapsed(ms / 1000);
}

function elapsed(seconds) {
  const total = Math.max(0, Math.round(seconds));
  if (total < 60) return `${total} s`;
  if (total < 3600) return `${Math.floor(total / 60)} min ${total % 60} s`;
  if (total < 86400) return `${Math.floor(total / 3600)} h ${Math.floor((total % 3600) / 60)} min`;
  return `${Math.floor(total / 86400)} d ${Math.floor((total % 86400) / 3600)} h`;
}

function bytes(number) {
  if (number < 1024) return `${number} B`;
  if (number < 1024 * 1024) return `${(number / 1024).toFixed(1)} KiB`;
  return `${(number / 1024 / 1024).toFixed(1)} MiB`;
}

const tokensIn = (usage) => usage.input + usage.cache_read + usage.cache_creation;

/** Pairs of a term and what it says, a string or an element, into a description list. */
function describe(list, pairs) {
  const wanted = pairs.filter(([, value]) => value !== undefined && value !== "");
  const told = JSON.stringify(wanted.map(([term, value]) => [term, value.textContent ?? value]));
  if (list.dataset.told === told) return;
  list.dataset.told = told;
  list.replaceChildren(...wanted.flatMap(([term, value]) => [element("dt", { text: term }), element("dd", {}, value)]));
}

/** Puts exactly these nodes into a parent, in this order. What is in place already stays untouched, and so does the focus. */
function keepNodes(parent, nodes) {
  const focused = document.activeElement;
  const wanted = new Set(nodes);
  for (const child of [...parent.children]) if (!wanted.has(child)) child.remove();
  nodes.forEach((node, index) => {
    if (parent.children[index] !== node) parent.insertBefore(node, parent.children[index] ?? null);
  });
  if (focused !== document.activeElement && focused.isConnected) focused.focus({ preventScroll: true });
}

/** The rows of a table's body, one for each item, kept from one time to the next by the items' keys. */
function keepRows(body, items, key, make, change) {
  const before = new Map([...body.children].map((row) => [row.dataset.key, row]));
  const rows = items.map((item) => before.get(key(item)) ?? make(item));
  items.forEach((item, index) => {
    rows[index].dataset.key = key(item);
    change(rows[index], item);
  });
  keepNodes(body, rows);
}

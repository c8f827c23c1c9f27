// What the page is made of. Object keys may hold anything, so all text goes into the
// page as text: nothing here makes HTML of a string.

import { isChinese, say } from "./page-words.js";

export const byId = (id) => document.getElementById(id);
const LOOKS = {
  good: ["submitted", "Available", "available", "distributed", "succeeded"],
  known: ["duplicate", "planned", "cancelled", "redrive"],
  wait: ["waiting", "retrying", "Waiting", "Creating", "running", "enqueued", "intent",
    "progress", "stuck", "converting", "distributing"],
  bad: ["refused", "failed", "CreateFailed", "create_failed", "distribution_failed", "gone",
    "given up", "unreadable"],
};
const LONGEST_BRIEF = 120;
const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

export function element(tag, { className = "", ...properties } = {}, ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  for (const [name, value] of Object.entries(properties)) made.setAttribute(name, value);
  made.append(...children.filter(Boolean));
  return made;
}

export const isolated = (text, properties) =>
  text ? element("bdi", { className: "mono", dir: "ltr", ...properties }, visible(text)) : "";
export const quiet = (text) => element("span", { className: "quiet" }, text);
export const lines = (many) => say(many === 1 ? "{count} line" : "{count} lines", { count: many });

// Says something to whoever listens to the page, and shows it for a while.
export function report(text) {
  byId("news").textContent = text;
}

export function copyButton(text, label) {
  const button = element("button", { type: "button", className: "small", "aria-label": label }, say("Copy"));
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(text);
    button.textContent = say("Copied");
    setTimeout(() => { button.textContent = say("Copy"); }, 1500);
  });
  return button;
}

const isBad = (word) => LOOKS.bad.includes(word);

// Trouble stands before the rest; otherwise the order stays.
export const troubleFirst = (items, wordOf) =>
  [...items].sort((one, other) => isBad(wordOf(other)) - isBad(wordOf(one)));
export const troubles = (items, wordOf) => items.filter((item) => isBad(wordOf(item))).length;

// Control and direction characters would hide what a key really is.
export function visible(text) {
  return String(text).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}]/gu, (character) =>
    `\\u{${character.codePointAt(0).toString(16)}}`);
}

// A key may have a thousand characters; its ends are what tells it from others.
export function brief(text) {
  const all = [...String(text)];
  if (all.length <= LONGEST_BRIEF) return isolated(text);
  const half = LONGEST_BRIEF / 2;
  const ends = `${all.slice(0, half).join("")} \u2026 ${all.slice(-half).join("")}`;
  return isolated(ends, { title: visible(text) });
}

export function pill(word) {
  const look = Object.keys(LOOKS).find((name) => LOOKS[name].includes(word)) ?? "";
  return element("span", { className: `pill ${look}` }, word);
}

export function size(bytes) {
  const power = bytes ? Math.min(4, Math.floor(Math.log2(bytes) / 10)) : 0;
  const number = bytes / 1024 ** power;
  return `${power && number < 10 ? number.toFixed(1) : Math.round(number)} ${UNITS[power]}`;
}

export function clock(at) {
  const moment = new Date(at);
  const isOne = !Number.isNaN(moment.valueOf());
  const shown = isOne ? moment.toLocaleTimeString([], { hour12: false }) : visible(at);
  return element("time", { className: "quiet tight", datetime: at, title: at }, shown);
}

const STYLES = { size: "tight number", ETag: "tight", parameter: "tight", claim: "tight" };

export function table(names, rows, caption) {
  const head = names.map((name) =>
    element("th", { scope: "col", className: STYLES[name] }, say(name)));
  const cell = (content, index) =>
    element("td", { "data-label": say(names[index]), className: STYLES[names[index]] }, content);
  const made = element("table", {},
    element("thead", {}, element("tr", {}, ...head)),
    element("tbody", {}, ...rows.map((cells) => element("tr", {}, ...cells.map(cell)))));
  return element("div",
    { className: "table", tabindex: "0", role: "group", "aria-label": caption }, made);
}

export function facts(pairs) {
  const told = pairs.filter(([, value]) => value);
  return element("dl", { className: "facts" }, ...told.flatMap(([name, value]) =>
    [element("dt", {}, say(name)),
      element("dd", {}, ...(Array.isArray(value) ? value : [isolated(value)]))]));
}

// Elements stay what they are while their item does, so that what is open stays open.
export function sync(parent, items, keyOf, make, update) {
  const known = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  items.forEach((item, index) => {
    const key = keyOf(item);
    const node = known.get(key) ?? make(item);
    known.delete(key);
    node.dataset.key = key;
    const print = JSON.stringify(item);
    if (node.print !== print) update(node, item);
    node.print = print;
    if (parent.children[index] !== node) parent.insertBefore(node, parent.children[index] ?? null);
  });
  for (const node of known.values()) node.remove();
}

// A line that opens; what is inside is fetched when it does.
export function opening(load) {
  const line = element("span", { className: "line" });
  const inside = element("div");
  const made = element("details", {}, element("summary", {}, line), inside);
  made.refresh = async () => {
    if (made.open) inside.replaceChildren(...await load(made.item));
  };
  made.addEventListener("toggle", made.refresh);
  made.show = (item, reason, ...children) => {
    made.item = item;
    line.replaceChildren(
      element("span", { className: "head" }, ...children),
      reason ? element("p", { className: "reason" }, visible(reason)) : "");
    made.refresh();
  };
  return made;
}

export async function ask(name, asked) {
  const language = isChinese ? { language: "zh" } : {};
  const answer = await fetch(`/_local/${name}?${new URLSearchParams({ ...asked, ...language })}`);
  const said = await answer.json();
  if (!answer.ok) throw new Error(said.error ?? answer.status);
  return said;
}

export function count(shown, { newest, count: all }) {
  const some = say("the newest {shown} of {count}", { shown: newest.length, count: all });
  shown.textContent = all > newest.length ? some : all || "";
}

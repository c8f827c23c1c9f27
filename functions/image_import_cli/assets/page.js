// What the page does: it asks for the state until it differs from what is shown, and
// puts files where they are dropped. Object keys may hold anything, so all text goes
// into the page as text: nothing here makes HTML of a string.
"use strict";

const byId = (id) => document.getElementById(id);
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const LOOKS = {
  good: ["submitted", "Available", "available", "succeeded"],
  known: ["duplicate", "planned"],
  wait: ["waiting", "retrying", "Waiting", "Creating", "running", "enqueued", "intent"],
  bad: ["refused", "failed", "CreateFailed", "given up", "unreadable"],
};
const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

function element(tag, { className = "", ...properties } = {}, ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  for (const [name, value] of Object.entries(properties)) made.setAttribute(name, value);
  made.append(...children.filter(Boolean));
  return made;
}

const isolated = (text) =>
  text ? element("bdi", { className: "mono", dir: "ltr" }, visible(text)) : "";
const quiet = (text) => element("span", { className: "quiet" }, text);
const lines = (many) => `${many} ${many === 1 ? "line" : "lines"}`;

// Control and direction characters would hide what a key really is.
function visible(text) {
  return String(text).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}]/gu, (character) =>
    `\\u{${character.codePointAt(0).toString(16)}}`);
}

function pill(word) {
  const look = Object.keys(LOOKS).find((name) => LOOKS[name].includes(word)) ?? "";
  return element("span", { className: `pill ${look}` }, word);
}

function size(bytes) {
  const power = bytes ? Math.min(4, Math.floor(Math.log2(bytes) / 10)) : 0;
  const number = bytes / 1024 ** power;
  return `${power && number < 10 ? number.toFixed(1) : Math.round(number)} ${UNITS[power]}`;
}

function clock(at) {
  const moment = new Date(at);
  const isOne = !Number.isNaN(moment.valueOf());
  const shown = isOne ? moment.toLocaleTimeString([], { hour12: false }) : visible(at);
  return element("time", { className: "quiet tight", datetime: at, title: at }, shown);
}

const STYLES = { size: "tight number", ETag: "tight", parameter: "tight", claim: "tight" };

function table(names, rows, caption) {
  const head = names.map((name) =>
    element("th", { scope: "col", className: STYLES[name] }, name));
  const cell = (content, index) =>
    element("td", { "data-label": names[index], className: STYLES[names[index]] }, content);
  const made = element("table", {},
    element("thead", {}, element("tr", {}, ...head)),
    element("tbody", {}, ...rows.map((cells) => element("tr", {}, ...cells.map(cell)))));
  return element("div",
    { className: "table", tabindex: "0", role: "group", "aria-label": caption }, made);
}

function facts(pairs) {
  const told = pairs.filter(([, value]) => value);
  return element("dl", { className: "facts" }, ...told.flatMap(([name, value]) =>
    [element("dt", {}, name), element("dd", {}, isolated(value))]));
}

// Elements stay what they are while their item does, so that what is open stays open.
function sync(parent, items, keyOf, make, update) {
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
function opening(load) {
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

async function ask(name, asked) {
  const answer = await fetch(`/_local/${name}?${new URLSearchParams(asked)}`);
  const said = await answer.json();
  if (!answer.ok) throw new Error(said.error ?? answer.status);
  return said;
}

function count(shown, { newest, count: all }) {
  shown.textContent = all > newest.length ? `the newest ${newest.length} of ${all}` : all || "";
}

// Events

function why(name, evidence) {
  return evidence[name] ?? evidence[name.split(".")[0]] ?? {};
}

function plan({ parameters = {}, evidence = {} }) {
  const names = [...new Set([...Object.keys(evidence), ...Object.keys(parameters)])];
  const rows = names.filter((name) => name in parameters || !names.some((other) =>
    other !== name && other.split(".")[0] === name)).sort().map((name) => {
    const { value, source = "event", overrode = {} } = why(name, evidence);
    const instead = Object.entries(overrode).map(([from, held]) => `${held} (${from})`);
    const shown = parameters[name] ?? value;
    return [
      isolated(name),
      isolated(typeof shown === "string" ? shown : JSON.stringify(shown) ?? ""),
      visible(source),
      isolated(instead.join(", ")),
    ];
  });
  if (!rows.length) return null;
  return table(["parameter", "value", "from", "instead of"], rows, "Plan");
}

function record(said) {
  return element("div", {},
    element("p", { className: "head" }, pill(said.outcome), isolated(said.object_key)),
    said.reason && element("p", { className: "reason" }, visible(said.reason)),
    facts([
      ["image", said.image_name],
      ["image ID", said.image_id],
      ["task ID", said.task_id],
      ["request ID", said.ecs_request_id],
      ["error", said.error_code],
      ["message", said.error_message],
    ]),
    plan(said),
    ...(said.notes ?? []).map((note) => element("p", { className: "reason" }, `note: ${visible(note)}`)));
}

async function insideDelivery({ id, upload }) {
  if (!id) return [facts([["upload", upload]])];
  const { tries } = await ask("delivery", { id });
  return tries.flatMap((attempt, index) => [
    element("h3", {}, tries.length > 1 ? `Attempt ${index + 1}` : "What the function made of it"),
    ...attempt.records.map(record),
    attempt.error ? element("pre", { tabindex: "0" }, visible(attempt.error)) : "",
    log(attempt.log),
  ]);
}

function log(told) {
  if (!told.length) return "";
  return element("details", {},
    element("summary", {}, `Log, ${lines(told.length)}`),
    element("pre", { className: "log", tabindex: "0" }, told.map(visible).join("\n")));
}

function showEvent(node, event) {
  const again = event.tries > 1 ? `, attempt ${event.tries}` : "";
  const isDue = event.outcome === "retrying" && event.due;
  node.show(event, event.reason,
    pill(event.outcome),
    isolated(event.key),
    clock(event.at),
    quiet(event.name.replace("ObjectCreated:", "") + again),
    Number.isFinite(event.size) && quiet(size(event.size)),
    isDue && quiet("next attempt at "), isDue && clock(event.due));
}

// Images, buckets, ledgers

function showImage(node, image) {
  const isUnderWay = image.status === "Waiting" || image.status === "Creating";
  if (node.isUnderWay && !isUnderWay) byId("news").textContent = `${image.name}: ${image.status}`;
  node.isUnderWay = isUnderWay;
  const label = `Import of ${visible(image.name)}`;
  const bar = element("progress", { max: "100", value: image.percent, "aria-label": label });
  const percent = isUnderWay ? quiet(`${image.percent} %`) : null;
  const disks = image.disks.map((disk) => `${disk.key} (${disk.format}, ${disk.gib} GiB)`);
  node.replaceChildren(
    element("div", { className: "head" }, pill(image.status), isolated(image.name), percent, clock(image.at)),
    ...(isUnderWay ? [bar] : []),
    ...(image.failure ? [element("p", { className: "reason" }, visible(image.failure))] : []),
    facts([
      [disks.length > 1 ? "disks" : "from", disks.join(", ")],
      ["system", `${image.platform}, ${image.architecture}`],
      ["image ID", image.image_id],
    ]));
}

function showBucket(node, [name, objects]) {
  const rows = objects.newest.map((object) => [
    isolated(object.key), size(object.size), isolated(object.etag), clock(object.at),
  ]);
  const held = `${objects.count} ${objects.count === 1 ? "object" : "objects"}`;
  const shown = objects.count > rows.length ? `${held}, the newest ${rows.length} here` : held;
  const head = element("span", { className: "head" }, isolated(name), quiet(shown));
  node.replaceChildren(
    element("summary", {}, element("span", { className: "line" }, head)),
    rows.length ? table(["key", "size", "ETag", "since"], rows, `Objects in ${name}`) : "");
}

function showLedger(node, ledger) {
  node.show(ledger, "", pill(ledger.state), isolated(ledger.object_key), clock(ledger.at),
    quiet(lines(ledger.lines)));
}

async function insideLedger({ key }) {
  const rows = (await ask("ledger", { key })).map((line) => [
    clock(line.at ?? ""),
    pill(line.state ?? ""),
    isolated(line.claim),
    isolated([line.reason, line.error_code, line.image_name, line.image_id, line.ecs_request_id]
      .filter(Boolean).join(", ")),
  ]);
  return [
    facts([["object", key]]),
    table(["at", "state", "claim", "what"], rows, "Lines of the ledger"),
  ];
}

// The whole

function showDesk(desk) {
  const folder = visible(`oss://${desk.bucket}/${desk.prefix}`);
  byId("about").textContent = `${desk.region_id}, ${desk.target}, imports from ${folder}`;
}

function showBucketChoice(names, chosen) {
  const select = byId("bucket");
  if (!select.options.length) byId("folder").value = chosen.prefix;
  const held = select.value || chosen.bucket;
  sync(select, names, (name) => name, (name) => element("option", { value: name }), (node, name) => {
    node.textContent = name;
  });
  select.value = names.includes(held) ? held : chosen.bucket;
}

function show(state) {
  showDesk(state.desk);
  showBucketChoice(Object.keys(state.buckets), state.desk);
  sync(byId("events-list"), state.events.newest, (event) => event.id || event.upload,
    () => opening(insideDelivery), showEvent);
  sync(byId("images"), state.images.newest, (image) => image.image_id,
    () => element("li"), showImage);
  sync(byId("buckets"), Object.entries(state.buckets), ([name]) => name,
    ([name]) => element("details", name === state.desk.bucket ? { open: "" } : {}), showBucket);
  sync(byId("ledger"), state.ledger.newest, (ledger) => ledger.key,
    () => opening(insideLedger), showLedger);
  count(byId("events-count"), state.events);
  count(byId("images-count"), state.images);
  count(byId("ledger-count"), state.ledger);
}

function live(isLive) {
  const text = isLive ? "live" : "the server does not answer";
  if (byId("live").textContent === text) return;
  byId("live").textContent = text;
  byId("live").className = `live ${isLive ? "on" : "off"}`;
}

const untilSeen = () => new Promise((resolve) => {
  if (!document.hidden) resolve();
  else document.addEventListener("visibilitychange", () => resolve(untilSeen()), { once: true });
});

// The server answers once there is something new, or with 204 after a while.
async function look(seen) {
  const answer = await fetch(`/_local/state?seen=${seen}`);
  if (answer.status === 204) return null;
  if (!answer.ok) throw new Error(answer.status);
  return answer.json();
}

async function follow() {
  for (let seen = ""; ;) {
    await untilSeen();
    const state = await look(seen).catch(() => undefined);
    live(state !== undefined);
    if (state) {
      show(state);
      seen = state.version;
    }
    await pause(state === undefined ? 1000 : 100);
  }
}

async function showClients() {
  const clients = await ask("clients");
  byId("ossutil").textContent = clients.ossutil;
  byId("oss2").textContent = clients.oss2;
}

// Uploads

function explain(request) {
  const said = new DOMParser().parseFromString(request.responseText, "application/xml");
  const text = (tag) => said.querySelector(tag)?.textContent;
  return text("Code") ? `${text("Code")}: ${text("Message")}` : `HTTP status ${request.status}`;
}

function put(file, { url, type }, bar) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.upload.addEventListener("progress", ({ loaded, total }) => {
      bar.value = total ? loaded / total : 1;
    });
    request.addEventListener("load", () =>
      request.status === 200 ? resolve() : reject(new Error(explain(request))));
    request.addEventListener("error", () => reject(new Error("it cannot be read, or the server is gone")));
    request.open("PUT", url);
    request.setRequestHeader("Content-Type", type);
    request.send(file);
  });
}

async function upload(file) {
  const key = byId("folder").value + file.name;
  const bar = element("progress", { max: "1", value: "0", "aria-label": `Upload of ${visible(key)}` });
  const note = element("span", { className: "quiet" }, size(file.size));
  const shown = element("li", {}, element("div", { className: "head" }, isolated(key), note), bar);
  byId("uploads").prepend(shown);
  try {
    const asked = { bucket: byId("bucket").value, key, size: file.size };
    await put(file, await ask("upload", asked), bar);
    shown.remove();
  } catch (error) {
    bar.remove();
    note.replaceWith(pill("failed"), visible(error.message));
  }
}

async function uploadAll(files) {
  for (const file of files) await upload(file);
}

function acceptDrops() {
  const zone = document.documentElement;
  const isFile = ({ dataTransfer }) => dataTransfer?.types.includes("Files");
  zone.addEventListener("dragover", (event) => {
    if (!isFile(event)) return;
    event.preventDefault();
    zone.classList.add("dropping");
  });
  zone.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) zone.classList.remove("dropping");
  });
  zone.addEventListener("drop", (event) => {
    if (!isFile(event)) return;
    event.preventDefault();
    zone.classList.remove("dropping");
    uploadAll([...event.dataTransfer.files]);
  });
  byId("files").addEventListener("change", ({ target }) => {
    uploadAll([...target.files]).then(() => { target.value = ""; });
  });
}

acceptDrops();
showClients();
follow();

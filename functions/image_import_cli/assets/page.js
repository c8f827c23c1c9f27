// What the page does: it asks for the state until it differs from what is shown.

import { showClients } from "./page-clients.js";
import { offerFaults, showFaults } from "./page-faults.js";
import {
  ask, brief, byId, clock, count, element, facts, isolated, lines, opening, pill, quiet, report, size, sync,
  table, troubleFirst, troubles, visible,
} from "./page-parts.js";
import { acceptDrops } from "./page-uploads.js";
import { isChinese, say, translatePage } from "./page-words.js";

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

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
  return table(["parameter", "value", "from", "instead of"], rows, say("Plan"));
}

function record(said) {
  return element("div", {},
    element("p", { className: "head" }, pill(said.outcome), isolated(said.object_key),
      said.object_key && related(said.object_key)),
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
    ...(said.notes ?? []).map((note) => element("p", { className: "reason" }, say("note: {note}", { note: visible(note) }))));
}

async function insideDelivery({ id, upload }) {
  if (!id) return [facts([["upload", upload]])];
  const { tries } = await ask("delivery", { id });
  return tries.flatMap((attempt, index) => [
    element("h3", {}, 
      tries.length > 1 ? say("Attempt {number}", { number: index + 1 }) : say("What the function made of it")),
    ...attempt.records.map(record),
    attempt.error ? element("pre", { tabindex: "0" }, visible(attempt.error)) : "",
    log(attempt.log),
  ]);
}

function log(told) {
  if (!told.length) return "";
  return element("details", {},
    element("summary", {}, say("Log, {lines}", { lines: lines(told.length) })),
    element("pre", { className: "log", tabindex: "0" }, told.map(visible).join("\n")));
}

function showEvent(node, event) {
  const again = event.tries > 1 ? say(", attempt {number}", { number: event.tries }) : "";
  const isDue = event.outcome === "retrying" && event.due;
  node.show(event, event.reason,
    pill(event.outcome),
    brief(event.key),
    clock(event.at),
    quiet(event.name.replace("ObjectCreated:", "") + again),
    Number.isFinite(event.size) && quiet(size(event.size)),
    isDue && quiet(say("next attempt at")), isDue && clock(event.due),
    related(event.key));
}

// Images, conversions, buckets, ledgers

function showImage(node, image) {
  const isUnderWay = image.status === "Waiting" || image.status === "Creating";
  if (node.isUnderWay && !isUnderWay) report(`${image.name}: ${image.status}`);
  node.isUnderWay = isUnderWay;
  const label = say("Import of {name}", { name: visible(image.name) });
  const bar = element("progress", { max: "100", value: image.percent, "aria-label": label });
  const percent = isUnderWay ? quiet(`${image.percent} %`) : null;
  const disks = image.disks.map((disk) => element("div", {}, brief(disk.key),
    quiet(` ${disk.format}, ${disk.gib} GiB`)));
  node.replaceChildren(
    element("div", { className: "head" }, pill(image.status), isolated(image.name), percent, clock(image.at),
      image.disks.length > 0 && related(image.disks[0].key)),
    ...(isUnderWay ? [bar] : []),
    ...(image.failure ? [element("p", { className: "reason" }, visible(image.failure))] : []),
    facts([
      [disks.length > 1 ? "disks" : "from", disks],
      ["system", `${image.platform}, ${image.architecture}`],
      ["image ID", image.image_id],
      ["region", image.copied_from
        ? say("{region}, a copy of {image}", { region: image.region_id, image: image.copied_from })
        : image.region_id],
      ...(image.family ? [["family", visible(image.family)]] : []),
      ...(image.shared_with.length ? [["shared with", image.shared_with.join(", ")]] : []),
    ]));
}

function showPart({ number, lane, member, parts, wanted, bytes, is_done: isDone }) {
  const told = say(wanted ? "{parts} of {wanted} parts" : "{parts} parts", { parts, wanted });
  const share = isDone || wanted ? { value: isDone ? 1 : parts / wanted } : {};
  return [
    element("div", { className: "head part" }, quiet(say("disk {number}", { number })), brief(member),
      quiet(say("{lane} lane", { lane })), quiet(isDone ? say("done") : told), quiet(size(bytes))),
    element("progress", { max: "1", "aria-label": say("Conversion of disk {number}", { number }), ...share }),
  ];
}

function showConversion(node, { key, reason, at, disks }) {
  node.replaceChildren(
    element("div", { className: "head" }, pill("converting"), brief(key), clock(at), related(key)),
    ...disks.flatMap(showPart),
    element("p", { className: "reason quiet" }, visible(reason)));
}

function showBucket(node, [name, objects]) {
  const rows = objects.newest.map((object) => [
    brief(object.key), size(object.size), isolated(object.etag), clock(object.at), removal(name, object.key),
  ]);
  const held = say(objects.count === 1 ? "{count} object" : "{count} objects", { count: objects.count });
  const shown = objects.count > rows.length
    ? say("{objects}, the newest {shown} here", { objects: held, shown: rows.length })
    : held;
  const head = element("span", { className: "head" }, isolated(name), quiet(shown));
  node.replaceChildren(
    element("summary", {}, element("span", { className: "line" }, head)),
    rows.length ? table(["key", "size", "ETag", "since", ""], rows, say("Objects in {bucket}", { bucket: name })) : "");
}

function showParts(node, upload) {
  const { parts, size: bytes } = upload;
  node.replaceChildren(element("div", { className: "head" }, pill("running"), brief(upload.key),
    quiet(say("{parts} parts so far, {size}", { parts, size: size(bytes) })), clock(upload.at)));
}

function showLedger(node, ledger) {
  node.show(ledger, "", pill(ledger.state), brief(ledger.object_key), clock(ledger.at),
    quiet(lines(ledger.lines)), related(ledger.object_key));
}

async function insideLedger({ key, object_key: objectKey }) {
  const rows = (await ask("ledger", { key })).map((line) => [
    clock(line.at ?? ""),
    pill(line.state ?? ""),
    isolated(line.claim),
    isolated([line.reason, line.error_code, line.image_name, line.image_id, line.ecs_request_id]
      .filter(Boolean).join(", ")),
  ]);
  return [
    facts([["object", objectKey], ["ledger", key]]),
    table(["at", "state", "claim", "what"], rows, say("Lines of the ledger")),
  ];
}

// The whole

function showDesk(desk) {
  const folder = visible(`oss://${desk.bucket}/${desk.prefix}`);
  const { region_id: region, target } = desk;
  byId("about").textContent = say("{region}, {target}, imports from {folder}", { region, target, folder });
}

function showBucketChoice(names, chosen) {
  const select = byId("bucket");
  if (!select.options.length) byId("folder").value = chosen.prefix;
  byId("folder").dataset.prefix = chosen.prefix;
  const held = select.value || chosen.bucket;
  sync(select, names, (name) => name, (name) => element("option", { value: name }), (node, name) => {
    node.textContent = name;
  });
  select.value = names.includes(held) ? held : chosen.bucket;
}

// The event, image and ledger of one object are found by its key.
function related(key) {
  const link = element("a", { className: "related", href: `#${encodeURIComponent(key)}` }, say("all of it"));
  link.setAttribute("aria-label", say("All of {key}", { key: visible(key) }));
  link.addEventListener("click", (event) => event.stopPropagation());
  return link;
}

function filterByAddress() {
  const asked = decodeURIComponent(location.hash.slice(1));
  if (!asked || document.getElementById(asked)) return;
  byId("filter").value = asked;
  showAgain();
}

function removal(bucket, key) {
  const button = element("button", { type: "button", className: "small" }, say("delete"));
  button.setAttribute("aria-label", say("Delete {key}", { key: visible(key) }));
  button.addEventListener("click", () =>
    fetch(`/_local/object?${new URLSearchParams({ bucket, key })}`, { method: "DELETE" }));
  return button;
}

const wordOf = ({ outcome, status, state }) => outcome ?? status ?? state;

// What fits the filter, word by word; trouble first where that is wanted.
function chosen(items) {
  const words = byId("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
  const fitting = items.filter((item) => {
    const text = JSON.stringify(item).toLowerCase();
    return words.every((word) => text.includes(JSON.stringify(word).slice(1, -1)));
  });
  return byId("trouble").checked ? troubleFirst(fitting, wordOf) : fitting;
}

let last = null;
const showAgain = () => last && show(last);

function showIcon(number) {
  const icon = `/_local/icon.svg${number ? `?count=${Math.min(number, 99)}` : ""}`;
  if (byId("icon").getAttribute("href") !== icon) byId("icon").setAttribute("href", icon);
  document.title = `${number ? `(${number}) ` : ""}image-import local`;
}

function show(state) {
  last = state;
  showFaults(state.faults);
  showIcon(troubles(state.events.newest, wordOf) + troubles(state.images.newest, wordOf));
  const isWide = matchMedia("(min-width: 60rem)").matches;
  showDesk(state.desk);
  showBucketChoice(Object.keys(state.buckets), state.desk);
  sync(byId("events-list"), chosen(state.events.newest), (event) => event.id || event.upload,
    () => opening(insideDelivery), showEvent);
  sync(byId("images"), chosen(state.images.newest), (image) => image.image_id,
    () => element("li"), showImage);
  sync(byId("parts"), state.uploads, (upload) => upload.id, () => element("li"), showParts);
  byId("conversions-section").hidden = !state.conversions.length;
  sync(byId("conversions"), state.conversions, (conversion) => conversion.ledger,
    () => element("li"), showConversion);
  sync(byId("buckets"), Object.entries(state.buckets), ([name]) => name,
    ([name]) => element("details", isWide && name === state.desk.bucket ? { open: "" } : {}), showBucket);
  sync(byId("ledger"), chosen(state.ledger.newest), (ledger) => ledger.key,
    () => opening(insideLedger), showLedger);
  count(byId("events-count"), state.events);
  count(byId("images-count"), state.images);
  count(byId("ledger-count"), state.ledger);
}

function live(isLive) {
  const text = say(isLive ? "live" : "the server does not answer");
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
  const answer = await fetch(`/_local/state?seen=${seen}${isChinese ? "&language=zh" : ""}`);
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

translatePage();
offerFaults();
acceptDrops();
showClients();
byId("filter").addEventListener("input", showAgain);
byId("trouble").addEventListener("change", showAgain);
addEventListener("hashchange", filterByAddress);
filterByAddress();
follow();

// What the page does: it asks for the state until it differs from what is shown.

import {
  ask, brief, byId, clock, count, element, facts, isolated, lines, opening, pill, quiet, size, sync, table,
  visible,
} from "./page-parts.js";
import { acceptDrops } from "./page-uploads.js";

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
    brief(event.key),
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
  const disks = image.disks.map((disk) => element("div", {}, brief(disk.key),
    quiet(` ${disk.format}, ${disk.gib} GiB`)));
  node.replaceChildren(
    element("div", { className: "head" }, pill(image.status), isolated(image.name), percent, clock(image.at)),
    ...(isUnderWay ? [bar] : []),
    ...(image.failure ? [element("p", { className: "reason" }, visible(image.failure))] : []),
    facts([
      [disks.length > 1 ? "disks" : "from", disks],
      ["system", `${image.platform}, ${image.architecture}`],
      ["image ID", image.image_id],
      ["region", image.copied_from ? `${image.region_id}, a copy of ${image.copied_from}` : image.region_id],
      ...(image.family ? [["family", visible(image.family)]] : []),
      ...(image.shared_with.length ? [["shared with", image.shared_with.join(", ")]] : []),
    ]));
}

function showBucket(node, [name, objects]) {
  const rows = objects.newest.map((object) => [
    brief(object.key), size(object.size), isolated(object.etag), clock(object.at),
  ]);
  const held = `${objects.count} ${objects.count === 1 ? "object" : "objects"}`;
  const shown = objects.count > rows.length ? `${held}, the newest ${rows.length} here` : held;
  const head = element("span", { className: "head" }, isolated(name), quiet(shown));
  node.replaceChildren(
    element("summary", {}, element("span", { className: "line" }, head)),
    rows.length ? table(["key", "size", "ETag", "since"], rows, `Objects in ${name}`) : "");
}

function showLedger(node, ledger) {
  node.show(ledger, "", pill(ledger.state), brief(ledger.object_key), clock(ledger.at),
    quiet(lines(ledger.lines)));
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
  byId("folder").dataset.prefix = chosen.prefix;
  const held = select.value || chosen.bucket;
  sync(select, names, (name) => name, (name) => element("option", { value: name }), (node, name) => {
    node.textContent = name;
  });
  select.value = names.includes(held) ? held : chosen.bucket;
}

function show(state) {
  const isWide = matchMedia("(min-width: 60rem)").matches;
  showDesk(state.desk);
  showBucketChoice(Object.keys(state.buckets), state.desk);
  sync(byId("events-list"), state.events.newest, (event) => event.id || event.upload,
    () => opening(insideDelivery), showEvent);
  sync(byId("images"), state.images.newest, (image) => image.image_id,
    () => element("li"), showImage);
  sync(byId("buckets"), Object.entries(state.buckets), ([name]) => name,
    ([name]) => element("details", isWide && name === state.desk.bucket ? { open: "" } : {}), showBucket);
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

acceptDrops();
showClients();
follow();

// Puts files where they are dropped.

import { ask, brief, byId, element, pill, size, visible } from "./page-parts.js";
import { say } from "./page-words.js";

const SIDECAR = /\.(json|ya?ml)$/;
const LOOK_MS = 200;
const MOST_LOOKS = 100;

function explain(request) {
  const said = new DOMParser().parseFromString(request.responseText, "application/xml");
  const text = (tag) => said.querySelector(tag)?.textContent;
  return text("Code") ? `${text("Code")}: ${text("Message")}` : say("HTTP status {status}", { status: request.status });
}

function put(file, { url, type }, bar) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.upload.addEventListener("progress", ({ loaded, total }) => {
      bar.value = total ? loaded / total : 1;
    });
    request.addEventListener("load", () =>
      request.status === 200 ? resolve() : reject(new Error(explain(request))));
    request.addEventListener("error", () => reject(new Error(say("it cannot be read, or the server is gone"))));
    request.open("PUT", url);
    request.setRequestHeader("Content-Type", type);
    request.send(file);
  });
}

// What was typed is a folder with or without its last slash; a prefix that uploads are
// heard under may also end within a name.
function keyOf(file) {
  const { value, dataset } = byId("folder");
  const typed = value.replace(/^\/+/, "");
  const isWhole = !typed || typed.endsWith("/") || typed === dataset.prefix;
  return `${typed}${isWhole ? "" : "/"}${file.name}`;
}

// Where a file goes is settled when it is dropped, however long it waits for its turn.
function enqueue(file) {
  const key = keyOf(file);
  const bar = element("progress", { max: "1", value: "0", "aria-label": say("Upload of {key}", { key: visible(key) }) });
  const note = element("span", { className: "quiet" }, size(file.size));
  const shown = element("li", {}, element("div", { className: "head" }, brief(key), note), bar);
  byId("uploads").append(shown);
  return { file, bucket: byId("bucket").value, key, bar, note, shown };
}

async function upload({ file, bucket, key, bar, note, shown }) {
  try {
    await put(file, await ask("upload", { bucket, key, size: file.size }), bar);
    shown.remove();
  } catch (error) {
    bar.remove();
    note.replaceWith(pill("failed"), visible(error.message));
  }
}

const isSidecar = ({ name }) => SIDECAR.test(name);
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// Until the function has seen the sidecars: a manifest tells it of the disks to come.
async function untilSeen(keys) {
  for (let looks = 0; keys.length && looks < MOST_LOOKS; looks += 1) {
    const { events } = await ask("state", {});
    const isOnItsWay = ({ key, outcome }) =>
      keys.includes(key) && (outcome === "enqueued" || outcome === "running");
    if (!events.newest.some(isOnItsWay)) return;
    await pause(LOOK_MS);
  }
}

// Sidecars go first: one that comes after its image was imported changes nothing.
async function uploadAll(files) {
  const queued = [...files].sort((one, other) => isSidecar(other) - isSidecar(one)).map(enqueue);
  const sidecars = queued.filter(({ file }) => isSidecar(file));
  for (const one of sidecars) await upload(one);
  if (sidecars.length < queued.length) {
    await untilSeen(sidecars.map(({ key }) => key)).catch(() => {});
  }
  for (const one of queued.slice(sidecars.length)) await upload(one);
}

export function acceptDrops() {
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

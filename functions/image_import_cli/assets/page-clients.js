// How other programs reach the cloud on this machine, each to be copied with one click.

import { ask, byId, copyButton, element } from "./page-parts.js";
import { say } from "./page-words.js";

const NAMES = {
  environment: "environment, for image-import and others",
  cli: "image-import",
  ossutil: "ossutil",
  oss2: "Python, oss2",
};

export async function showClients() {
  const clients = await ask("clients");
  byId("clients").replaceChildren(...Object.entries(NAMES).map(([name, label]) =>
    element("div", { className: "client" },
      element("div", { className: "head" }, element("h3", {}, say(label)),
        copyButton(clients[name], say("Copy: {what}", { what: say(label) }))),
      element("pre", { id: `client-${name}`, tabindex: "0" }, clients[name]))));
}

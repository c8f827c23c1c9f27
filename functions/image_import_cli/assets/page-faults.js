// Lets the next exchanges go wrong, as they do in the cloud now and then.

import { byId, element, quiet, report } from "./page-parts.js";
import { say } from "./page-words.js";

const FAULTS = {
  throttled: { service: "ecs", action: "ImportImage", code: "Throttling" },
  "no role": { service: "ecs", action: "ImportImage", code: "NoSetRoletoECSServiceAcount" },
  quota: { service: "ecs", action: "ImportImage", code: "QuotaExceed.Image" },
  "lost answer": { service: "ecs", action: "ImportImage", reset: true, after_effect: true },
  "a proxy's 404": { service: "oss", action: "GetObject", html: true, http_status: 404 },
};

async function change(method, path, body) {
  const answer = await fetch(path, { method, body: body && JSON.stringify(body) });
  if (!answer.ok) report((await answer.json()).error ?? answer.status);
}

export function offerFaults() {
  byId("faults").replaceChildren(...Object.entries(FAULTS).map(([name, fault]) => {
    const button = element("button", { type: "button", "data-fault": name }, say(name));
    button.addEventListener("click", () => change("POST", "/_fake/faults", fault));
    return button;
  }));
  byId("no-faults").addEventListener("click", () => change("DELETE", "/_fake/faults"));
  byId("reset").addEventListener("click", () => {
    const question = "Delete all uploads, images and ledgers here, and begin anew?";
    if (confirm(say(question))) change("POST", "/_fake/reset");
  });
}

export function showFaults(faults) {
  byId("no-faults").hidden = !faults.length;
  byId("faults-left").replaceChildren(...faults.map((fault) =>
    element("li", {}, quiet(say("the next {count} of {action}: {what}", {
      count: fault.left,
      action: fault.action,
      what: fault.code || (fault.html ? `HTML, ${fault.http_status}` : say("no answer")),
    })))));
}

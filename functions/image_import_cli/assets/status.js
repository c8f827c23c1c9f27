// Filters of the page: everything is in it already, nothing is asked of anybody.
"use strict";

const byId = (id) => document.getElementById(id);
const imports = [...document.querySelectorAll("#imports > li")].map((node) => ({
  node,
  state: node.dataset.state,
  changed: Number(node.dataset.changed),
  text: node.textContent.toLowerCase(),
}));
const pills = [...document.querySelectorAll("button[data-state]")];
const made = Number(document.body.dataset.made);

function filter() {
  const pressed = pills.filter((pill) => pill.getAttribute("aria-pressed") === "true");
  const states = new Set(pressed.map((pill) => pill.dataset.state));
  const words = byId("text").value.toLowerCase().split(/\s+/).filter(Boolean);
  const span = Number(byId("since").value) * 1000;
  let count = 0;
  for (const { node, state, changed, text } of imports) {
    const fits = (!states.size || states.has(state))
      && (!span || changed >= made - span)
      && words.every((word) => text.includes(word));
    node.hidden = !fits;
    count += fits;
  }
  const all = `${imports.length} ${imports.length === 1 ? "import" : "imports"}`;
  byId("shown").textContent = count === imports.length ? all : `${count} of ${all}`;
  byId("none").hidden = count > 0;
}

for (const pill of pills) {
  pill.addEventListener("click", () => {
    const isPressed = pill.getAttribute("aria-pressed") === "true";
    pill.setAttribute("aria-pressed", String(!isPressed));
    filter();
  });
}
byId("text").addEventListener("input", filter);
byId("since").addEventListener("change", filter);
for (const time of document.querySelectorAll("time")) {
  time.title = new Date(time.dateTime).toLocaleString();
}
filter(); // a browser may have kept what was typed before the page was loaded anew

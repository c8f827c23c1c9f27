// Filters, copies and language of the page: everything is in it already, nothing is asked
// of anybody.
"use strict";

const byId = (id) => document.getElementById(id);
const imports = [...document.querySelectorAll("#imports > li")].map((node) => ({
  node,
  state: node.dataset.state,
  changed: Number(node.dataset.changed),
  text: [node, ...node.querySelectorAll("[data-zh]")]
    .map((part) => `${part.textContent} ${part.dataset.zh ?? ""}`).join(" ").toLowerCase(),
}));
const pills = [...document.querySelectorAll("button[data-state]")];
const made = Number(document.body.dataset.made);

const { language } = document.documentElement.dataset;
let isChinese = (language || navigator.language).toLowerCase().startsWith("zh");

function speak() {
  document.documentElement.lang = isChinese ? "zh-CN" : "en";
  for (const node of document.querySelectorAll("[data-zh]")) {
    node.dataset.en ??= node.textContent;
    node.textContent = isChinese ? node.dataset.zh : node.dataset.en;
  }
  byId("language").textContent = isChinese ? "English" : "\u4e2d\u6587";
  filter();
}

// What a browser does not let a page copy is selected, so that a key copies it.
async function copy(button) {
  const source = button.previousElementSibling;
  try {
    await navigator.clipboard.writeText(source.textContent);
    button.classList.add("done");
    setTimeout(() => button.classList.remove("done"), 1500);
  } catch {
    getSelection().selectAllChildren(source);
  }
}

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
  byId("shown").textContent = isChinese
    ? byId("shown").dataset.countZh.replace("{all}", imports.length).replace("{count}", count)
    : count === imports.length ? all : `${count} of ${all}`;
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
for (const button of document.querySelectorAll(".copy")) {
  button.hidden = false;
  if (button.id !== "language") button.addEventListener("click", () => copy(button));
}
byId("language").addEventListener("click", () => {
  isChinese = !isChinese;
  speak();
});
speak(); // filters, too: a browser may have kept what was typed before the page was loaded anew

// What the page says, in the language of whoever reads it. English stands where it is
// said; its Chinese is in zh/page.json, by the English. Codes and names stay as they are.

export const isChinese =
  (localStorage.getItem("language") ?? navigator.language).toLowerCase().startsWith("zh");
export const unsaid = new Set(); // what there was no Chinese for
const words = isChinese ? await (await fetch("/_local/zh/page.json")).json() : {};

// What a message names stands in it as {name}.
export function say(text, named = {}) {
  if (isChinese && text && !(text in words)) unsaid.add(text);
  return (words[text] ?? text).replace(/\{(\w+)\}/g, (hole, name) => named[name] ?? hole);
}

// Puts what the page has said from the start into the reader's language.
export function translatePage() {
  document.documentElement.lang = isChinese ? "zh-CN" : "en";
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const { data, parentElement } = texts.currentNode;
    const text = data.trim();
    if (text && parentElement.tagName !== "NOSCRIPT") texts.currentNode.data = data.replace(text, say(text));
  }
  for (const node of document.querySelectorAll("[aria-label], [placeholder]")) {
    for (const name of ["aria-label", "placeholder"]) {
      if (node.hasAttribute(name)) node.setAttribute(name, say(node.getAttribute(name)));
    }
  }
  const other = document.getElementById("language");
  other.textContent = isChinese ? "English" : "\u4e2d\u6587";
  other.lang = isChinese ? "en" : "zh-CN";
  other.addEventListener("click", () => {
    localStorage.setItem("language", isChinese ? "en" : "zh");
    location.reload();
  });
}

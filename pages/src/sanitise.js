// SPDX-License-Identifier: Apache-2.0
// The little HTML that Presentation 3.0 (section 4.2) allows in summaries and metadata, built anew: what is not on the
// list cannot come through, whatever a parser makes of it. Everything else a value says is text.

const KEPT = { A: ["href"], B: [], BR: [], I: [], IMG: ["src", "alt"], P: [], SMALL: [], SPAN: [], SUB: [], SUP: [] };
// What they hold is not meant to be read.
const DROPPED = new Set([
  "SCRIPT",
  "STYLE",
  "TEMPLATE",
  "IFRAME",
  "OBJECT",
  "EMBED",
  "NOSCRIPT",
  "NOEMBED",
  "NOFRAMES",
  "TEXTAREA",
  "TITLE",
  "XMP",
  "PLAINTEXT",
  "SELECT",
  "MATH",
  "SVG",
  "HEAD",
  "VIDEO",
  "AUDIO",
  "CANVAS",
]);
const DEEPEST = 32;

// The address, if it is one that a link may have; else "".
export function safeLink(address) {
  const text = String(address ?? "").trim();
  if (!/^(https?:|mailto:)/i.test(text)) return "";
  try {
    const url = new URL(text);
    return ["http:", "https:", "mailto:"].includes(url.protocol) ? url.href : "";
  } catch {
    return "";
  }
}

// Section 4.2: only a text with '<' first and '>' last is HTML.
export const isHtml = (text) => /^<[\s\S]*>$/.test(text);

// `origins`: where pictures may come from. Those of others would tell their servers who reads this, so they are links.
export function sanitise(text, origins = []) {
  const out = document.createDocumentFragment();
  if (!isHtml(text)) {
    out.append(text);
    return out;
  }
  // What is in a template belongs to no window: nothing in it runs or loads. Handlers are renamed before, only so that
  // the page's Content-Security-Policy has nothing to report.
  const parsed = document.createElement("template");
  parsed.innerHTML = text.replace(/<[^>]*>/g, (tag) => tag.replace(/([\s/"'])on\w+\s*=/gi, "$1data-x="));
  for (const child of parsed.content.childNodes) copy(child, out, origins, 0);
  return out;
}

function copy(node, into, origins, depth) {
  if (node.nodeType === Node.TEXT_NODE) {
    into.append(node.data);
    return;
  }
  if (node.nodeType !== Node.ELEMENT_NODE || depth > DEEPEST) return;
  const name = node.nodeName.toUpperCase();
  if (DROPPED.has(name)) return;
  const made = name in KEPT && Object.hasOwn(KEPT, name) ? rebuilt(node, name, origins) : null;
  if (made) into.append(made);
  if (name === "IMG" || name === "BR") return;
  for (const child of node.childNodes) copy(child, made ?? into, origins, depth + 1);
}

function rebuilt(node, name, origins) {
  if (name === "A") {
    const href = safeLink(node.getAttribute("href"));
    return href ? link(href) : document.createElement("span");
  }
  if (name === "IMG") {
    const src = safeLink(node.getAttribute("src"));
    const alt = node.getAttribute("alt") ?? "";
    if (!src || src.startsWith("mailto:")) return document.createTextNode(alt);
    if (!origins.includes(new URL(src).origin)) {
      const instead = link(src);
      instead.append(alt || src);
      return instead;
    }
    const made = document.createElement("img");
    made.src = src;
    made.alt = alt;
    made.loading = "lazy";
    return made;
  }
  return document.createElement(name.toLowerCase());
}

function link(href) {
  const made = document.createElement("a");
  made.href = href;
  made.rel = "noopener noreferrer";
  return made;
}

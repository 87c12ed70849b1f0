// SPDX-License-Identifier: Apache-2.0
// Elements made of parts. Texts only ever become text nodes: what strangers wrote is never read as HTML here.

// el("a", { class: "x", href, onclick: f }, "text", child, null): what is null, undefined or false is left out.
export function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

const SHAPES = {
  zoomIn: "M12 5v14M5 12h14",
  zoomOut: "M5 12h14",
  home: "M4 11l8-7 8 7v9h-5v-6H9v6H4z",
  rotate: "M19 5v5h-5M19 10a7.5 7.5 0 1 0 .5 5",
  whole: "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5",
  previous: "M15 5l-7 7 7 7",
  next: "M9 5l7 7-7 7",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  folder: "M3 6h6l2 3h10v10H3z",
  image: "M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4",
};

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  for (const [key, value] of Object.entries({
    viewBox: "0 0 24 24",
    class: "icon",
    "aria-hidden": "true",
    focusable: "false",
  })) {
    svg.setAttribute(key, value);
  }
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", SHAPES[name]);
  svg.append(path);
  return svg;
}

// A button that shows a sign and says a word.
export function signButton(name, label, onclick) {
  return el("button", { type: "button", class: "sign", "aria-label": label, title: label, onclick }, icon(name));
}

// SPDX-License-Identifier: Apache-2.0
// The frame of every page: name, logo and colour of the institution, languages, breadcrumbs, what is being said.
import { el } from "./dom.js";
import { isColour, readableOn, textOn } from "./colour.js";
import { chosen, language, plain, speak, t } from "./language.js";
import { hasText } from "./presentation.js";
import { NAMES } from "./strings.js";

// The endpoint's public path, without a slash at its end; the server writes it into the page.
export const endpoint = document.querySelector('meta[name="iiif-endpoint"]').content;
export const query = new URLSearchParams(location.search);

const status = document.getElementById("status");

// Said aloud by screen readers, once, when it changes.
export function say(text) {
  status.classList.remove("error");
  status.setAttribute("role", "status");
  status.textContent = text;
  status.hidden = text === "";
}

export function complain(text) {
  status.hidden = false;
  status.classList.add("error");
  status.setAttribute("role", "alert");
  status.textContent = text;
}

let passing;
export function notice(text) {
  const place = document.getElementById("notice");
  place.textContent = text;
  place.hidden = false;
  clearTimeout(passing);
  passing = setTimeout(() => {
    place.hidden = true;
  }, 6000);
}

// Keeps the language that somebody chose.
export function address(path, parameters = {}) {
  const url = new URL(path, location.href);
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  if (query.has("lang")) url.searchParams.set("lang", query.get("lang"));
  return url.origin === location.origin ? url.pathname + url.search + url.hash : url.href;
}

// A label as an element's content, with its language where that is not the page's.
export function labelled(element, map, otherwise = t("untitled")) {
  const { texts, lang } = chosen(map);
  element.textContent = hasText(map) ? texts.join(" · ") : otherwise;
  if (lang) element.lang = lang;
  return element;
}

function languages() {
  const choice = el("select", {
    id: "language",
    onchange: () => {
      const url = new URL(location.href);
      url.searchParams.set("lang", choice.value);
      location.assign(url);
    },
  });
  for (const [tag, name] of Object.entries(NAMES))
    choice.append(el("option", { value: tag, lang: tag, selected: tag === language() }, name));
  return el("div", { class: "language" }, el("label", { for: "language", class: "unseen" }, t("language")), choice);
}

async function brand() {
  let site = {};
  try {
    const answer = await fetch(`${endpoint}/pages/site.json`);
    if (answer.ok) site = await answer.json();
  } catch {
    // The pages work without a name.
  }
  const root = document.documentElement.style;
  if (isColour(site.colour)) {
    root.setProperty("--brand", site.colour);
    root.setProperty("--on-brand", textOn(site.colour));
    root.setProperty("--accent-light", readableOn(site.colour, "#f3f1ec"));
    root.setProperty("--accent-dark", readableOn(site.colour, "#24262b"));
  }
  const link = document.querySelector("header.site .brand");
  link.href = address(`${endpoint}/`);
  const name = site.name || t("images");
  link.replaceChildren(site.logo ? el("img", { src: site.logo, alt: "" }) : "", el("span", {}, name));
  return name;
}

export let siteName = "";

// Before anything else of a page.
export async function frame() {
  speak([query.get("lang"), ...navigator.languages].filter(Boolean));
  document.documentElement.lang = language();
  document.querySelector(".skip").textContent = t("skip");
  document.querySelector("header.site").append(languages());
  say(t("loading"));
  siteName = await brand();
  titled("");
}

export function titled(text) {
  document.title = text && text !== siteName ? `${text} – ${siteName}` : siteName;
}

// [{ label: language map or text, href }] from the top down; the last one is this page. The name before them leads to
// the top already.
export function crumbs(given) {
  const top = address(`${endpoint}/`);
  const steps = given.filter((step, at) => at === given.length - 1 || step.href !== top);
  const nav = document.querySelector("nav.crumbs");
  nav.setAttribute("aria-label", t("crumbs"));
  nav.replaceChildren(
    el(
      "ol",
      {},
      steps.map((step, at) => {
        const text = typeof step.label === "string" ? step.label : plain(step.label) || t("untitled");
        const here = at === steps.length - 1;
        return el("li", {}, here ? el("span", { "aria-current": "page" }, text) : el("a", { href: step.href }, text));
      }),
    ),
  );
  nav.hidden = false;
}

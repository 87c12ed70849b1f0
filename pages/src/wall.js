// SPDX-License-Identifier: Apache-2.0
// A Collection as a wall of thumbnails. Thousands of items are added a few at a time, so that the page answers at once;
// the browser lays out and loads only what comes near the screen (content-visibility, loading=lazy).
import { copyButtons, details, dragLink, summary } from "./about.js";
import { el, icon } from "./dom.js";
import { plain, t } from "./language.js";
import { hasText } from "./presentation.js";
import { address, crumbs, endpoint, labelled, say, siteName, titled } from "./site.js";
import { ownOrigin, pageOf } from "./load.js";
import { thumbnail } from "./thumbnails.js";

const SIDE = 300;
const AT_ONCE = 120;

function card(item, ours, within) {
  const small = thumbnail(item, SIDE);
  const isCollection = item.type === "Collection";
  const picture = small
    ? el("img", {
        src: small.src,
        alt: "",
        loading: "lazy",
        decoding: "async",
        width: small.width || null,
        height: small.height || null,
      })
    : icon(isCollection ? "folder" : "image");
  if (small)
    picture.addEventListener("error", () => picture.replaceWith(icon(isCollection ? "folder" : "image")), {
      once: true,
    });
  const name = labelled(el("span", { class: "name" }), item.label);
  const kind = isCollection ? el("span", { class: "kind" }, t("collection")) : null;
  return el(
    "li",
    {},
    el(
      "a",
      { href: pageOf(item.id, ours, within), class: isCollection ? "card stack" : "card" },
      el("span", { class: "mat" }, picture),
      name,
      kind,
    ),
  );
}

// Hides what does not match; texts are compared without accents and case.
const folded = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

function filterBox(entries, count) {
  const box = el("input", { type: "search", id: "filter", autocomplete: "off", placeholder: t("filter") });
  let waiting;
  box.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      const words = folded(box.value).split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const entry of entries) {
        const fits = words.every((word) => entry.text.includes(word));
        entry.fits = fits;
        if (entry.element) entry.element.hidden = !fits;
        shown += fits ? 1 : 0;
      }
      count.textContent = shown === 0 ? t("noMatch") : t("shown", { n: shown, all: entries.length });
    }, 120);
  });
  return el("div", { class: "filter" }, el("label", { for: "filter", class: "unseen" }, t("filter")), box);
}

function addAll(entries, wall, ours, within, from = 0) {
  const part = entries.slice(from, from + AT_ONCE);
  wall.append(
    ...part.map((entry) => {
      entry.element = card(entry.item, ours, within);
      entry.element.hidden = entry.fits === false;
      return entry.element;
    }),
  );
  if (from + AT_ONCE < entries.length) setTimeout(() => addAll(entries, wall, ours, within, from + AT_ONCE));
  else wall.dataset.complete = "true";
}

export function trail(resource) {
  return resource.partOf
    .filter((one) => one.type === "Collection" || one.type === "")
    .slice(0, 3)
    .reverse()
    .map((one) => ({
      label: hasText(one.label) ? one.label : t("collection"),
      href: pageOf(one.id, ownOrigin(resource)),
    }));
}

export function showWall(resource, main) {
  const title = plain(resource.label) || siteName;
  titled(title);
  document.body.classList.add("is-wall");
  const ours = ownOrigin(resource);
  if (resource.partOf.length || location.search.includes("iiif-content"))
    crumbs([...trail(resource), { label: resource.label }]);
  const entries = resource.items.map((item) => ({ item, text: folded(Object.values(item.label).flat().join(" ")) }));
  const count = el("p", { class: "count", role: "status" }, t("items", { n: entries.length }));
  const wall = el("ul", { class: "wall" });
  const about = details(resource);
  const link = new URL(resource.id, location.href).href;
  main.replaceChildren(
    el(
      "div",
      { class: "head" },
      el("div", {}, labelled(el("h1"), resource.label, siteName), ...summary(resource)),
      el(
        "div",
        { class: "tools" },
        entries.length > 8 ? filterBox(entries, count) : null,
        count,
        el(
          "a",
          { class: "button", href: address(`${endpoint}/pages/mosaic.html`, { "iiif-content": link }) },
          t("mosaic"),
        ),
      ),
    ),
    entries.length ? wall : el("p", { class: "empty" }, t("empty")),
    el(
      "section",
      { class: "about", "aria-label": t("about") },
      about ? el("h2", {}, t("about")) : null,
      about,
      el("div", { class: "share" }, copyButtons([[t("copyCollection"), () => link]]), dragLink(link)),
    ),
  );
  say("");
  addAll(entries, wall, ours, resource.id);
}

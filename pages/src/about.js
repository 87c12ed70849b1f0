// SPDX-License-Identifier: Apache-2.0
// What is said of a resource: summary, metadata, rights, who provides it, where else it can be had.
import { el, icon } from "./dom.js";
import { chosen, plain, t } from "./language.js";
import { nameOfRights } from "./rights.js";
import { safeLink, sanitise } from "./sanitise.js";
import { labelled, notice } from "./site.js";
import { sized } from "./thumbnails.js";

// Where pictures within texts may come from: here, and where the Manifest came from.
function origins(resource) {
  const own = safeLink(resource.id);
  return own ? [location.origin, new URL(own).origin] : [location.origin];
}

function values(map, resource) {
  const { texts, lang } = chosen(map);
  return texts.map((text) => el("div", { lang }, sanitise(text, origins(resource))));
}

export function summary(resource) {
  return values(resource.summary, resource).map((one) =>
    el("div", { class: "summary", lang: one.lang || null }, ...one.childNodes),
  );
}

function term(list, label, ...content) {
  list.append(el("div", {}, el("dt", {}, label), el("dd", {}, ...content)));
}

function linkTo(one, otherwise) {
  const href = safeLink(one.id);
  const text = plain(one.label) || otherwise;
  return href ? el("a", { href, rel: "noopener" }, text) : text;
}

function agents(resource) {
  return resource.provider.map((one) => {
    const logo = one.logo[0] && sized(one.logo[0], 200);
    const home = one.homepage[0] ?? (/^https?:/.test(one.id) ? { id: one.id, label: one.label } : null);
    const name = plain(one.label);
    const parts = [
      logo && safeLink(logo.src)
        ? el("img", { src: logo.src, alt: name ? "" : t("provider"), class: "logo", loading: "lazy" })
        : null,
    ];
    if (name) parts.push(home ? linkTo({ id: home.id, label: one.label }, name) : name);
    return el("div", { class: "agent" }, ...parts);
  });
}

// One <dl> of all of it; null when nothing is said.
export function details(resource) {
  const list = el("dl", { class: "details" });
  for (const { label, value } of resource.metadata) {
    const head = labelled(el("dt"), label, t("details"));
    list.append(el("div", {}, head, el("dd", {}, ...values(value, resource))));
  }
  if (resource.requiredStatement) {
    const { label, value } = resource.requiredStatement;
    list.append(el("div", {}, labelled(el("dt"), label, t("rights")), el("dd", {}, ...values(value, resource))));
  }
  if (safeLink(resource.rights)) {
    term(
      list,
      t("rights"),
      el(
        "a",
        { href: safeLink(resource.rights), rel: "license noopener" },
        nameOfRights(resource.rights) || resource.rights,
      ),
    );
  }
  if (resource.provider.length) term(list, t("provider"), ...agents(resource));
  const more = [
    ["homepage", "homepage"],
    ["rendering", "download"],
    ["seeAlso", "seeAlso"],
  ];
  for (const [name, label] of more) {
    if (resource[name].length)
      term(list, t(label), ...resource[name].map((one) => el("div", {}, linkTo(one, one.format || one.id))));
  }
  return list.children.length ? list : null;
}

const CREATOR = new RegExp(
  "^(creator|author|artist|photographer|maker|urheber|autor|künstler|auteur|artiste|créateur|awdur|crëwr|artista|creador)",
  "i",
);

// Browsers do not know the months of Welsh.
const WELSH = [
  "Ionawr",
  "Chwefror",
  "Mawrth",
  "Ebrill",
  "Mai",
  "Mehefin",
  "Gorffennaf",
  "Awst",
  "Medi",
  "Hydref",
  "Tachwedd",
  "Rhagfyr",
];
function dateIn(language) {
  const now = new Date();
  if (language === "cy") return `${now.getDate()} ${WELSH[now.getMonth()]} ${now.getFullYear()}`;
  return now.toLocaleDateString(language === "en" ? "en-GB" : language, {
    year: "numeric",
    month: "long",
    day: "numeric",
  });
}

// "Creator, Title. Provider. Address (accessed 1 May 2026)": what is known of it.
export function citation(resource, site, url, language) {
  const creator = resource.metadata.find((one) =>
    Object.values(one.label)
      .flat()
      .some((text) => CREATOR.test(text)),
  );
  const who = creator
    ? chosen(creator.value)
        .texts.map((text) => sanitise(text).textContent)
        .join(", ")
    : "";
  const title = `“${plain(resource.label) || t("untitled")}”`;
  const whose = plain(resource.provider[0]?.label) || site;
  const date = dateIn(language);
  const named = [who ? `${who}, ${title}` : title, whose].filter(Boolean).join(". ");
  return `${named}. ${url} (${t("accessed", { date })})`;
}

// Without https there is no clipboard to write to, so the text is selected in a field and taken from there.
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    notice(t("copied", { what: text }));
    return;
  } catch {
    // The other way.
  }
  const field = el("textarea", { class: "unseen", "aria-hidden": "true", tabindex: "-1" });
  field.value = text;
  const focused = document.activeElement;
  document.body.append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  focused?.focus();
  notice(t(done ? "copied" : "copyByHand", { what: text }));
}

// [[label, () => text or null]]: what gives null is not offered for now.
export function copyButtons(entries) {
  return el(
    "ul",
    { class: "copies" },
    entries.map(([label, text]) =>
      el(
        "li",
        {},
        el(
          "button",
          {
            type: "button",
            onclick: () => {
              const what = text();
              if (what) copyText(what);
            },
          },
          icon("copy"),
          label,
        ),
      ),
    ),
  );
}

// Section 3 of Content State: viewers take it when it is dropped on them.
export function dragLink(id) {
  const link = el(
    "a",
    { href: id, class: "iiif-drag", draggable: "true", "data-iiif-content": id, title: t("drag") },
    "IIIF",
  );
  link.setAttribute("aria-label", t("drag"));
  link.addEventListener("dragstart", (event) => {
    event.dataTransfer.setData("text/plain", id);
    event.dataTransfer.setData("text/uri-list", id);
  });
  return link;
}

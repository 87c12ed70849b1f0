// SPDX-License-Identifier: Apache-2.0
// Presentation 2.1 in the words of 3.0. What reads 3.0 (presentation.js) forgives much, so this only moves things.

const list = (value) => (value === undefined || value === null ? [] : Array.isArray(value) ? value : [value]);
const idOf = (value) => (typeof value === "string" ? value : (value?.["@id"] ?? value?.id ?? ""));
const TYPES = {
  "sc:Manifest": "Manifest",
  "sc:Collection": "Collection",
  "sc:Canvas": "Canvas",
  "sc:Range": "Range",
  "dctypes:Image": "Image",
};
const typeOf = (value) => TYPES[list(value?.["@type"])[0]] ?? String(value?.["@type"] ?? "");

export function isOld(json) {
  const contexts = list(json?.["@context"]).join(" ");
  return (
    /presentation\/2|shared-canvas/.test(contexts) || (json?.type === undefined && /^sc:/.test(json?.["@type"] ?? ""))
  );
}

// "text", {"@value", "@language"}, or several of either.
function languageMap(value) {
  const out = {};
  for (const one of list(value)) {
    const tag = (typeof one === "object" && one?.["@language"]) || "none";
    const text = typeof one === "object" ? one?.["@value"] : one;
    if (text !== undefined && text !== null) (out[tag] ??= []).push(String(text));
  }
  return out;
}

function link(value) {
  const one = typeof value === "string" ? {} : (value ?? {});
  return {
    id: idOf(value),
    type: one.format?.startsWith("text/html") ? "Text" : typeOf(one) || "Dataset",
    format: one.format,
    label: one.label === undefined ? undefined : languageMap(one.label),
  };
}

function picture(value) {
  if (typeof value === "string") return { id: value, type: "Image" };
  return {
    id: idOf(value),
    type: "Image",
    format: value?.format,
    width: value?.width,
    height: value?.height,
    service: value?.service,
    label: value?.label === undefined ? undefined : languageMap(value.label),
  };
}

const LICENCE = { en: ["Licence"] };
const ATTRIBUTION = {
  en: ["Attribution"],
  de: ["Herkunft"],
  fr: ["Attribution"],
  es: ["Atribución"],
  cy: ["Priodoliad"],
};

function described(value) {
  const rights = list(value.license).map(String);
  return {
    id: idOf(value),
    type: typeOf(value),
    label: languageMap(value.label),
    summary: languageMap(value.description),
    metadata: [
      ...list(value.metadata).map((one) => ({ label: languageMap(one?.label), value: languageMap(one?.value) })),
      ...rights.slice(1).map((text) => ({ label: LICENCE, value: { none: [text] } })),
    ],
    requiredStatement:
      value.attribution === undefined ? undefined : { label: ATTRIBUTION, value: languageMap(value.attribution) },
    rights: rights[0],
    navDate: value.navDate,
    provider: value.logo === undefined ? undefined : [{ id: "", label: {}, logo: list(value.logo).map(picture) }],
    homepage: list(value.related).map(link),
    rendering: list(value.rendering).map(link),
    seeAlso: list(value.seeAlso).map(link),
    partOf: list(value.within).map((one) => ({ ...link(one), type: "Collection" })),
    thumbnail: list(value.thumbnail).map(picture),
    behavior: list(value.viewingHint),
    viewingDirection: value.viewingDirection,
  };
}

function body(resource) {
  if (resource?.["@type"] === "oa:Choice") {
    const others = list(resource.item).filter((one) => typeof one === "object");
    return { type: "Choice", items: [resource.default, ...others].filter(Boolean).map(body) };
  }
  if (resource?.["@type"] === "oa:SpecificResource")
    return { ...picture(resource.full), label: languageMap(resource.label) };
  return picture(resource);
}

function canvas(value) {
  const items = list(value.images).map((one) => ({
    type: "Annotation",
    motivation: "painting",
    body: body(one?.resource),
    target: one?.on,
  }));
  return {
    ...described(value),
    type: "Canvas",
    width: value.width,
    height: value.height,
    items: [{ type: "AnnotationPage", items }],
  };
}

// Ranges are a flat list there, that name one another.
function structures(value) {
  const all = new Map(list(value.structures).map((one) => [idOf(one), one]));
  const inner = new Set([...all.values()].flatMap((one) => list(one.ranges).map(idOf)));
  const build = (one, above) => ({
    id: idOf(one),
    type: "Range",
    label: languageMap(one.label),
    items: [
      ...list(one.canvases).map((id) => ({ type: "Canvas", id: idOf(id) })),
      ...list(one.ranges)
        .map((id) => all.get(idOf(id)))
        .filter((next) => next && !above.includes(next))
        .map((next) => build(next, [...above, next])),
    ],
  });
  const top = [...all.values()].find((one) => one.viewingHint === "top");
  if (top) return build(top, [top]).items.filter((one) => one.type === "Range");
  return [...all.values()].filter((one) => !inner.has(idOf(one))).map((one) => build(one, [one]));
}

export function upgrade(value) {
  if (typeOf(value) === "Collection") {
    const items = [
      ...list(value.collections).map((one) => [one, "Collection"]),
      ...list(value.manifests).map((one) => [one, "Manifest"]),
      ...list(value.members).map((one) => [one, typeOf(one)]),
    ];
    return {
      ...described(value),
      items: items.map(([one, type]) => ({ ...described(typeof one === "string" ? { "@id": one } : one), type })),
    };
  }
  const sequence = list(value.sequences)[0] ?? {};
  const start = sequence.startCanvas ?? value.startCanvas;
  return {
    ...described(value),
    viewingDirection: value.viewingDirection ?? sequence.viewingDirection,
    items: list(sequence.canvases).map(canvas),
    structures: structures(value),
    start: start ? { id: idOf(start) } : undefined,
  };
}

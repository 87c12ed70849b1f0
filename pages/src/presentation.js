// SPDX-License-Identifier: Apache-2.0
// Manifests and Collections of Presentation 3.0 and 2.1 as one shape, whatever they leave out or get wrong:
// languages as { tag: [texts] }, lists as arrays, each canvas with the images that are painted on it.
import { isOld, upgrade } from "./presentation2.js";

export const list = (value) => (value === undefined || value === null ? [] : Array.isArray(value) ? value : [value]);
const object = (value) => (value !== null && typeof value === "object" && !Array.isArray(value) ? value : {});
const idOf = (value) => (typeof value === "string" ? value : String(object(value).id ?? object(value)["@id"] ?? ""));
const number = (value) => (Number.isFinite(Number(value)) && Number(value) > 0 ? Number(value) : 0);

export function languageMap(value) {
  if (typeof value === "string") return { none: [value] };
  const out = {};
  for (const [tag, texts] of Object.entries(object(value))) {
    const kept = list(texts)
      .filter((text) => typeof text === "string" || typeof text === "number")
      .map(String);
    if (kept.length) out[tag] = kept;
  }
  return out;
}

export const hasText = (map) => Object.values(map ?? {}).some((texts) => texts.some((text) => text.trim() !== ""));

function pair(value) {
  return { label: languageMap(object(value).label), value: languageMap(object(value).value) };
}

function links(value) {
  return list(value)
    .map((one) => ({
      id: idOf(one),
      type: String(object(one).type ?? ""),
      format: String(object(one).format ?? ""),
      label: languageMap(object(one).label),
    }))
    .filter((one) => one.id);
}

// { id, version } of the best image service listed; null when there is none.
export function imageService(value) {
  let best = null;
  for (const one of list(value).map(object)) {
    const says = `${one.type ?? ""} ${one["@type"] ?? ""} ${one["@context"] ?? ""} ${list(one.profile)[0] ?? ""}`;
    const version = /ImageService3|image\/3/.test(says)
      ? 3
      : /ImageService[12]|image\/[12]|image-api|iiif:Image/.test(says)
        ? 2
        : 0;
    const id = idOf(one).replace(/\/+$/, "");
    if (version && /^https?:\/\//.test(id) && (!best || version > best.version)) best = { id, version };
  }
  return best;
}

function image(value) {
  const one = object(value);
  return {
    id: idOf(value),
    type: String(one.type ?? ""),
    format: String(one.format ?? ""),
    label: languageMap(one.label),
    width: number(one.width),
    height: number(one.height),
    service: imageService(one.service),
  };
}

function agent(value) {
  const one = object(value);
  return {
    id: idOf(value),
    label: languageMap(one.label),
    homepage: links(one.homepage),
    logo: list(one.logo).map(image),
  };
}

function described(value) {
  return {
    id: idOf(value),
    type: String(value.type ?? ""),
    label: languageMap(value.label),
    summary: languageMap(value.summary),
    metadata: list(value.metadata)
      .map(pair)
      .filter((one) => hasText(one.value)),
    requiredStatement: hasText(pair(value.requiredStatement).value) ? pair(value.requiredStatement) : null,
    rights: typeof value.rights === "string" ? value.rights : "",
    navDate: typeof value.navDate === "string" ? value.navDate : "",
    provider: list(value.provider).map(agent),
    homepage: links(value.homepage),
    rendering: links(value.rendering),
    seeAlso: links(value.seeAlso),
    partOf: links(value.partOf),
    thumbnail: list(value.thumbnail)
      .map(image)
      .filter((one) => one.id),
    behavior: list(value.behavior).map(String),
    viewingDirection: String(value.viewingDirection ?? ""),
  };
}

function fragment(text) {
  const found = /xywh=(?:pixel:)?(\d+(?:\.\d+)?),(\d+(?:\.\d+)?),(\d+(?:\.\d+)?),(\d+(?:\.\d+)?)/.exec(text ?? "");
  return found ? { x: Number(found[1]), y: Number(found[2]), w: Number(found[3]), h: Number(found[4]) } : null;
}

// Where on its canvas an annotation paints; null: all of it.
function placeOf(target) {
  const one = list(target)[0];
  if (typeof one === "string") return fragment(one);
  for (const selector of list(object(one).selector)) {
    const place = fragment(object(selector).value);
    if (place) return place;
  }
  return fragment(idOf(object(one).source ?? one));
}

// Each body is a choice of images, most often of one.
function painted(annotation) {
  const place = placeOf(annotation.target);
  return list(annotation.body)
    .map((body) => {
      const choices = (object(body).type === "Choice" ? list(body.items) : [body])
        .map((one) =>
          object(one).type === "SpecificResource"
            ? { ...object(one.source), label: one.label ?? object(one.source).label }
            : one,
        )
        .map(image)
        .filter(
          (one) =>
            (one.id || one.service) &&
            (one.service || /^(Image|dctypes:Image)$/.test(one.type) || one.format.startsWith("image/")),
        );
      return { place, choices };
    })
    .filter((one) => one.choices.length);
}

function canvas(value) {
  const images = list(value.items)
    .flatMap((page) => list(object(page).items))
    .map(object)
    .filter((one) => list(one.motivation).includes("painting") || one.motivation === undefined)
    .flatMap(painted);
  const largest = images[0]?.choices[0];
  const width = number(value.width) || largest?.width || 0;
  return { ...described(value), width, height: number(value.height) || largest?.height || width, images };
}

function range(value, depth) {
  const items = list(value.items).map(object);
  return {
    id: idOf(value),
    label: languageMap(value.label),
    canvases: items
      .map((one) => (one.type === "Canvas" ? idOf(one) : one.type === "SpecificResource" ? idOf(one.source) : ""))
      .filter(Boolean)
      .map((id) => id.split("#")[0]),
    ranges: depth > 16 ? [] : items.filter((one) => one.type === "Range").map((one) => range(one, depth + 1)),
  };
}

function reference(value) {
  const one = described(object(value));
  // Sub-collections may be embedded; their items then need no request to be counted.
  return {
    ...one,
    type: one.type === "Collection" ? "Collection" : "Manifest",
    count: list(object(value).items).length,
  };
}

// Throws an Error when it is neither a Manifest nor a Collection.
export function normalise(json) {
  const value = object(isOld(json) ? upgrade(json) : json);
  if (value.type === "Collection")
    return {
      ...described(value),
      items: list(value.items)
        .filter((one) => idOf(one))
        .map(reference),
    };
  if (value.type !== "Manifest") throw new Error("neither a Manifest nor a Collection");
  const start = object(value.start);
  return {
    ...described(value),
    canvases: list(value.items).map(object).map(canvas),
    structures: list(value.structures)
      .map(object)
      .map((one) => range(one, 0)),
    start: idOf(start.source ?? start).split("#")[0],
  };
}

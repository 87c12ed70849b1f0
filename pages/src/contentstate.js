// SPDX-License-Identifier: Apache-2.0
// IIIF Content State 1.0: a link that opens at an object, a canvas, a region.

// Section 6: for GET parameters only.
export function encode(state) {
  const text = typeof state === "string" ? state : JSON.stringify(state);
  return btoa(encodeURIComponent(text)).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

// Throws an Error whose message says what is wrong.
export function decode(encoded) {
  if (!/^[A-Za-z0-9_-]*$/.test(encoded) || encoded.length % 4 === 1) throw new Error("not base64url");
  const padded = encoded.replaceAll("-", "+").replaceAll("_", "/") + "=".repeat((4 - (encoded.length % 4)) % 4);
  return decodeURIComponent(atob(padded));
}

const isUri = (text) => typeof text === "string" && /^https?:\/\//i.test(text);
const first = (value) => (Array.isArray(value) ? value[0] : value);

// "xywh=1,2,3,4", "xywh=percent:1,2,3,4"
export function readRegion(text) {
  const found = /(?:^|[#&])xywh=(pixel:|percent:)?(\d+(?:\.\d+)?),(\d+(?:\.\d+)?),(\d+(?:\.\d+)?),(\d+(?:\.\d+)?)/.exec(
    text ?? "",
  );
  if (!found) return null;
  const [x, y, w, h] = found.slice(2).map(Number);
  return w > 0 && h > 0 ? { x, y, w, h, percent: found[1] === "percent:" } : null;
}

function kindOf(type) {
  const name = String(type ?? "").replace(/^sc:/, "");
  return ["Manifest", "Collection", "Canvas", "Range"].includes(name) ? name : "";
}

// What a state points at: { uri, type, manifest, canvas, region }; null when it is none.
// `type` is "" for a bare URI: what it is shows when it is fetched.
export function targetOf(state) {
  if (isUri(state)) return { uri: state.split("#")[0], type: "", manifest: "", canvas: "", region: readRegion(state) };
  if (state === null || typeof state !== "object") return null;
  const type = first(state.type ?? state["@type"]);
  if (type === "Annotation" || state.target !== undefined) return targetOf(first(state.target));
  if (type === "SpecificResource") {
    const inner = targetOf(
      typeof state.source === "string" ? { id: state.source, type: "Canvas", partOf: state.partOf } : state.source,
    );
    if (!inner) return null;
    for (const selector of [state.selector].flat()) inner.region ??= readRegion(selector?.value);
    return inner;
  }
  const id = state.id ?? state["@id"];
  if (!isUri(id)) return null;
  const kind = kindOf(type);
  const within = [state.partOf ?? state.within]
    .flat()
    .map((one) => (typeof one === "string" ? one : (one?.id ?? one?.["@id"])))
    .find(isUri);
  const bare = id.split("#")[0];
  if (kind === "Canvas" || kind === "Range") {
    return {
      uri: within ?? bare,
      type: within ? "Manifest" : kind,
      manifest: within ?? "",
      canvas: kind === "Canvas" ? bare : "",
      range: kind === "Range" ? bare : "",
      region: readRegion(id),
    };
  }
  return { uri: bare, type: kind, manifest: kind === "Manifest" ? bare : "", canvas: "", region: null };
}

// All that a state points at, in its order: a list of targets is how the specification says "these, side by side".
export function targetsOf(state) {
  const targets = Array.isArray(state) ? state : state?.target;
  return (Array.isArray(targets) ? targets.map(targetOf) : [targetOf(state)]).filter(Boolean);
}

// The value of iiif-content, as it came out of the query. Throws an Error when it cannot be read.
export function readAll(value) {
  const text = value.trim();
  const found = targetsOf(isUri(text) ? text : JSON.parse(/^[{[]/.test(text) ? text : unpack(text)));
  if (!found.length) throw new Error("names nothing that could be opened");
  return found;
}

// The first of them.
export const read = (value) => readAll(value)[0];

// An encoded URI is not what the specification wants, but what some viewers send.
function unpack(text) {
  const plain = decode(text);
  return isUri(plain) ? JSON.stringify({ id: plain }) : plain;
}

// { manifest, canvas, region: {x, y, w, h} in the canvas' own units } as JSON, the short form.
export function state({ manifest, canvas, region }) {
  if (!canvas) return { id: manifest, type: "Manifest" };
  const at = region ? `#xywh=${[region.x, region.y, region.w, region.h].map(Math.round).join(",")}` : "";
  return { id: canvas + at, type: "Canvas", partOf: [{ id: manifest, type: "Manifest" }] };
}

// As the value of a GET parameter: a whole resource is a plain URI, anything else is encoded.
export function parameter(target) {
  return target.canvas ? encode(state(target)) : target.manifest;
}

// SPDX-License-Identifier: Apache-2.0
// What a page is about: the resource beside it, or the one that its address names. Failures become sentences.
import { read } from "./contentstate.js";
import { t } from "./language.js";
import { normalise } from "./presentation.js";
import { address, endpoint, query } from "./site.js";

export class Unavailable extends Error {
  constructor(sentence, status = 0) {
    super(sentence);
    this.status = status;
  }
}

const known = new Map();

async function fetched(url) {
  let answer;
  try {
    answer = await fetch(url, { headers: { Accept: "application/ld+json, application/json" } });
  } catch {
    throw new Unavailable(t("unreachable", { host: new URL(url, location.href).host }));
  }
  if (!answer.ok) {
    throw new Unavailable(
      answer.status === 404 || answer.status === 410 ? t("notFound") : `${answer.status} ${answer.statusText}`,
      answer.status,
    );
  }
  try {
    return await answer.json();
  } catch {
    throw new Unavailable(t("notIiif", { url }));
  }
}

// A Manifest or a Collection; where the address leads to an annotation, what that points at is in `state`.
export async function load(url) {
  const whole = new URL(url, location.href).href;
  if (!known.has(whole)) {
    known.set(
      whole,
      fetched(whole).then((json) => {
        if (["Annotation", "SpecificResource"].includes(json?.type)) return { annotation: json };
        try {
          return { ...normalise(json), from: whole };
        } catch {
          throw new Unavailable(t("notIiif", { url: whole }));
        }
      }),
    );
    known.get(whole).catch(() => known.delete(whole));
  }
  return known.get(whole);
}

// A Content State as it stands in an address, with the resource it leads to: { resource, state }.
export async function loadState(text) {
  let state;
  try {
    state = read(text);
  } catch (error) {
    throw new Unavailable(t("badState", { why: error.message }));
  }
  let resource = await load(state.uri);
  if (resource.annotation) {
    state = read(JSON.stringify(resource.annotation));
    resource = await load(state.uri);
  }
  return { resource, state };
}

// What this page stands for, by the path before its last slash.
const here = location.pathname.slice(0, location.pathname.lastIndexOf("/") + 1);
// With two names to try, the likely one goes first: what is not there shows as an error in browsers' consoles.
const looksLikeFile = /\.(tiff?|jp2|j2k|jpe?g|png|webp|gif|avif|heic|jxl|pdf)(;\d+)?\/$/i.test(here);

const manifestBeside = (id) => id.replace(/collection\.json$/, "manifest.json");

// Of this very page. A folder may be a Collection and have images of its own as well; these are then one of the things
// in it. Where they are the only one, the page is theirs.
export async function loadHere() {
  const given = query.get("iiif-content");
  if (given) return loadState(given);
  const names = looksLikeFile ? ["manifest.json", "collection.json"] : ["collection.json", "manifest.json"];
  let refusal;
  for (const name of names) {
    try {
      const resource = await load(here + name);
      const own =
        resource.type === "Collection" &&
        resource.items.length === 1 &&
        resource.items[0].id === manifestBeside(resource.id);
      return { resource: own ? await load(`${here}manifest.json`) : resource, state: null };
    } catch (error) {
      if (error.status !== 404) throw error;
      refusal = error;
    }
  }
  throw refusal;
}

// Where this server's own ids are: in what was fetched here, ids may begin with the name that the public knows it by. What
// came from elsewhere says nothing about that, and may have the same path.
export const ownOrigin = ({ id, from }) =>
  new URL(from).origin === location.origin ? new URL(id, location.href).origin : location.origin;

// The page that shows what has this id: beside its JSON where that is ours, else ours with its address. `within`: the
// Collection that lists it; the images of that very folder would otherwise lead back to it.
export function pageOf(id, ours, within = "") {
  const url = new URL(id, location.href);
  const isOurs = (url.origin === location.origin || url.origin === ours) && url.pathname.startsWith(`${endpoint}/`);
  const folder = /^(.*\/)(?:manifest|collection)\.json$/.exec(url.pathname);
  if (isOurs && folder && !url.search && id !== manifestBeside(within)) return address(folder[1]);
  return address(`${endpoint}/`, { "iiif-content": id });
}

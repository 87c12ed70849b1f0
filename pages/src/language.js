// SPDX-License-Identifier: Apache-2.0
// Which language the page speaks, and which of its languages a label is shown in.
import { STRINGS } from "./strings.js";

const base = (tag) => tag.toLowerCase().split("-")[0];

// `wanted`: tags, best first.
export function interfaceLanguage(wanted) {
  return wanted.map(base).find((tag) => Object.hasOwn(STRINGS, tag)) ?? "en";
}

// { texts, tag } of a language map for a reader of these languages; tag "" where it is not said, or none is needed.
export function pick(map, wanted) {
  const tags = Object.keys(map ?? {}).filter((tag) => map[tag].length);
  const isNone = (tag) => tag === "none" || tag === "@none" || tag === "";
  for (const one of wanted) {
    const found =
      tags.find((tag) => tag.toLowerCase() === one.toLowerCase()) ?? tags.find((tag) => base(tag) === base(one));
    if (found) return { texts: map[found], tag: found };
  }
  const chosen = tags.find(isNone) ?? tags.find((tag) => base(tag) === "en") ?? tags[0];
  return chosen === undefined ? { texts: [], tag: "" } : { texts: map[chosen], tag: isNone(chosen) ? "" : chosen };
}

let wanted = ["en"];
let spoken = "en";

export function speak(tags) {
  wanted = tags.length ? tags : ["en"];
  spoken = interfaceLanguage(wanted);
}

export const language = () => spoken;

export function t(key, values = {}) {
  const text = STRINGS[spoken][key] ?? STRINGS.en[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

// What the reader is shown of a map: { texts, lang }, `lang` null where it is the page's own.
export function chosen(map) {
  const { texts, tag } = pick(map, wanted);
  return { texts, lang: tag && base(tag) !== spoken ? tag : null };
}

export const plain = (map) => chosen(map).texts.join("; ");

// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import test from "node:test";
import { contrast, readableOn, textOn } from "../src/colour.js";
import { interfaceLanguage, pick } from "../src/language.js";
import { nameOfRights } from "../src/rights.js";
import { STRINGS } from "../src/strings.js";

test("any colour can be read", () => {
  for (let at = 0; at < 4096; at++) {
    const colour = `#${[at >> 8, (at >> 4) & 15, at & 15].map((digit) => digit.toString(16).repeat(2)).join("")}`;
    assert.ok(contrast(colour, textOn(colour)) >= 4.5, colour);
    for (const background of ["#f3f1ec", "#24262b"])
      assert.ok(contrast(readableOn(colour, background), background) >= 4.5, `${colour} ${background}`);
  }
});

test("languages", () => {
  assert.equal(interfaceLanguage(["pt-BR", "fr-CA", "de"]), "fr");
  assert.equal(interfaceLanguage(["xx"]), "en");
  const map = { none: ["-"], en: ["English"], "cy-GB": ["Cymraeg"] };
  assert.deepEqual(pick(map, ["cy"]), { texts: ["Cymraeg"], tag: "cy-GB" });
  assert.deepEqual(pick(map, ["de"]), { texts: ["-"], tag: "" });
  assert.deepEqual(pick({ ja: ["日本"] }, ["de"]), { texts: ["日本"], tag: "ja" });
  assert.deepEqual(pick({}, ["de"]), { texts: [], tag: "" });
});

test("every language has every text, with the same places to fill in", () => {
  const places = (text) => [...text.matchAll(/\{\w+\}/g)].map(String).sort();
  for (const [tag, texts] of Object.entries(STRINGS)) {
    assert.deepEqual(Object.keys(texts).sort(), Object.keys(STRINGS.en).sort(), tag);
    for (const [key, text] of Object.entries(texts))
      assert.deepEqual(places(text), places(STRINGS.en[key]), `${tag} ${key}`);
  }
});

test("names of licences", () => {
  assert.equal(nameOfRights("http://creativecommons.org/licenses/by-nc-sa/4.0/"), "CC BY-NC-SA 4.0");
  assert.equal(nameOfRights("https://creativecommons.org/publicdomain/zero/1.0/"), "CC0 1.0");
  assert.equal(nameOfRights("http://rightsstatements.org/vocab/InC/1.0/"), "In Copyright");
  for (const other of ["", null, "http://example.org/", "http://rightsstatements.org/vocab/constructor/1.0/"])
    assert.equal(nameOfRights(other), "");
});

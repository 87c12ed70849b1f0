// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import test from "node:test";
import { decode, encode, parameter, read, readAll, state } from "../src/contentstate.js";

// Section 6.3 of Content State 1.0.
const PLAIN =
  '{"id":"https://example.org/object1/canvas7#xywh=1000,2000,1000,2000","type":"Canvas","partOf":[{"id":"https://example.org/object1/manifest","type":"Manifest"}]}';
const ENCODED =
  "JTdCJTIyaWQlMjIlM0ElMjJodHRwcyUzQSUyRiUyRmV4YW1wbGUub3JnJTJGb2JqZWN0MSUyRmNhbnZhczclMjN4eXdoJTNEMTAwMCUyQzIwMDAlMkMxMDAwJTJDMjAwMCUyMiUyQyUyMnR5cGUlMjIlM0ElMjJDYW52YXMlMjIlMkMlMjJwYXJ0T2YlMjIlM0ElNUIlN0IlMjJpZCUyMiUzQSUyMmh0dHBzJTNBJTJGJTJGZXhhbXBsZS5vcmclMkZvYmplY3QxJTJGbWFuaWZlc3QlMjIlMkMlMjJ0eXBlJTIyJTNBJTIyTWFuaWZlc3QlMjIlN0QlNUQlN0Q";

test("the specification's example, both ways", () => {
  assert.equal(encode(PLAIN), ENCODED);
  assert.equal(encode(JSON.parse(PLAIN)), ENCODED);
  assert.equal(decode(ENCODED), PLAIN);
});

test("anything comes back as it was", () => {
  for (const text of ["", "a", "ab", "abc", "é", "日本語", "🗺", "?>~", "!*'()", "%", "+/="])
    assert.equal(decode(encode(text)), text);
});

test("what is no encoding is refused", () => {
  for (const text of ["abcde", "a+b=", "a/b", "JTdC!", "JQ"]) assert.throws(() => decode(text), text);
});

test("a region of a canvas", () => {
  const found = read(ENCODED);
  assert.equal(found.uri, "https://example.org/object1/manifest");
  assert.equal(found.canvas, "https://example.org/object1/canvas7");
  assert.deepEqual(found.region, { x: 1000, y: 2000, w: 1000, h: 2000, percent: false });
});

test("the other forms of section 2", () => {
  const canvas = "https://example.org/c";
  const manifest = "https://example.org/m";
  const within = [{ id: manifest, type: "Manifest" }];
  assert.deepEqual(read(manifest), { uri: manifest, type: "", manifest: "", canvas: "", region: null });
  assert.equal(read(encode({ id: manifest, type: "Manifest" })).manifest, manifest);
  for (const target of [
    { id: canvas, type: "Canvas", partOf: within },
    { type: "SpecificResource", source: { id: canvas, type: "Canvas", partOf: within } },
    [
      { id: canvas, type: "Canvas", partOf: within },
      { id: "https://example.org/d", type: "Canvas", partOf: within },
    ],
  ]) {
    const found = read(
      encode({ id: "https://example.org/a", type: "Annotation", motivation: ["contentState"], target }),
    );
    assert.equal(found.canvas, canvas);
    assert.equal(found.uri, manifest);
  }
  const selected = {
    type: "SpecificResource",
    source: { id: canvas, type: "Canvas", partOf: within },
    selector: { type: "FragmentSelector", value: "xywh=percent:10,20,30,40" },
  };
  assert.deepEqual(read(encode(selected)).region, { x: 10, y: 20, w: 30, h: 40, percent: true });
});

test("what names nothing is refused", () => {
  for (const value of [
    "",
    "javascript:alert(1)",
    encode({ id: "javascript:alert(1)", type: "Manifest" }),
    encode(null),
    encode([]),
    encode({}),
    encode(7),
    "{",
  ]) {
    assert.throws(() => read(value), value);
  }
});

test("what is written can be read", () => {
  const target = {
    manifest: "https://example.org/m",
    canvas: "https://example.org/c",
    region: { x: 1.4, y: 2.6, w: 30, h: 40 },
  };
  assert.equal(state(target).id, "https://example.org/c#xywh=1,3,30,40");
  assert.equal(read(parameter(target)).canvas, target.canvas);
  assert.equal(parameter({ manifest: target.manifest }), target.manifest);
});

test("several targets, side by side", () => {
  const [a, b] = ["a", "b"].map((name) => `https://example.org/${name}/manifest.json`);
  const canvas = { id: "https://example.org/b/7#xywh=1,2,3,4", type: "Canvas", partOf: [{ id: b, type: "Manifest" }] };
  for (const several of [
    { type: "Annotation", motivation: ["contentState"], target: [{ id: a, type: "Manifest" }, canvas] },
    [{ id: a, type: "Manifest" }, canvas],
  ]) {
    for (const written of [JSON.stringify(several), encode(several)]) {
      const found = readAll(written);
      assert.deepEqual(
        found.map(({ uri, canvas: page }) => [uri, page]),
        [
          [a, ""],
          [b, "https://example.org/b/7"],
        ],
      );
      assert.equal(found[1].region.w, 3);
      assert.equal(read(written).uri, a);
    }
  }
  assert.equal(readAll(a).length, 1);
  assert.throws(() => readAll("[]"), /nothing that could be opened/);
});

// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import test from "node:test";
import { imageService, normalise } from "../src/presentation.js";
import { region, sized, thumbnail } from "../src/thumbnails.js";

const P2 = "http://iiif.io/api/presentation/2/context.json";
const P3 = "http://iiif.io/api/presentation/3/context.json";
const V2 = {
  "@context": "http://iiif.io/api/image/2/context.json",
  "@id": "https://example.org/2/a",
  profile: "http://iiif.io/api/image/2/level1.json",
};

const OLD = {
  "@context": P2,
  "@id": "https://example.org/m",
  "@type": "sc:Manifest",
  label: [
    { "@value": "A book", "@language": "en" },
    { "@value": "Ein Buch", "@language": "de" },
  ],
  description: "About it",
  license: "http://creativecommons.org/licenses/by/4.0/",
  attribution: "A library",
  logo: "https://example.org/logo.png",
  metadata: [{ label: "Author", value: ["One", "Two"] }],
  within: "https://example.org/collection",
  related: { "@id": "https://example.org/", format: "text/html" },
  sequences: [
    {
      viewingDirection: "right-to-left",
      startCanvas: "https://example.org/c2",
      canvases: [
        {
          "@id": "https://example.org/c1",
          "@type": "sc:Canvas",
          label: "1r",
          width: 1000,
          height: 1500,
          images: [
            {
              "@type": "oa:Annotation",
              motivation: "sc:painting",
              resource: {
                "@id": "https://example.org/2/a/full/full/0/default.jpg",
                "@type": "dctypes:Image",
                width: 2000,
                height: 3000,
                service: V2,
              },
              on: "https://example.org/c1",
            },
          ],
        },
        {
          "@id": "https://example.org/c2",
          "@type": "sc:Canvas",
          label: "1v",
          width: 1000,
          height: 1500,
          images: [
            {
              "@type": "oa:Annotation",
              resource: {
                "@type": "oa:Choice",
                default: { "@id": "https://example.org/x.jpg", "@type": "dctypes:Image", label: "Day" },
                item: [{ "@id": "https://example.org/y.jpg", "@type": "dctypes:Image", label: "Night" }, "rdf:nil"],
              },
              on: "https://example.org/c2#xywh=10,20,300,400",
            },
          ],
        },
      ],
    },
  ],
  structures: [
    { "@id": "r0", "@type": "sc:Range", viewingHint: "top", label: "Book", ranges: ["r1"] },
    { "@id": "r1", "@type": "sc:Range", label: "Chapter", canvases: ["https://example.org/c2"], ranges: ["r0"] },
  ],
};

test("a manifest of 2.1", () => {
  const found = normalise(OLD);
  assert.equal(found.type, "Manifest");
  assert.deepEqual(found.label, { en: ["A book"], de: ["Ein Buch"] });
  assert.deepEqual(found.summary, { none: ["About it"] });
  assert.equal(found.rights, OLD.license);
  assert.deepEqual(found.requiredStatement.value, { none: ["A library"] });
  assert.equal(found.provider[0].logo[0].id, OLD.logo);
  assert.deepEqual(found.metadata[0].value, { none: ["One", "Two"] });
  assert.deepEqual([found.partOf[0].id, found.homepage[0].id], [OLD.within, "https://example.org/"]);
  assert.deepEqual([found.viewingDirection, found.start], ["right-to-left", "https://example.org/c2"]);
  assert.deepEqual(
    found.canvases.map((canvas) => [canvas.id, canvas.width, canvas.height]),
    [
      ["https://example.org/c1", 1000, 1500],
      ["https://example.org/c2", 1000, 1500],
    ],
  );
  assert.deepEqual(found.canvases[0].images[0].choices[0].service, { id: "https://example.org/2/a", version: 2 });
  assert.deepEqual(
    found.canvases[1].images[0].choices.map((one) => one.id),
    ["https://example.org/x.jpg", "https://example.org/y.jpg"],
  );
  assert.deepEqual(found.canvases[1].images[0].place, { x: 10, y: 20, w: 300, h: 400 });
  assert.deepEqual(
    found.structures.map((range) => [range.label.none[0], range.canvases]),
    [["Chapter", ["https://example.org/c2"]]],
  );
});

test("a collection of 2.1", () => {
  const found = normalise({
    "@context": P2,
    "@id": "https://example.org/c",
    "@type": "sc:Collection",
    label: "All",
    collections: [{ "@id": "https://example.org/c/1", "@type": "sc:Collection", label: "One" }],
    manifests: [{ "@id": "https://example.org/m", "@type": "sc:Manifest", label: "Two" }],
    members: [{ "@id": "https://example.org/n", "@type": "sc:Manifest", label: "Three" }],
  });
  assert.deepEqual(
    found.items.map((item) => [item.type, item.id]),
    [
      ["Collection", "https://example.org/c/1"],
      ["Manifest", "https://example.org/m"],
      ["Manifest", "https://example.org/n"],
    ],
  );
});

test("what is wrong or missing never throws, and no resource of ours does", () => {
  for (const wrong of [null, [], "text", 7, true, { id: 5 }, [[]], { items: {} }]) {
    for (const key of [
      "label",
      "summary",
      "metadata",
      "requiredStatement",
      "rights",
      "provider",
      "thumbnail",
      "partOf",
      "items",
      "structures",
      "start",
      "behavior",
      "homepage",
    ]) {
      normalise({ "@context": P3, id: "https://example.org/m", type: "Manifest", [key]: wrong });
      normalise({ "@context": P3, id: "https://example.org/m", type: "Collection", [key]: wrong });
    }
    for (const key of [
      "label",
      "sequences",
      "structures",
      "metadata",
      "logo",
      "related",
      "within",
      "license",
      "thumbnail",
    ]) {
      normalise({ "@context": P2, "@id": "https://example.org/m", "@type": "sc:Manifest", [key]: wrong });
    }
    for (const key of ["items", "width", "label", "thumbnail"])
      normalise({ type: "Manifest", items: [{ type: "Canvas", [key]: wrong }] });
    for (const key of ["body", "target", "motivation"]) {
      normalise({
        type: "Manifest",
        items: [
          {
            items: [
              {
                items: [{ motivation: "painting", body: { id: "https://example.org/x", type: "Image" }, [key]: wrong }],
              },
            ],
          },
        ],
      });
    }
  }
  for (const other of [null, [], "text", 7, {}, { type: "Canvas" }, { type: "__proto__" }])
    assert.throws(() => normalise(other));
});

test("the best service is taken", () => {
  const v3 = { id: "https://example.org/3/a", type: "ImageService3", profile: "level2" };
  assert.deepEqual(imageService([V2, v3]), { id: "https://example.org/3/a", version: 3 });
  assert.deepEqual(imageService({ "@id": "https://example.org/a/", "@type": "ImageService2" }), {
    id: "https://example.org/a",
    version: 2,
  });
  assert.equal(imageService([{ id: "javascript:x", type: "ImageService3" }, { type: "AuthService" }, null]), null);
});

test("sizes in the spelling of each version", () => {
  const image = { id: "", width: 3000, height: 2000, service: { id: "https://example.org/3/a", version: 3 } };
  assert.equal(sized(image, 300).src, "https://example.org/3/a/full/300,200/0/default.jpg");
  assert.equal(
    sized({ ...image, service: { ...image.service, version: 2 } }, 300).src,
    "https://example.org/3/a/full/300,/0/default.jpg",
  );
  assert.equal(sized({ ...image, width: 200, height: 100 }, 300).src, "https://example.org/3/a/full/max/0/default.jpg");
  assert.equal(region(image, { x: 1.2, y: 2, w: 100, h: 50 }), "https://example.org/3/a/1,2,100,50/max/0/default.jpg");
  assert.equal(
    region(image, { x: 0, y: 0, w: 3000, h: 2000 }, 1500),
    "https://example.org/3/a/0,0,3000,2000/1500,1000/0/default.jpg",
  );
  assert.equal(thumbnail({ thumbnail: [], images: [] }, 300), null);
});

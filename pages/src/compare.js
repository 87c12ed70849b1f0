// SPDX-License-Identifier: Apache-2.0
// Two or more images on top of one another: a curtain to draw, and how much of each shows through. They lie in one
// OpenSeadragon world, so that zooming moves them together and none can drift from the others.
import { parameter } from "./contentstate.js";
import { el } from "./dom.js";
import { plain, t } from "./language.js";
import { load, loadState, pageOf } from "./load.js";
import { hasText } from "./presentation.js";
import { complain, crumbs, frame, query, say, titled } from "./site.js";
import { addImage, makeViewer, openSeadragon, toWorld, zoomButtons } from "./viewer.js";

const MOST = 6;
const main = document.getElementById("main");
const manifests = []; // whose canvases can be chosen
const layers = []; // from below: { manifest, canvas, item, opacity }
let viewer;
let curtain = 50;
let run = 0; // counts placings, so that an older one that ends late changes nothing

const name = ({ manifest, canvas }) => {
  const label = hasText(canvas.label) ? plain(canvas.label) : String(manifest.canvases.indexOf(canvas) + 1);
  return `${plain(manifest.label) || t("untitled")} · ${label}`;
};

function keep(manifest) {
  if (!manifests.includes(manifest)) manifests.push(manifest);
}

const usable = (manifest) => manifest.canvases?.filter((canvas) => canvas.images.length) ?? [];

// The upper images end at the curtain, wherever they have been zoomed to.
function draw() {
  const x = viewer.viewport.pointFromPixel(
    new window.OpenSeadragon.Point((viewer.container.clientWidth * curtain) / 100, 0),
    true,
  ).x;
  for (const { item, opacity } of layers.slice(1)) {
    if (!item) continue;
    const size = item.getContentSize();
    const end = Math.min(size.x, Math.max(0, item.viewportToImageCoordinates(x, 0, true).x));
    item.setOpacity(end > 0 ? opacity / 100 : 0);
    if (end > 0) item.setClip(new window.OpenSeadragon.Rect(0, 0, end, size.y));
  }
  line.style.left = `${curtain}%`;
}

async function place(region) {
  const mine = ++run;
  const { Rect } = await openSeadragon();
  const bounds = viewer.world.getItemCount() ? viewer.viewport.getBounds(true) : null;
  viewer.world.removeAll();
  for (const layer of layers) layer.item = null;
  const below = layers[0].canvas;
  const box = new Rect(0, 0, 1, below.width ? below.height / below.width : 1);
  // Images of another size or shape are fitted into the lowest one's frame.
  for (const layer of layers) {
    const item = await addImage(viewer, layer.canvas.images[0].choices[0], { fitBounds: box });
    if (mine !== run) {
      if (item) viewer.world.removeItem(item);
      return;
    }
    layer.item = item;
  }
  if (region && below.width) viewer.viewport.fitBounds(toWorld(window.OpenSeadragon, below, region), true);
  else if (bounds) viewer.viewport.fitBounds(bounds, true);
  else viewer.viewport.goHome(true);
  draw();
  say("");
  const link = new URL(location.href);
  layers.forEach((layer, at) =>
    link.searchParams.set("abcdef"[at], parameter({ manifest: layer.manifest.id, canvas: layer.canvas.id })),
  );
  history.replaceState(null, "", link);
}

function chooser(layer, at) {
  const select = el("select", {
    id: `image-${at}`,
    onchange: () => {
      const [whose, which] = select.value.split(" ").map(Number);
      layer.manifest = manifests[whose];
      layer.canvas = layer.manifest.canvases[which];
      controls();
      place();
    },
  });
  manifests.forEach((manifest, whose) => {
    select.append(
      el(
        "optgroup",
        { label: plain(manifest.label) || t("untitled") },
        usable(manifest).map((canvas) =>
          el(
            "option",
            { value: `${whose} ${manifest.canvases.indexOf(canvas)}`, selected: canvas === layer.canvas },
            hasText(canvas.label) ? plain(canvas.label) : String(manifest.canvases.indexOf(canvas) + 1),
          ),
        ),
      ),
    );
  });
  const label = at === 0 ? t("first") : layers.length > 2 ? `${t("second")} ${at}` : t("second");
  const row = el("div", { class: "layer" }, el("label", { for: `image-${at}` }, label), select);
  if (at > 0) {
    const slider = el("input", {
      type: "range",
      min: 0,
      max: 100,
      value: layer.opacity,
      class: "opacity",
      "aria-label": t("opacity", { name: name(layer) }),
      oninput: () => {
        layer.opacity = Number(slider.value);
        draw();
      },
    });
    row.append(el("span", { class: "hint", "aria-hidden": "true" }, t("share")), slider);
  }
  return row;
}

const panel = el("div", { class: "layers-panel" });
function controls() {
  panel.replaceChildren(...layers.map(chooser));
  const more = el(
    "button",
    {
      type: "button",
      disabled: layers.length >= MOST,
      onclick: () => {
        const last = layers.at(-1);
        layers.push({ ...last, item: null, opacity: 60 });
        controls();
        place();
      },
    },
    `${t("add")} +`,
  );
  panel.append(more);
}

const line = el("div", { class: "curtain-line", "aria-hidden": "true" });
const slider = el("input", {
  type: "range",
  min: 0,
  max: 100,
  step: 0.5,
  value: curtain,
  class: "curtain",
  "aria-label": t("curtain"),
});
slider.addEventListener("input", () => {
  curtain = Number(slider.value);
  draw();
});
line.addEventListener("pointerdown", (event) => {
  event.preventDefault();
  line.setPointerCapture(event.pointerId);
  line.onpointermove = (move) => {
    const frameBox = line.parentElement.getBoundingClientRect();
    curtain = Math.min(100, Math.max(0, ((move.clientX - frameBox.left) / frameBox.width) * 100));
    slider.value = curtain;
    draw();
  };
});
line.addEventListener("pointerup", () => {
  line.onpointermove = null;
});

function otherObject() {
  const box = el("input", { type: "url", id: "other", placeholder: "https://…/manifest.json", required: true });
  return el(
    "form",
    {
      class: "other",
      onsubmit: async (event) => {
        event.preventDefault();
        try {
          const manifest = await load(box.value);
          if (!usable(manifest).length) throw new Error(t("noImage"));
          keep(manifest);
          const layer = { manifest, canvas: usable(manifest)[0], item: null, opacity: 100 };
          if (layers.length > 1) layers[layers.length - 1] = layer;
          else layers.push(layer);
          box.value = "";
          controls();
          if (viewer) place();
          else await start();
        } catch (error) {
          complain(t("failed", { why: error.message }));
        }
      },
    },
    el("label", { for: "other" }, t("otherManifest")),
    el("span", { class: "row" }, box, el("button", {}, t("add"))),
  );
}

async function start(region) {
  const frameOf = el("div", { class: "viewer" });
  const bar = el("div", { class: "bar", role: "toolbar", "aria-label": t("images") });
  const stage = el(
    "section",
    { class: "stage", "aria-label": t("compareTitle") },
    el("div", { class: "frame" }, frameOf, line),
    slider,
    bar,
  );
  main.replaceChildren(
    el("div", { class: "head" }, el("h1", {}, t("compareTitle"))),
    stage,
    el(
      "section",
      { class: "panel", "aria-label": t("layers") },
      panel,
      el("p", { class: "hint" }, t("compareHelp")),
      otherObject(),
    ),
  );
  slider.setAttribute("aria-label", t("curtain"));
  controls();
  viewer = await makeViewer(frameOf, { preserveImageSizeOnResize: true });
  // Turned or mirrored, a curtain that is drawn from the side would not be where its line is.
  viewer.addHandler("canvas-key", (event) => {
    if (/^[rf]$/i.test(event.originalEvent.key)) event.preventDefaultAction = true;
  });
  for (const name of ["viewport-change", "resize", "animation"]) viewer.addHandler(name, draw);
  const buttons = zoomButtons(viewer, stage).filter(Boolean);
  buttons.splice(3, 1);
  bar.append(...buttons);
  window.viewer = viewer;
  await place(region);
}

await frame();
titled(t("compareTitle"));
try {
  const given = [..."abcdef"].map((key) => query.get(key)).filter(Boolean);
  if (query.has("iiif-content") && !given.length) given.push(query.get("iiif-content"));
  let region = null;
  for (const text of given) {
    const { resource, state } = await loadState(text);
    const images = usable(resource);
    if (!images.length) continue;
    keep(resource);
    layers.push({
      manifest: resource,
      canvas: images.find((canvas) => canvas.id === state.canvas) ?? images[0],
      item: null,
      opacity: 100,
    });
    region ??= state.region;
  }
  if (layers.length === 1) {
    const { manifest, canvas } = layers[0];
    const images = usable(manifest);
    layers.push({ manifest, canvas: images[images.indexOf(canvas) + 1] ?? images[0], item: null, opacity: 100 });
  }
  if (layers.length) {
    crumbs([{ label: layers[0].manifest.label, href: pageOf(layers[0].manifest.id) }, { label: t("compareTitle") }]);
    await start(region);
  } else {
    say("");
    main.replaceChildren(el("h1", {}, t("compareTitle")), otherObject());
  }
  document.body.dataset.ready = "true";
} catch (error) {
  complain(t("failed", { why: error.message }));
  document.body.dataset.ready = "failed";
}

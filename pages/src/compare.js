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
const layers = []; // from below: { manifest, canvas, item, opacity, curtain }, the last two in percent
let viewer;
let spreadFor = 0; // so many layers the curtains were spread for
let run = 0; // counts placings, so that an older one that ends late changes nothing

const name = (layer) => `${plain(layer.manifest.label) || t("untitled")} · ${pageName(layer)}`;

function keep(manifest) {
  if (!manifests.includes(manifest)) manifests.push(manifest);
}

const usable = (manifest) => manifest.canvases?.filter((canvas) => canvas.images.length) ?? [];

const pageName = ({ manifest, canvas }) =>
  hasText(canvas.label) ? plain(canvas.label) : String(manifest.canvases.indexOf(canvas) + 1);

// Where the lowest image begins and ends upon the screen, in percent of its width.
function extent() {
  const bounds = layers[0].item?.getBounds(true);
  if (!bounds) return { from: 0, to: 100 };
  const at = (x) => {
    const pixel = viewer.viewport.pixelFromPoint(new window.OpenSeadragon.Point(x, 0), true).x;
    return Math.min(100, Math.max(0, (100 * pixel) / viewer.container.clientWidth));
  };
  return { from: at(bounds.x), to: at(bounds.x + bounds.width) };
}

// Evenly, so that of each something is seen: the uppermost at the left.
function spread() {
  const { from, to } = extent();
  layers.forEach((layer, at) => {
    layer.curtain = from + ((to - from) * (layers.length - at)) / layers.length;
    if (lines[at]?.slider) lines[at].slider.value = layer.curtain;
  });
}

// The upper images end at their curtains, wherever they have been zoomed to.
function draw() {
  let { from } = extent(); // where what lies above ends
  for (let at = layers.length - 1; at >= 0; at--) {
    const { item, opacity, curtain } = layers[at];
    const to = at === 0 ? 100 : curtain;
    lines[at].caption.style.left = `${from}%`;
    lines[at].caption.style.maxWidth = `${Math.max(0, to - from)}%`;
    lines[at].caption.hidden = to - from < 4;
    from = Math.max(from, to);
    if (at === 0) continue;
    lines[at].line.style.left = `${curtain}%`;
    if (!item) continue;
    const x = viewer.viewport.pointFromPixel(
      new window.OpenSeadragon.Point((viewer.container.clientWidth * curtain) / 100, 0),
      true,
    ).x;
    const size = item.getContentSize();
    const end = Math.min(size.x, Math.max(0, item.viewportToImageCoordinates(x, 0, true).x));
    item.setOpacity(end > 0 ? opacity / 100 : 0);
    if (end > 0) item.setClip(new window.OpenSeadragon.Rect(0, 0, end, size.y));
  }
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
  if (layers.length !== spreadFor) spread();
  spreadFor = layers.length;
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
  curtains();
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

// A line upon the images for each of the upper ones, to be dragged, and a slider below them, for the keyboard too.
const lines = []; // { line, slider, caption } of each layer; the lowest has its caption only
const frameBox = el("div", { class: "frame" });
const sliders = el("div", { class: "curtains" });

function curtains() {
  for (const { line, caption } of lines.splice(0)) {
    line?.remove();
    caption.remove();
  }
  layers.forEach((layer, at) => {
    const caption = el("div", { class: "caption", "aria-hidden": "true" }, pageName(layer));
    if (at === 0) {
      lines.push({ line: null, slider: null, caption });
      return;
    }
    const slider = el("input", {
      type: "range",
      min: 0,
      max: 100,
      step: 0.5,
      value: layer.curtain,
      class: "curtain",
      "aria-label": layers.length > 2 ? `${t("curtain")}: ${name(layer)}` : t("curtain"),
      oninput: () => {
        layer.curtain = Number(slider.value);
        draw();
      },
    });
    const line = el("div", { class: "curtain-line", "aria-hidden": "true" });
    line.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      line.setPointerCapture(event.pointerId);
      line.onpointermove = (move) => {
        const box = frameBox.getBoundingClientRect();
        layer.curtain = Math.min(100, Math.max(0, ((move.clientX - box.left) / box.width) * 100));
        slider.value = layer.curtain;
        draw();
      };
    });
    line.addEventListener("pointerup", () => {
      line.onpointermove = null;
    });
    lines.push({ line, slider, caption });
  });
  frameBox.append(...lines.flatMap(({ line, caption }) => [line, caption]).filter(Boolean));
  sliders.replaceChildren(...lines.map(({ slider }) => slider).filter(Boolean).reverse());
}

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
          const layer = { manifest, canvas: usable(manifest)[0], item: null, opacity: 100, curtain: 50 };
          if (layers.length > 1) layers[layers.length - 1] = { ...layer, curtain: layers.at(-1).curtain };
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
  frameBox.append(frameOf);
  const bar = el("div", { class: "bar", role: "toolbar", "aria-label": t("images") });
  const stage = el(
    "section",
    { class: "stage", "aria-label": t("compareTitle") },
    frameBox,
    sliders,
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
      curtain: 50,
    });
    region ??= state.region;
  }
  if (layers.length === 1) {
    const { manifest, canvas } = layers[0];
    const images = usable(manifest);
    layers.push({ manifest, canvas: images[images.indexOf(canvas) + 1] ?? images[0], item: null, opacity: 100, curtain: 50 });
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

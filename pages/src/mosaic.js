// SPDX-License-Identifier: Apache-2.0
// Many images in one world. Each begins as its thumbnail; what comes near enough is replaced by tiles, so that hundreds
// of images cost as many small requests, and only what is looked at costs more.
import { parameter } from "./contentstate.js";
import { el } from "./dom.js";
import { plain, t } from "./language.js";
import { loadState, ownOrigin, pageOf } from "./load.js";
import { hasText } from "./presentation.js";
import { address, complain, crumbs, endpoint, frame, query, say, titled } from "./site.js";
import { thumbnail } from "./thumbnails.js";
import { addImage, makeViewer, openSeadragon, zoomButtons } from "./viewer.js";

const MOST = 600;
const SIDE = 240;
const NEAR = 380; // pixels of the screen from which on a cell gets tiles
const SHARE = 0.94; // of its cell
const main = document.getElementById("main");

function cellsOf(resource) {
  const ours = ownOrigin(resource);
  if (resource.type === "Collection") {
    return resource.items.map((item) => ({
      small: thumbnail(item, SIDE),
      label: plain(item.label) || t("untitled"),
      href: pageOf(item.id, ours, resource.id),
    }));
  }
  return resource.canvases.map((canvas, at) => {
    const image = canvas.images[0]?.choices[0];
    const href = address(`${endpoint}/`, { "iiif-content": parameter({ manifest: resource.id, canvas: canvas.id }) });
    return {
      small: thumbnail(canvas, SIDE),
      image: image?.service ? image : null,
      label: hasText(canvas.label) ? plain(canvas.label) : String(at + 1),
      href,
    };
  });
}

async function fill(viewer, cells, columns, tall) {
  const { Rect } = await openSeadragon();
  cells.forEach((cell, at) => {
    const gap = (1 - SHARE) / 2;
    cell.box = new Rect((at % columns) + gap, (Math.floor(at / columns) + gap) * tall, SHARE, SHARE * tall);
  });
  for (let at = 0; at < cells.length; at += 24) {
    await Promise.all(
      cells.slice(at, at + 24).map((cell) =>
        addImage(viewer, { id: cell.small.src, service: null }, { fitBounds: cell.box }).then((item) => {
          cell.item = item;
        }),
      ),
    );
    if (at === 0) say("");
  }
}

function sharpen(viewer, cells) {
  const view = viewer.viewport.getBounds(true);
  const pixels = viewer.container.clientWidth / view.width;
  if (pixels < NEAR) return;
  for (const cell of cells) {
    const inside =
      cell.box &&
      cell.box.x < view.x + view.width &&
      cell.box.x + 1 > view.x &&
      cell.box.y < view.y + view.height &&
      cell.box.y + 1 > view.y;
    if (!inside || !cell.image || cell.sharp) continue;
    cell.sharp = true;
    addImage(viewer, cell.image, { fitBounds: cell.box });
  }
}

async function show(resource) {
  const everything = cellsOf(resource).filter((cell) => cell.small);
  const cells = everything.slice(0, MOST);
  const title = `${t("mosaicTitle")}: ${plain(resource.label) || t("untitled")}`;
  titled(title);
  crumbs([{ label: resource.label, href: pageOf(resource.id) }, { label: t("mosaicTitle") }]);
  const frameOf = el("div", { class: "viewer" });
  const bar = el("div", { class: "bar", role: "toolbar", "aria-label": t("images") });
  const stage = el("section", { class: "stage", "aria-label": title }, el("div", { class: "frame" }, frameOf), bar);
  main.replaceChildren(
    el("div", { class: "head" }, el("h1", {}, title)),
    stage,
    el(
      "section",
      { class: "panel", "aria-label": t("about") },
      el("p", { class: "hint" }, t("mosaicHelp")),
      everything.length > MOST ? el("p", {}, t("mosaicCut", { n: MOST, all: everything.length })) : null,
      el(
        "details",
        {},
        el("summary", {}, t("list")),
        el(
          "ol",
          {},
          cells.map((cell) => el("li", {}, el("a", { href: cell.href }, cell.label))),
        ),
      ),
    ),
  );
  if (!cells.length) {
    complain(t("empty"));
    return;
  }
  const viewer = await makeViewer(frameOf, {
    minZoomImageRatio: 0.8,
    maxZoomPixelRatio: 2,
    visibilityRatio: 0.3,
    imageLoaderLimit: 8,
  });
  window.viewer = viewer;
  bar.append(...zoomButtons(viewer, stage).filter(Boolean));
  // A cell is one wide, and as high as the highest picture needs, up to a square.
  const tall = Math.min(1, Math.max(...cells.map(({ small }) => (small.width ? small.height / small.width : 1))));
  const shape = viewer.container.clientWidth / viewer.container.clientHeight;
  // Sheets of a map lie as they belong when their number in a row is said.
  const said = /^[1-9]\d{0,2}$/.test(query.get("columns") ?? "") ? Number(query.get("columns")) : 0;
  const columns = said || Math.max(1, Math.round(Math.sqrt(cells.length * shape * tall)));
  let waiting;
  viewer.addHandler("viewport-change", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => sharpen(viewer, cells), 250);
  });
  viewer.addHandler("canvas-click", (event) => {
    if (!event.quick) return;
    const at = viewer.viewport.pointFromPixel(event.position);
    const cell = cells.find((one) => one.box?.containsPoint(at));
    if (cell) location.assign(cell.href);
  });
  await fill(viewer, cells, columns, tall);
  viewer.viewport.goHome(true);
}

await frame();
try {
  const given = query.get("iiif-content") ?? `${location.origin}${endpoint}/collection.json`;
  await show((await loadState(given)).resource);
  document.body.dataset.ready = "true";
} catch (error) {
  complain(t("failed", { why: error.message }));
  document.body.dataset.ready = "failed";
}

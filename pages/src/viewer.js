// SPDX-License-Identifier: Apache-2.0
// OpenSeadragon, loaded when there is something to zoom into, and how canvases are laid out in it.
import { el, signButton } from "./dom.js";
import { t } from "./language.js";
import { complain, endpoint, say } from "./site.js";

let loading;
export function openSeadragon() {
  loading ??= new Promise((resolve, reject) => {
    const script = el("script", { src: `${endpoint}/pages/openseadragon.js` });
    script.onload = () => resolve(window.OpenSeadragon);
    script.onerror = () => reject(new Error("openseadragon.js"));
    document.head.append(script);
  });
  return loading;
}

const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;

export async function makeViewer(element, options = {}) {
  const OpenSeadragon = await openSeadragon();
  const viewer = OpenSeadragon({
    element,
    // Pictures of servers without CORS are shown too; nothing here reads their pixels.
    drawer: "canvas",
    showNavigationControl: false,
    animationTime: calm ? 0 : 0.8,
    springStiffness: 8,
    blendTime: calm ? 0 : 0.1,
    immediateRender: calm,
    maxZoomPixelRatio: 4,
    minZoomImageRatio: 0.6,
    visibilityRatio: 0.4,
    gestureSettingsMouse: { clickToZoom: false, dblClickToZoom: true },
    ...options,
  });
  viewer.canvas.setAttribute("role", "application");
  viewer.canvas.setAttribute("aria-label", t("viewer"));
  viewer.addHandler("tile-load-failed", (event) => {
    // One that was dropped because the view has moved on is no failure.
    if (event.message !== "Image load aborted") complain(t("tileFailed"));
  });
  return viewer;
}

export function zoomButtons(viewer, whole) {
  const by = (factor) => () => {
    viewer.viewport.zoomBy(factor);
    viewer.viewport.applyConstraints();
  };
  return [
    signButton("zoomIn", t("zoomIn"), by(1.5)),
    signButton("zoomOut", t("zoomOut"), by(1 / 1.5)),
    signButton("home", t("fit"), () => viewer.viewport.goHome()),
    signButton("rotate", t("rotate"), () => viewer.viewport.setRotation(viewer.viewport.getRotation() + 90)),
    document.fullscreenEnabled
      ? signButton("whole", t("fullscreen"), () => {
          if (document.fullscreenElement) document.exitFullscreen();
          else whole.requestFullscreen().catch(() => {});
        })
      : null,
  ];
}

export const tileSource = (image) =>
  image.service ? `${image.service.id}/info.json` : { type: "image", url: image.id };

// Adds one image at a place of the world; resolves with its TiledImage, or null when it cannot be had.
export function addImage(viewer, image, options) {
  return new Promise((resolve) => {
    viewer.addTiledImage({
      tileSource: tileSource(image),
      ...options,
      success: (event) => resolve(event.item),
      error: (event) => {
        complain(t("failed", { why: event.message || image.id }));
        resolve(null);
      },
    });
  });
}

// A canvas is one wide in the world, and as high as its proportions say. Of each choice the first is shown.
export async function showCanvas(viewer, canvas) {
  const OpenSeadragon = await openSeadragon();
  viewer.world.removeAll();
  const ratio = canvas.width ? canvas.height / canvas.width : 1;
  viewer.canvasShown = canvas;
  const shown = await Promise.all(
    canvas.images.flatMap((image) =>
      image.choices.map((choice, at) => {
        const place =
          image.place && canvas.width ? image.place : { x: 0, y: 0, w: canvas.width || 1, h: canvas.height || ratio };
        const unit = canvas.width || 1;
        const fitBounds = new OpenSeadragon.Rect(place.x / unit, place.y / unit, place.w / unit, place.h / unit);
        // Without a size of the canvas the picture's own decides.
        const box = canvas.width ? { fitBounds } : { x: 0, y: 0, width: 1 };
        return addImage(viewer, choice, { ...box, opacity: at === 0 ? 1 : 0, preload: at === 0 }).then((item) => ({
          choice,
          item,
          image,
          at,
        }));
      }),
    ),
  );
  // Somebody may have turned the page meanwhile.
  if (viewer.canvasShown !== canvas) {
    for (const { item } of shown) if (item) viewer.world.removeItem(item);
    return null;
  }
  const painted = shown.filter((one) => one.item);
  if (painted.length) {
    viewer.viewport.goHome(true);
    say("");
  }
  return painted;
}

// Both ways between the world and a canvas' own units.
export function toWorld(OpenSeadragon, canvas, region) {
  const unit = canvas.width || 1;
  const by = region.percent ? { x: canvas.width / 100, y: canvas.height / 100 } : { x: 1, y: 1 };
  return new OpenSeadragon.Rect(
    (region.x * by.x) / unit,
    (region.y * by.y) / unit,
    (region.w * by.x) / unit,
    (region.h * by.y) / unit,
  );
}

// What is in view of the canvas; null when that is nothing, or all of it.
export function inView(viewer, canvas) {
  if (!viewer.world.getItemCount() || !canvas.width) return null;
  const view = viewer.viewport.getBounds(true);
  const x = Math.max(0, Math.round(view.x * canvas.width));
  const y = Math.max(0, Math.round(view.y * canvas.width));
  const w = Math.min(canvas.width, Math.round((view.x + view.width) * canvas.width)) - x;
  const h = Math.min(canvas.height, Math.round((view.y + view.height) * canvas.width)) - y;
  if (w < 1 || h < 1 || (w === canvas.width && h === canvas.height)) return null;
  return { x, y, w, h };
}

// What is in view of one image, in its own pixels; null when that is nothing.
export function partInView(viewer, item) {
  const size = item.getContentSize();
  const view = item.viewportToImageRectangle(viewer.viewport.getBounds(true));
  const x = Math.max(0, Math.floor(view.x));
  const y = Math.max(0, Math.floor(view.y));
  const w = Math.min(size.x, Math.ceil(view.x + view.width)) - x;
  const h = Math.min(size.y, Math.ceil(view.y + view.height)) - y;
  return w > 0 && h > 0 ? { x, y, w, h } : null;
}

// SPDX-License-Identifier: Apache-2.0
// One object: deep zoom, its pages, what is said of it, and links to take away.
import { citation, copyButtons, copyText, details, dragLink, summary } from "./about.js";
import { encode, parameter, state } from "./contentstate.js";
import { el, icon, signButton } from "./dom.js";
import { language, plain, t } from "./language.js";
import { pageOf } from "./load.js";
import { hasText } from "./presentation.js";
import { address, complain, crumbs, endpoint, labelled, say, siteName, titled } from "./site.js";
import { pageStrip } from "./strip.js";
import { region, whole } from "./thumbnails.js";
import { inView, makeViewer, openSeadragon, partInView, showCanvas, toWorld, zoomButtons } from "./viewer.js";
import { trail } from "./wall.js";

function firstPage(manifest, target) {
  const index = (id) => (id ? manifest.canvases.findIndex((canvas) => canvas.id.split("#")[0] === id) : -1);
  const ranged = target?.range ? findRange(manifest.structures, target.range)?.canvases[0] : "";
  const number = /^#(\d{1,5})$/.exec(location.hash);
  for (const at of [index(target?.canvas), index(ranged), number ? Number(number[1]) - 1 : -1, index(manifest.start)]) {
    if (at >= 0 && at < manifest.canvases.length) return at;
  }
  return 0;
}

function findRange(ranges, id) {
  for (const one of ranges) {
    const found = one.id === id ? one : findRange(one.ranges, id);
    if (found) return found;
  }
  return null;
}

function contents(manifest, turnTo) {
  const index = new Map(manifest.canvases.map((canvas, at) => [canvas.id.split("#")[0], at]));
  const first = (range) => range.canvases.concat(range.ranges.map(first)).find((id) => index.has(id));
  const lines = (ranges) =>
    el(
      "ol",
      {},
      ranges.map((range) => {
        const id = first(range);
        const label = labelled(
          el(
            id ? "button" : "span",
            id ? { type: "button", class: "plain", onclick: () => turnTo(index.get(id)) } : {},
          ),
          range.label,
        );
        return el("li", {}, label, range.ranges.length ? lines(range.ranges) : null);
      }),
    );
  return manifest.structures.length
    ? el("details", { class: "contents", open: true }, el("summary", {}, t("contents")), lines(manifest.structures))
    : null;
}

// A canvas may offer several images to choose from (infrared, say): one is shown at a time.
function layers(painted) {
  const choices = painted.filter((one) => one.image.choices.length > 1);
  if (!choices.length) return [];
  const name = (one) => plain(one.choice.label) || String(one.at + 1);
  return [
    el(
      "fieldset",
      { class: "layers" },
      el("legend", {}, t("layers")),
      choices.map((one) =>
        el(
          "label",
          {},
          el("input", {
            type: "radio",
            name: `layer-${painted.findIndex((other) => other.image === one.image)}`,
            checked: one.at === 0,
            onchange: () => {
              for (const other of choices) if (other.image === one.image) other.item.setOpacity(other === one ? 1 : 0);
            },
          }),
          name(one),
        ),
      ),
    ),
  ];
}

// Where a page comes from, when that is another object.
function sources(canvas, own) {
  return canvas.partOf
    .filter((one) => one.id !== own && /^https?:/.test(one.id))
    .map((one) =>
      el("p", {}, `${t("partOf")} `, el("a", { href: pageOf(one.id) }, plain(one.label) || new URL(one.id).host)),
    );
}

export async function showObject(manifest, target, main) {
  const title = plain(manifest.label) || t("untitled");
  titled(title);
  document.body.classList.add("is-object");
  crumbs([...trail(manifest), { label: manifest.label }]);
  const manifestLink = new URL(manifest.id, location.href).href;
  const all = manifest.canvases.length;
  const leftwards = manifest.viewingDirection === "right-to-left";
  let at = firstPage(manifest, target);
  let painted = [];
  let viewer = null;

  const place = el("div", { class: "viewer" });
  const position = el("p", { class: "position", role: "status" });
  const layerPlace = el("div", { class: "layer-place" });
  const strip = all > 1 ? pageStrip(manifest.canvases, at, leftwards, (next) => turnTo(next)) : null;
  const bar = el("div", { class: "bar", role: "toolbar", "aria-label": t("images") });
  const stage = el(
    "section",
    { class: "stage", "aria-label": title },
    el("div", { class: "frame" }, place),
    bar,
    layerPlace,
    strip?.element,
  );

  const here = () => ({
    manifest: manifestLink,
    canvas: manifest.canvases[at]?.id,
    region: viewer ? inView(viewer, manifest.canvases[at]) : null,
  });
  // The object's own page where this is it, else this one with the Manifest's address.
  const viewLink = () =>
    new URL(address(location.pathname, { "iiif-content": encode(state(here())) }), location.href).href;
  const image = () => painted.find((one) => one.item.getOpacity() > 0) ?? painted[0];
  const compareLink = el("a", { class: "button" }, t("compare"));
  const miradorLink = el("a", { class: "button" }, t("mirador"));
  const aim = () => {
    const next = manifest.canvases[at + 1] ?? manifest.canvases[at - 1] ?? manifest.canvases[at];
    const whole = (canvas) => parameter({ manifest: manifestLink, canvas: canvas.id });
    if (!next) return;
    compareLink.href = address(`${endpoint}/pages/compare.html`, { a: whole(manifest.canvases[at]), b: whole(next) });
    miradorLink.href = address(`${endpoint}/pages/mirador.html`, { "iiif-content": whole(manifest.canvases[at]) });
  };

  // What is said of the page itself: of another institution's, in a Manifest that gathers, whose it is.
  const ofPage = el("section", { class: "of-page", "aria-label": t("thisPage") });
  const tellOf = (canvas) => {
    const parts = [...summary(canvas), details(canvas), ...sources(canvas, manifest.id)].filter(Boolean);
    ofPage.hidden = parts.length === 0;
    ofPage.replaceChildren(el("h2", {}, t("thisPage")), ...parts);
  };

  async function turnTo(next, view = null) {
    if (next < 0 || next >= all) return;
    at = next;
    const canvas = manifest.canvases[at];
    history.replaceState(null, "", `${location.pathname}${location.search}${at ? `#${at + 1}` : ""}`);
    position.textContent =
      all > 1 ? `${t("page", { n: at + 1, all })}${hasText(canvas.label) ? ` · ${plain(canvas.label)}` : ""}` : "";
    strip?.mark(at);
    tellOf(canvas);
    aim();
    for (const [button, step] of turns) button.disabled = at + step < 0 || at + step >= all;
    if (!canvas.images.length) {
      viewer.world.removeAll();
      complain(t("noImage"));
      return;
    }
    const shown = await showCanvas(viewer, canvas);
    if (!shown) return;
    painted = shown;
    layerPlace.replaceChildren(...layers(painted));
    // What came above or below has taken room from the image.
    viewer.forceResize();
    viewer.viewport.goHome(true);
    if (view && canvas.width) viewer.viewport.fitBounds(toWorld(await openSeadragon(), canvas, view), true);
  }
  const back = leftwards ? "next" : "previous";
  const turns =
    all > 1
      ? [
          [signButton(back, t("previous"), () => turnTo(at - 1)), -1],
          [signButton(back === "next" ? "previous" : "next", t("next"), () => turnTo(at + 1)), 1],
        ]
      : [];

  const cite = () => citation(manifest, siteName, location.href.split(/[?#]/)[0], language());
  const aside = el(
    "aside",
    { class: "panel", "aria-label": t("about") },
    labelled(el("h1"), manifest.label),
    position,
    ...summary(manifest),
    details(manifest),
    ofPage,
    contents(manifest, (next) => {
      turnTo(next);
      place.scrollIntoView({ block: "nearest" });
    }),
    el(
      "section",
      {},
      el("h2", {}, t("citation")),
      el("p", { class: "citation" }, cite()),
      el("button", { type: "button", onclick: () => copyText(cite()) }, icon("copy"), t("copyCitation")),
    ),
    el(
      "section",
      {},
      el("h2", {}, t("links")),
      copyButtons([
        [t("copyManifest"), () => manifestLink],
        [t("copyImage"), () => (image() ? whole(image().choice) : null)],
        [
          t("copyRegion"),
          () => {
            const one = image();
            const part = one && partInView(viewer, one.item);
            return part ? region(one.choice, part) : null;
          },
        ],
        [t("copyView"), viewLink],
      ]),
      el("div", { class: "share" }, dragLink(manifestLink), el("a", { href: manifestLink }, t("json"))),
    ),
    el(
      "section",
      {},
      el("h2", {}, t("more")),
      el(
        "p",
        { class: "buttons" },
        compareLink,
        el(
          "a",
          { class: "button", href: address(`${endpoint}/pages/mosaic.html`, { "iiif-content": manifestLink }) },
          t("mosaic"),
        ),
        miradorLink,
      ),
    ),
  );

  main.replaceChildren(stage, aside);
  say("");
  if (!all) {
    complain(t("noImage"));
    return;
  }
  viewer = await makeViewer(place, {
    showNavigator: matchMedia("(min-width: 50rem)").matches,
    navigatorPosition: "TOP_RIGHT",
    navigatorSizeRatio: 0.14,
  });
  bar.append(...turns.map(([button]) => button), ...zoomButtons(viewer, stage).filter(Boolean));
  // For tests, and for the curious.
  window.viewer = viewer;
  await turnTo(at, target?.region ?? null);
}

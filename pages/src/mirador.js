// SPDX-License-Identifier: Apache-2.0
// Mirador, with the objects that the address names, each in a window, and the Collections, in the list to choose from. A
// page of its own, for it weighs more than all others together.
import Mirador from "mirador";
import { readAll } from "./contentstate.js";

const query = new URLSearchParams(location.search);
const endpoint = document.querySelector('meta[name="iiif-endpoint"]').content;
const status = document.getElementById("status");
const wanted = [query.get("lang"), ...navigator.languages].filter(Boolean).map((tag) => tag.split("-")[0]);
// Those of ours that Mirador speaks as well.
const language = wanted.find((tag) => ["en", "de", "fr", "es"].includes(tag)) ?? "en";
document.documentElement.lang = language;

let site = {};
try {
  site = await (await fetch(`${endpoint}/pages/site.json`)).json();
} catch {
  // Mirador works in its own colours.
}

function windowOf({ uri, canvas, region }) {
  const view =
    region && !region.percent
      ? { initialViewerConfig: { x: region.x + region.w / 2, y: region.y + region.h / 2, zoom: 1 / region.w } }
      : {};
  return { manifestId: uri, ...(canvas ? { canvasId: canvas } : {}), ...view };
}

const isCollection = ({ uri, type }) => type === "Collection" || (type === "" && /\/collection\.json$/.test(uri));
let wantedHere = [];
try {
  wantedHere = [...query.getAll("iiif-content"), ...query.getAll("manifest")].flatMap(readAll);
} catch (error) {
  status.textContent = error.message;
}
const windows = wantedHere.filter((one) => !isCollection(one)).map(windowOf);
const collections = wantedHere.filter(isCollection).map(({ uri }) => ({ manifestId: uri }));

const primary = /^#[0-9a-f]{6}$/i.test(site.colour ?? "") ? { palette: { primary: { main: site.colour } } } : {};
window.mirador = Mirador.viewer({
  id: "mirador",
  language,
  selectedTheme: matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light",
  themes: { light: primary, dark: primary },
  windows,
  catalog: collections,
  window: { allowClose: windows.length !== 1 },
  workspace: { showZoomControls: true, isWorkspaceAddVisible: collections.length > 0 && windows.length === 0 },
});
document.body.dataset.ready = "true";

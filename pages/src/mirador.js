// SPDX-License-Identifier: Apache-2.0
// Mirador, with the object that the address names. A page of its own, for it weighs more than all others together.
import Mirador from "mirador";
import { read } from "./contentstate.js";

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

const windows = [];
try {
  const given = query.get("iiif-content") ?? query.get("manifest");
  if (given) {
    const state = read(given);
    const { region } = state;
    const view =
      region && !region.percent
        ? { initialViewerConfig: { x: region.x + region.w / 2, y: region.y + region.h / 2, zoom: 1 / region.w } }
        : {};
    windows.push({ manifestId: state.uri, ...(state.canvas ? { canvasId: state.canvas } : {}), ...view });
  }
} catch (error) {
  status.textContent = error.message;
}

const primary = /^#[0-9a-f]{6}$/i.test(site.colour ?? "") ? { palette: { primary: { main: site.colour } } } : {};
window.mirador = Mirador.viewer({
  id: "mirador",
  language,
  selectedTheme: matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light",
  themes: { light: primary, dark: primary },
  windows,
  window: { allowClose: windows.length !== 1 },
  workspace: { showZoomControls: true },
});
document.body.dataset.ready = "true";

// SPDX-License-Identifier: Apache-2.0
// The page of a folder or file: a wall for a Collection, the viewer for an object.
import { t } from "./language.js";
import { loadHere } from "./load.js";
import { showObject } from "./object.js";
import { complain, frame, titled } from "./site.js";
import { showWall } from "./wall.js";

const main = document.getElementById("main");
await frame();
try {
  const { resource, state } = await loadHere();
  if (resource.type === "Collection") showWall(resource, main);
  else await showObject(resource, state, main);
  document.body.dataset.ready = "true";
} catch (error) {
  titled(t("failed", { why: "" }).replace(/[:\s]+$/, ""));
  complain(t("failed", { why: error.message }));
  document.body.dataset.ready = "failed";
}

// SPDX-License-Identifier: Apache-2.0
import { el } from "./dom.js";
import { t } from "./language.js";
import { address, endpoint, frame, say, titled } from "./site.js";

await frame();
say("");
titled(t("notFound"));
document
  .getElementById("main")
  .replaceChildren(
    el("h1", {}, t("notFound")),
    el("p", {}, t("notFoundWhy")),
    el("p", {}, el("a", { class: "button", href: address(`${endpoint}/`) }, t("home"))),
  );
document.body.dataset.ready = "true";

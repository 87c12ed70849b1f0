// SPDX-License-Identifier: Apache-2.0
// The pages of an object as a strip of thumbnails. One stop for the Tab key; arrow keys go along it.
import { el } from "./dom.js";
import { plain, t } from "./language.js";
import { hasText } from "./presentation.js";
import { thumbnail } from "./thumbnails.js";

const SIDE = 120;

export function pageStrip(canvases, chosen, leftwards, turnTo) {
  const buttons = canvases.map((canvas, at) => {
    const small = thumbnail(canvas, SIDE);
    const name = hasText(canvas.label) ? plain(canvas.label) : String(at + 1);
    return el(
      "button",
      { type: "button", tabindex: at === chosen ? "0" : "-1", onclick: () => turnTo(at) },
      el(
        "span",
        { class: "mat" },
        small ? el("img", { src: small.src, alt: "", loading: "lazy", decoding: "async" }) : null,
      ),
      el("span", { class: "name" }, name),
    );
  });
  const list = el(
    "ol",
    {},
    buttons.map((button) => el("li", {}, button)),
  );
  const element = el("nav", { class: "strip", "aria-label": t("pages"), dir: leftwards ? "rtl" : null }, list);
  let current = chosen;

  const go = (at) => {
    if (at < 0 || at >= buttons.length) return;
    turnTo(at);
    buttons[at].focus();
  };
  const steps = {
    ArrowRight: leftwards ? -1 : 1,
    ArrowLeft: leftwards ? 1 : -1,
    ArrowDown: 1,
    ArrowUp: -1,
    PageDown: 10,
    PageUp: -10,
  };
  list.addEventListener("keydown", (event) => {
    const last = buttons.length - 1;
    const to =
      event.key === "Home"
        ? 0
        : event.key === "End"
          ? last
          : event.key in steps
            ? Math.min(last, Math.max(0, current + steps[event.key]))
            : -1;
    if (to < 0) return;
    event.preventDefault();
    go(to);
  });

  const mark = (at) => {
    buttons[current].removeAttribute("aria-current");
    buttons[current].tabIndex = -1;
    current = at;
    buttons[at].setAttribute("aria-current", "page");
    buttons[at].tabIndex = 0;
    // Not scrollIntoView: that would move the page as well.
    const box = buttons[at].parentElement;
    element.scrollTo({ left: box.offsetLeft - (element.clientWidth - box.clientWidth) / 2 });
  };
  return { element, mark };
}

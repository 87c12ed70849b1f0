// SPDX-License-Identifier: Apache-2.0
// node pages.mjs CONFIG.json: walks through the pages of an endpoint as a reader would, by mouse and by keyboard, and
// prints one JSON object: what was requested, what went wrong, what axe-core found, and answers to what was tried.
//
// CONFIG: { endpoint, origin, routes, shots, steps: [names of functions below] }
import { readFileSync } from "node:fs";
import { accessibility, drawn, launch, ready, watched } from "./browser.mjs";

const config = JSON.parse(readFileSync(process.argv[2], "utf8"));
const { endpoint, routes, shots } = config;
const seen = { requests: [], problems: [], accessibility: [], tried: {} };
const browser = await launch();

async function look(page, name, { leaveOut } = {}) {
  await page.waitForTimeout(200);
  await page.screenshot({ path: `${shots}-${name}.png` });
  seen.accessibility.push(...(await accessibility(page, leaveOut)));
}

const clipboard = (page) => page.evaluate(() => navigator.clipboard.readText());

async function fetched(page, url) {
  return page.evaluate(async (address) => {
    const answer = await fetch(address);
    return { status: answer.status, type: answer.headers.get("content-type"), url: address };
  }, url);
}

const steps = {
  async wall() {
    const page = await watched(browser, seen, { routes });
    await page.goto(`${endpoint}/`);
    await ready(page);
    seen.tried.cards = await page.locator(".wall li").count();
    await page.waitForFunction(() =>
      [...document.querySelectorAll(".wall img")].every((img) => img.complete && img.naturalWidth > 0),
    );
    await look(page, "wall");
    await page.setViewportSize({ width: 390, height: 800 });
    await look(page, "wall-narrow");
    seen.tried.overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    await page.setViewportSize({ width: 1280, height: 800 });
    // By keyboard: the first stop is the link past the header.
    await page.keyboard.press("Tab");
    seen.tried.skip = await page.evaluate(() => document.activeElement.className);
    await page.getByRole("link", { name: "Maps" }).click();
    await page.waitForURL(/\/Maps\/$/);
    await ready(page);
    seen.tried.crumbs = await page.locator("nav.crumbs li").allTextContents();
    await page.getByRole("link", { name: /coast/i }).click();
    await page.waitForURL(/\/Maps\/Coast\/$/);
    await ready(page);
    await drawn(page);
    seen.tried.title = await page.title();
    await page.context().close();
  },

  async object() {
    const page = await watched(browser, seen, { routes });
    await page.goto(`${endpoint}/Letters/`);
    await ready(page);
    await drawn(page);
    await look(page, "object");
    seen.tried.pages = await page.locator(".strip button").count();
    await page.locator(".strip [aria-current]").focus();
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowRight");
    await drawn(page);
    seen.tried.position = await page.textContent(".position");
    seen.tried.focus = await page.evaluate(() => document.activeElement.getAttribute("aria-current"));
    await page.evaluate(() => {
      const { viewport } = window.viewer;
      viewport.fitBounds(new OpenSeadragon.Rect(0.2, 0.1, 0.3, 0.2), true);
    });
    await page.waitForTimeout(300);
    await drawn(page);
    const copied = {};
    for (const [what, name] of [
      ["manifest", "Link to the manifest"],
      ["image", "Link to the image"],
      ["region", "Link to the part in view"],
      ["view", "Link to this view"],
      ["citation", "Citation"],
    ]) {
      await page.getByRole("button", { name }).click();
      copied[what] = await clipboard(page);
    }
    seen.tried.copied = copied;
    seen.tried.fetched = await Promise.all(["manifest", "image", "region"].map((what) => fetched(page, copied[what])));
    seen.tried.bounds = await page.evaluate(() => window.viewer.viewport.getBounds(true));
    await page.goto(copied.view);
    await ready(page);
    await drawn(page);
    seen.tried.opened = {
      position: await page.textContent(".position"),
      bounds: await page.evaluate(() => window.viewer.viewport.getBounds(true)),
    };
    await page.setViewportSize({ width: 390, height: 800 });
    await look(page, "object-narrow");
    await page.context().close();
  },

  async dark() {
    const page = await watched(browser, seen, { routes, colorScheme: "dark", reducedMotion: "reduce", locale: "cy" });
    await page.goto(`${endpoint}/`);
    await ready(page);
    seen.tried.lang = await page.evaluate(() => document.documentElement.lang);
    await look(page, "wall-dark");
    await page.goto(`${endpoint}/Letters/`);
    await ready(page);
    await drawn(page);
    await look(page, "object-dark");
    await page.selectOption("#language", "de");
    await page.waitForURL(/lang=de/);
    await ready(page);
    seen.tried.german = await page.getByRole("button", { name: "Link zum Manifest" }).count();
    await page.context().close();
  },

  async compare() {
    const page = await watched(browser, seen, { routes });
    await page.goto(`${endpoint}/Letters/`);
    await ready(page);
    await drawn(page);
    await page.getByRole("link", { name: "Compare" }).click();
    await page.waitForURL(/compare\.html/);
    await ready(page);
    await drawn(page);
    const state = () =>
      page.evaluate(() => {
        const top = window.viewer.world.getItemAt(1);
        return {
          opacity: top.getOpacity(),
          clip: top.getClip()?.width ?? null,
          width: top.getContentSize().x,
          items: window.viewer.world.getItemCount(),
        };
      });
    seen.tried.curtain = [await state()];
    await page.getByRole("slider", { name: "Curtain" }).focus();
    await page.keyboard.press("Home");
    seen.tried.curtain.push(await state());
    await page.keyboard.press("End");
    seen.tried.curtain.push(await state());
    for (let at = 0; at < 100; at++) await page.keyboard.press("ArrowLeft");
    await page.locator(".opacity").first().focus();
    for (let at = 0; at < 30; at++) await page.keyboard.press("ArrowLeft");
    seen.tried.curtain.push(await state());
    await look(page, "compare");
    await page.getByRole("button", { name: "Add +" }).click();
    await drawn(page);
    seen.tried.layers = (await state()).items;
    await page.setViewportSize({ width: 390, height: 800 });
    await look(page, "compare-narrow");
    await page.context().close();
  },

  async mosaic() {
    const page = await watched(browser, seen, { routes });
    await page.goto(`${endpoint}/Letters/`);
    await ready(page);
    await page.getByRole("link", { name: "Mosaic" }).click();
    await page.waitForURL(/mosaic\.html/);
    await ready(page);
    await drawn(page);
    seen.tried.mosaic = await page.evaluate(() => window.viewer.world.getItemCount());
    await look(page, "mosaic");
    await page.evaluate(() => window.viewer.viewport.fitBounds(new OpenSeadragon.Rect(0, 0, 1, 1)));
    await page.waitForFunction((before) => window.viewer.world.getItemCount() > before, seen.tried.mosaic);
    await drawn(page);
    await page.locator("summary").click();
    await page.locator("details a").first().click();
    await page.waitForURL(/iiif-content/);
    await ready(page);
    await page.context().close();
  },

  async mirador() {
    for (const [name, manifest] of [
      ["3", `${endpoint}/Letters/manifest.json`],
      ["2", `${endpoint}/2/Letters/manifest.json`],
    ]) {
      const page = await watched(browser, seen, { routes });
      await page.goto(`${endpoint}/pages/mirador.html?iiif-content=${encodeURIComponent(manifest)}`);
      await page.waitForSelector(".mirador-window", { timeout: 60000 });
      await page.waitForSelector(".mirador-window canvas", { timeout: 60000 });
      await page.waitForTimeout(2500);
      seen.tried[`mirador${name}`] = await page.textContent(".mirador-window");
      await page.screenshot({ path: `${shots}-mirador-${name}.png` });
      // Mirador's own: how many windows there are stands in this button, and not in its name.
      seen.accessibility.push(...(await accessibility(page, ['button[aria-label="Jump to window"]'])));
      await page.context().close();
    }
  },

  async older() {
    const page = await watched(browser, seen, { routes });
    await page.goto(`${endpoint}/?iiif-content=${encodeURIComponent(`${endpoint}/2/Letters/manifest.json`)}`);
    await ready(page);
    await drawn(page);
    seen.tried.older = { pages: await page.locator(".strip button").count(), text: await page.textContent(".panel") };
    await look(page, "object-2");
    await page.context().close();
  },

  async missing() {
    const page = await watched(browser, { requests: [], problems: [] }, {});
    const answer = await page.goto(`${endpoint}/nowhere/`);
    await ready(page);
    seen.tried.missing = { status: answer.status(), text: await page.textContent("main") };
    await look(page, "missing");
    await page.context().close();
  },

  async hostile() {
    const page = await watched(browser, seen, { routes });
    await page.goto(`${endpoint}/?iiif-content=${encodeURIComponent(`${endpoint}/x-hostile/manifest.json`)}`);
    await ready(page);
    await drawn(page);
    seen.tried.hostile = await page.evaluate(() => ({
      hacked: window.hacked ?? null,
      bold: document.querySelectorAll(".panel b").length,
      scripts: document.querySelectorAll("main script, main [onerror]").length,
      links: [...document.querySelectorAll("a")]
        .map((a) => a.getAttribute("href"))
        .filter((href) => /javascript/i.test(href ?? "")),
      heading: document.querySelector("h1").textContent,
    }));
    await look(page, "hostile");
    await page.context().close();
  },

  async choice() {
    const page = await watched(browser, seen, { routes });
    await page.goto(`${endpoint}/?iiif-content=${encodeURIComponent(`${endpoint}/x-choice/manifest.json`)}`);
    await ready(page);
    await drawn(page);
    const opacities = () => page.evaluate(() => [0, 1].map((at) => window.viewer.world.getItemAt(at).getOpacity()));
    seen.tried.choice = [await opacities()];
    await page.getByRole("radio", { name: "Infrared" }).check();
    seen.tried.choice.push(await opacities());
    await drawn(page);
    await look(page, "choice");
    await page.getByRole("button", { name: "Next page" }).click();
    await drawn(page);
    seen.tried.spread = await page.evaluate(() => [0, 1].map((at) => window.viewer.world.getItemAt(at).getBounds().x));
    await page.context().close();
  },

  async many() {
    const page = await watched(browser, seen, { routes });
    const begun = Date.now();
    await page.goto(`${endpoint}/?iiif-content=${encodeURIComponent(`${endpoint}/x-many/collection.json`)}`);
    await ready(page);
    seen.tried.usable = Date.now() - begun;
    await page.waitForSelector(".wall[data-complete]", { timeout: 60000 });
    seen.tried.complete = Date.now() - begun;
    seen.tried.pictures = seen.requests.filter((one) => /default\.jpg$/.test(one.url)).length;
    await page.fill("#filter", "item 4999");
    await page.waitForFunction(() => /^1 of/.test(document.querySelector(".count").textContent));
    seen.tried.filtered = await page.locator(".wall li:not([hidden])").allTextContents();
    await look(page, "many");
    await page.context().close();
  },
};

for (const name of config.steps) {
  try {
    await steps[name]();
  } catch (error) {
    seen.problems.push(`step ${name}: ${error.message}`);
  }
}
await browser.close();
console.log(JSON.stringify(seen));

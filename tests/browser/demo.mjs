// SPDX-License-Identifier: Apache-2.0
// node demo.mjs CONFIG.json: walks through what scripts/demo shows, as a visitor would, and prints one JSON object: what
// was requested, what went wrong, what axe-core found, and what was seen.
//
// CONFIG: { national, museum, archive: their origins; printed: { name: address }, shots }
import { readFileSync } from "node:fs";
import { accessibility, drawn, launch, ready, watched } from "./browser.mjs";

const { national, museum, archive, printed, shots } = JSON.parse(readFileSync(process.argv[2], "utf8"));
const seen = { requests: [], problems: [], accessibility: [], tried: {} };
const browser = await launch();

const pictures = (page) =>
  page.waitForFunction(
    () =>
      [...document.images]
        .filter((img) => img.getBoundingClientRect().top < innerHeight)
        .every((img) => img.complete && img.naturalWidth > 0),
    null,
    { timeout: 60000 },
  );

async function look(page, name) {
  await page.waitForTimeout(300);
  await page.screenshot({ path: `${shots}-${name}.png` });
  seen.accessibility.push(...(await accessibility(page)));
}

const windows = async (page, count) => {
  await page.waitForFunction(
    (wanted) => document.querySelectorAll(".mirador-window .openseadragon-canvas").length === wanted,
    count,
    { timeout: 60000 },
  );
  await page.waitForTimeout(4000);
};

const steps = {
  async landing(page) {
    await page.goto(printed["begin here"]);
    await pictures(page);
    await look(page, "landing");
    seen.tried.links = await page.$$eval("a", (all) => all.map((a) => a.href));
    await page.setViewportSize({ width: 390, height: 800 });
    seen.tried.overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  },

  async institutions(page) {
    for (const name of ["museum (nginx)", "archive (httpd)"]) {
      await page.goto(printed[name]);
      await ready(page);
      await pictures(page);
      await look(page, name.split(" ")[0]);
      seen.tried[name] = await page.locator(".wall li .name").allTextContents();
    }
  },

  // From the national collection's wall down to a painting of the museum, and back up by its breadcrumbs.
  async across(page) {
    await page.goto(printed["national collection"]);
    await ready(page);
    await pictures(page);
    await look(page, "national");
    seen.tried.wall = await page.locator(".wall li .name").allTextContents();
    await page.getByRole("link", { name: /All holdings/ }).click();
    await page.waitForURL(/\/holdings\/$/);
    await ready(page);
    await pictures(page);
    seen.tried.holdings = await page.locator(".wall li .name").allTextContents();
    await look(page, "holdings");
    for (const name of [/Aberwen Museum/, /Paintings/, /Harbour at Dusk/]) {
      const before = page.url();
      await page.locator("main").getByRole("link", { name }).first().click();
      await page.waitForFunction((url) => location.href !== url && document.body.dataset.ready, before);
      await ready(page);
    }
    await drawn(page);
    seen.tried.painting = { text: await page.textContent(".panel"), url: page.url() };
    await look(page, "painting");
  },

  // A Manifest that gathers: each page says whose it is.
  async gathered(page) {
    await page.goto(`${national}/iiif/harbour/`);
    await ready(page);
    await drawn(page);
    seen.tried.gathered = [];
    const all = await page.locator(".strip button").count();
    for (let at = 0; at < all; at++) {
      if (at > 0) {
        await page.getByRole("button", { name: "Next page" }).click();
        await drawn(page);
      }
      const logos = await page.$$eval(".of-page img.logo", (found) => found.map((img) => img.src));
      const licences = await page.$$eval(".of-page a[rel~=license]", (found) => found.map((a) => a.href));
      seen.tried.gathered.push({ text: await page.textContent(".of-page"), logos, licences });
    }
    await look(page, "gathered");
  },

  async curtains(page) {
    await page.goto(printed["below the paint"]);
    await page.waitForURL(/compare\.html\?/);
    await ready(page);
    await drawn(page);
    const state = () =>
      page.evaluate(() =>
        [...Array(window.viewer.world.getItemCount()).keys()].map((at) => {
          const item = window.viewer.world.getItemAt(at);
          return {
            share: (item.getClip()?.width ?? item.getContentSize().x) / item.getContentSize().x,
            bounds: item.getBounds(true),
          };
        }),
      );
    seen.tried.curtains = { first: await state(), captions: await page.locator(".caption").allTextContents() };
    await look(page, "curtains");
    const slider = page.getByRole("slider", { name: /^Curtain: .*Visible light/ });
    await slider.focus();
    await page.keyboard.press("End");
    seen.tried.curtains.drawn = await state();
  },

  async details(page) {
    await page.goto(printed["details of a painting"]);
    await pictures(page);
    await look(page, "details");
    seen.tried.details = [];
    const all = await page.locator("figure a").count();
    for (let at = 0; at < all; at++) {
      await page.goto(printed["details of a painting"]);
      await page.locator("figure a").nth(at).click();
      await ready(page);
      await drawn(page);
      const view = await page.evaluate(() => window.viewer.viewport.getBounds(true));
      seen.tried.details.push({ view, title: await page.title(), position: await page.textContent(".position") });
      if (at === 1) await look(page, "detail");
    }
  },

  async mosaic(page) {
    await page.goto(printed["one chart, six sheets"]);
    await page.waitForURL(/pages\/mosaic\.html\?/);
    await ready(page);
    await page.waitForFunction(() => window.viewer.world.getItemCount() >= 6, null, { timeout: 60000 });
    await page.waitForTimeout(1500);
    seen.tried.mosaic = await page.evaluate(() =>
      [0, 1, 2, 3, 4, 5].map((at) => {
        const { x, y } = window.viewer.world.getItemAt(at).getBounds(true).getCenter();
        return [Math.floor(x), Math.floor(y)];
      }),
    );
    await look(page, "mosaic");
  },

  async mirador(page) {
    await page.goto(printed["Mirador, side by side"]);
    await page.waitForURL(/pages\/mirador\.html\?/);
    await windows(page, 3);
    seen.tried.mirador = await page.locator(".mirador-window").allTextContents();
    await page.screenshot({ path: `${shots}-mirador.png` });
  },

  async collections(page) {
    await page.goto(printed["connected collections"]);
    await page.waitForURL(/pages\/mirador\.html\?/);
    await page.waitForFunction(
      () => /Aberwen Museum/.test(document.body.innerText) && /Norderau Town Archive/.test(document.body.innerText),
      null,
      { timeout: 60000 },
    );
    await page.waitForTimeout(2000);
    await page.screenshot({ path: `${shots}-collections.png` });
    seen.tried.collections = await page.evaluate(() => document.body.innerText);
    // One of them, chosen: Mirador asks which of its objects.
    await page.getByRole("button", { name: /Norderau Town Archive/ }).first().click();
    await page.getByRole("button", { name: "Show collection" }).click();
    await page.getByText("3 manifests").click();
    await page.getByText("Letters to Anna").first().click();
    await windows(page, 1);
    await page.screenshot({ path: `${shots}-collections-open.png` });
    seen.tried.chosen = await page.textContent(".mirador-window");
  },
};

for (const [name, step] of Object.entries(steps)) {
  const page = await watched(browser, seen);
  try {
    await step(page);
  } catch (error) {
    seen.problems.push(`step ${name}: ${error.message}`);
  }
  await page.context().close();
}
await browser.close();
seen.origins = [...new Set(seen.requests.map((one) => (/^(data|blob):/.test(one.url) ? "" : new URL(one.url).origin)))]
  .filter((origin) => origin && ![national, museum, archive].includes(origin));
console.log(JSON.stringify(seen));

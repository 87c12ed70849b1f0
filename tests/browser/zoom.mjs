// SPDX-License-Identifier: Apache-2.0
// node zoom.mjs URL SCREENSHOT: opens the zooming page in Chromium and, for every image it offers, zooms to the deepest
// level. Prints one JSON object: what was requested, what failed, which scale factors were seen.
import { createRequire } from "node:module";

const require = createRequire(`${process.env.IIIF_BROWSER_MODULES}/package.json`);
const { chromium } = require("playwright-core");

const [url, screenshot] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  headless: true,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"],
});
const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
const requests = [];
const problems = [];
page.on("response", (answer) => requests.push({ url: answer.url(), status: answer.status() }));
page.on("requestfailed", (request) => {
  // A viewer drops tiles that have left the view; that is no failure of the server.
  if (request.failure()?.errorText !== "net::ERR_ABORTED") problems.push(`${request.url()}: ${request.failure()?.errorText}`);
});
page.on("console", (message) => { if (message.type() === "error") problems.push(`console: ${message.text()}`); });
page.on("pageerror", (error) => problems.push(`page: ${error.message}`));

async function settled() {
  await page.waitForFunction(() => window.viewer?.world.getItemCount() > 0 && window.viewer.world.getItemAt(0).getFullyLoaded(),
                             null, { timeout: 90000 });
}

await page.goto(url);
await page.waitForFunction(() => document.getElementById("image").options.length > 0, null, { timeout: 30000 });
const ids = await page.$$eval("#image option", (options) => options.map((option) => option.value));
const images = [];
for (const id of ids) {
  await page.evaluate(() => window.viewer.close());
  await page.selectOption("#image", id);
  await settled();
  const deepest = await page.evaluate(() => {
    const item = window.viewer.world.getItemAt(0);
    const bounds = item.getBounds();
    // One image pixel for one pixel of the screen, at a place off the centre.
    window.viewer.viewport.zoomTo(item.imageToViewportZoom(1), null, true);
    window.viewer.viewport.panTo(new OpenSeadragon.Point(bounds.x + bounds.width * 0.4, bounds.y + bounds.height * 0.4), true);
    return item.source.maxLevel;
  });
  await page.waitForTimeout(300);
  await settled();
  const loaded = await page.evaluate(() => Math.max(...Object.keys(window.viewer.world.getItemAt(0).tilesMatrix ?? {}).map(Number)));
  images.push({ id, deepest, loaded });
  if (id === ids[0]) {
    await page.evaluate(() => { window.viewer.viewport.goHome(true); window.viewer.viewport.zoomBy(1.6, null, true); });
    await page.waitForTimeout(300);
    await settled();
    await page.waitForTimeout(700);
    await page.screenshot({ path: screenshot });
  }
}
await browser.close();
console.log(JSON.stringify({ images, requests, problems }));

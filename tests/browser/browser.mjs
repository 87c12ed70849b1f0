// SPDX-License-Identifier: Apache-2.0
// A Chromium that notes what pages ask for, what fails, and what they say to the console.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(`${process.env.IIIF_BROWSER_MODULES}/package.json`);
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

export async function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    headless: true,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

// `routes`: { address: JSON } that is answered here instead of by the server.
export async function watched(browser, seen, { routes = {}, ...options } = {}) {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    locale: "en-GB",
    permissions: ["clipboard-read", "clipboard-write"],
    ...options,
  });
  for (const [url, json] of Object.entries(routes)) {
    await context.route(url, (route) => route.fulfill({ json, headers: { "Access-Control-Allow-Origin": "*" } }));
  }
  const page = await context.newPage();
  page.on("response", (answer) =>
    seen.requests.push({ url: answer.url(), status: answer.status(), type: answer.headers()["content-type"] ?? "" }),
  );
  page.on("requestfailed", (request) => {
    // A page that is left drops what it still waits for; that is no failure of the server.
    if (request.failure()?.errorText !== "net::ERR_ABORTED")
      seen.problems.push(`${request.url()}: ${request.failure()?.errorText}`);
  });
  page.on("console", (message) => {
    if (message.type() === "error")
      seen.problems.push(`console at ${page.url()}: ${message.text()} ${message.location().url}`);
  });
  page.on("pageerror", (error) => seen.problems.push(`page ${page.url()}: ${error.message}`));
  return page;
}

export async function ready(page, wanted = "true") {
  await page.waitForFunction(() => document.body.dataset.ready, null, { timeout: 60000 });
  const got = await page.evaluate(() => document.body.dataset.ready);
  if (got !== wanted) throw new Error(`${page.url()} is ${got}: ${await page.textContent("#status")}`);
}

export async function drawn(page) {
  await page.waitForFunction(() => window.viewer?.world.getItemCount() > 0, null, { timeout: 60000 });
  await page.waitForFunction(
    () => {
      const { world } = window.viewer;
      return [...Array(world.getItemCount()).keys()].every(
        (at) => world.getItemAt(at).getFullyLoaded() || world.getItemAt(at).getOpacity() === 0,
      );
    },
    null,
    { timeout: 60000 },
  );
  await page.waitForTimeout(250);
}

// What axe-core finds wrong, as sentences. `leaveOut`: selectors of what others wrote.
export async function accessibility(page, leaveOut = []) {
  // As a debugger would, past the page's Content-Security-Policy.
  await page.evaluate(axe);
  const found = await page.evaluate(
    (exclude) => window.axe.run({ exclude }, { resultTypes: ["violations"] }),
    leaveOut.map((one) => [one]),
  );
  return found.violations.map(
    (one) =>
      `${page.url()}: ${one.id}: ${one.help}: ${one.nodes
        .slice(0, 3)
        .map((node) => `${node.html.slice(0, 160)} ${node.any.concat(node.all)[0]?.message ?? ""}`)
        .join(" | ")}`,
  );
}

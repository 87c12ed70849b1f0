// SPDX-License-Identifier: Apache-2.0
// node build.mjs MODULES OUT: the pages as static files in OUT, with what package-lock.json names installed in MODULES.
import { copyFileSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const [modules, out] = process.argv.slice(2);
const { build } = createRequire(join(modules, "../package.json"))("esbuild");
mkdirSync(out, { recursive: true });

// Names without a hash: what a page names is there for as long as the page is, also during an upgrade.
const common = {
  bundle: true,
  minify: true,
  outdir: out,
  target: ["es2022"],
  nodePaths: [modules],
  logLevel: "warning",
  legalComments: "linked",
  define: { "process.env.NODE_ENV": '"production"', global: "globalThis" },
};
await build({
  ...common,
  format: "esm",
  entryPoints: ["app", "compare", "mosaic", "missing", "mirador"].map((name) => join(here, "src", `${name}.js`)),
});
await build({ ...common, entryPoints: [join(here, "src/app.css")] });

copyFileSync(join(modules, "openseadragon/build/openseadragon/openseadragon.min.js"), join(out, "openseadragon.js"));
for (const name of readdirSync(join(here, "html"))) copyFileSync(join(here, "html", name), join(out, name));

// What is passed on with the pages, and under which licence.
const lock = JSON.parse(readFileSync(join(here, "package-lock.json"), "utf8"));
const lines = Object.entries(lock.packages)
  .filter(([place, one]) => place && !one.dev && !one.optional)
  .map(
    ([place, one]) => `${place.replace(/^.*node_modules\//, "")} ${one.version}, ${one.license ?? "see its package"}`,
  );
writeFileSync(
  join(out, "licences.txt"),
  `The pages contain parts of these packages of npm:\n\n${[...new Set(lines)].sort().join("\n")}\n`,
);

// SPDX-License-Identifier: Apache-2.0
// In a real browser, for its parser is what hostile texts are written against.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { launch } from "../../tests/browser/browser.mjs";

let browser, page;
const asked = [];
before(async () => {
  browser = await launch();
  page = await browser.newPage();
  await page.route("**/*", (route) => {
    asked.push(route.request().url());
    return route.fulfill({ contentType: "text/html", body: "<!doctype html><title>x</title><body></body>" });
  });
  await page.goto("https://library.example/");
  const source = readFileSync(new URL("../src/sanitise.js", import.meta.url), "utf8").replaceAll("export ", "");
  await page.addScriptTag({ content: `${source}\nwindow.sanitise = sanitise; window.safeLink = safeLink;` });
  asked.length = 0;
});
after(() => browser.close());

const html = (text) =>
  page.evaluate((given) => {
    const place = document.createElement("div");
    place.append(window.sanitise(given, ["https://library.example"]));
    document.body.replaceChildren(place);
    return place.innerHTML;
  }, text);

test("what is allowed comes through", async () => {
  assert.equal(
    await html("<p>a <b>b</b> <i>c</i><br><small>d</small> <sub>e</sub><sup>f</sup></p>"),
    "<p>a <b>b</b> <i>c</i><br><small>d</small> <sub>e</sub><sup>f</sup></p>",
  );
  assert.equal(
    await html('<p><a href="https://example.org/?a=1&amp;b=2" target="_top" class="x">x</a></p>'),
    '<p><a href="https://example.org/?a=1&amp;b=2" rel="noopener noreferrer">x</a></p>',
  );
  assert.equal(
    await html('<p><img src="https://library.example/l.png" alt="Logo" width="9999" onerror="hacked=1"></p>'),
    '<p><img src="https://library.example/l.png" alt="Logo" loading="lazy"></p>',
  );
});

test("text that is no HTML stays text", async () => {
  for (const text of ["a < b", "<b>x</b> and more", "1 <script>hacked=1</script>.", "&lt;"]) {
    assert.equal(await page.evaluate((given) => window.sanitise(given).textContent, text), text);
  }
});

test("pictures of others are links, and nobody is asked for them", async () => {
  assert.equal(
    await html('<p><img src="https://tracker.example/1.gif" alt="A map"></p>'),
    '<p><a href="https://tracker.example/1.gif" rel="noopener noreferrer">A map</a></p>',
  );
});

const HOSTILE = [
  "<script>hacked=1</script>",
  "<p><script>hacked=1</script></p>",
  "<img src=x onerror=hacked=1>",
  "<svg onload=hacked=1>",
  "<svg><script>hacked=1</script></svg>",
  "<p><svg><style><img src=x onerror=hacked=1></style></svg></p>",
  "<math><mtext><table><mglyph><style><img src=x onerror=hacked=1></style></mglyph></table></mtext></math>",
  "<iframe src='javascript:parent.hacked=1'></iframe>",
  "<iframe srcdoc='<script>parent.hacked=1</script>'></iframe>",
  "<object data='javascript:hacked=1'></object>",
  "<embed src='javascript:hacked=1'>",
  "<a href='javascript:hacked=1'>x</a>",
  "<a href='JaVaScRiPt:hacked=1'>x</a>",
  "<a href='java\nscript:hacked=1'>x</a>",
  "<a href=' javascript:hacked=1'>x</a>",
  "<a href='&#106;avascript:hacked=1'>x</a>",
  "<a href='data:text/html,<script>hacked=1</script>'>x</a>",
  "<a href='vbscript:hacked=1'>x</a>",
  "<a href='//example.org/'>x</a>",
  "<a xlink:href='javascript:hacked=1'>x</a>",
  "<img src='javascript:hacked=1'>",
  "<img src='data:image/svg+xml,<svg onload=hacked=1>'>",
  "<p style='background:url(javascript:hacked=1)' onclick='hacked=1' onmouseover='hacked=1'>x</p>",
  "<style>*{display:none}</style>",
  "<link rel=stylesheet href=x>",
  "<base href='https://evil.example/'>",
  "<meta http-equiv=refresh content='0;url=https://evil.example/'>",
  "<form action='https://evil.example/'><input name=q><button>x</button></form>",
  "<template><img src=x onerror=hacked=1></template>",
  "<noscript><p title='</noscript><img src=x onerror=hacked=1>'></noscript>",
  "<xmp><img src=x onerror=hacked=1></xmp>",
  "<textarea></textarea><img src=x onerror=hacked=1>",
  "<title><img src=x onerror=hacked=1></title>",
  "<b id=location name=cookie>x</b>",
  "<details open ontoggle=hacked=1><summary>x</summary></details>",
  "<video src=x onerror=hacked=1></video>",
  "<audio src=x onerror=hacked=1></audio>",
  "<body onload=hacked=1><p>x</p>",
  "<p><constructor>x</constructor><__proto__>y</__proto__></p>",
  `${"<b>".repeat(3000)}x${"</b>".repeat(3000)}`,
  "<table><tr><td><a href='javascript:hacked=1'>x</a></td></tr></table>",
  "<!--><img src=x onerror=hacked=1>-->",
  "<p>\u0000<img src=x onerror=hacked=1></p>",
  "<custom-element onclick=hacked=1>x</custom-element>",
  "<button onclick=hacked=1>x</button>",
  "<marquee onstart=hacked=1>x</marquee>",
];
const ALLOWED = /^(<\/?(a|b|br|i|img|p|small|span|sub|sup)( (href|src|alt|rel|loading)="[^"]*")*>|[^<])*$/;

for (const text of HOSTILE) {
  test(`harmless: ${text.slice(0, 70)}`, async () => {
    const out = await html(text);
    assert.match(out, ALLOWED);
    assert.doesNotMatch(out, /(href|src)="(?!https?:|mailto:)/i);
    await page.waitForTimeout(5);
    assert.equal(await page.evaluate(() => window.hacked ?? null), null);
  });
}

test("none of it asked anybody for anything", () => {
  assert.deepEqual(
    asked.filter((url) => url !== "https://library.example/l.png"),
    [],
  );
});

test("links", async () => {
  const safe = (text) => page.evaluate((given) => window.safeLink(given), text);
  assert.equal(await safe("https://example.org"), "https://example.org/");
  assert.equal(await safe("mailto:a@example.org"), "mailto:a@example.org");
  for (const text of ["", null, "x", "/x", "//x", "javascript:1", "file:///etc/passwd", "https://", "data:,x"])
    assert.equal(await safe(text), "", text);
});

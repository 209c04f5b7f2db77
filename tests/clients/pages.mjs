// Opens pages of the privacy centre in Chromium, as somebody at a desk and as somebody with a phone, in both languages; has axe-core look at each,
// looks itself at what axe does not, fills in the form by keyboard, and prints what was seen as one JSON object; a test reads it. Screenshots
// are left for people.
import { createRequire } from "node:module";
import { mkdir, readFile } from "node:fs/promises";
import puppeteer from "puppeteer-core";

const { API, CHROMIUM, PAGES, SHOTS } = process.env;
const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const sizes = { desk: { width: 1280, height: 900 }, phone: { width: 320, height: 640, isMobile: true, hasTouch: true } };
await mkdir(SHOTS, { recursive: true });

const browser = await puppeteer.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"] });
const seen = {};

async function look(page, name) {
  await page.evaluate(axe);
  const found = await page.evaluate(async () => {
    const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
    const { violations, passes } = await globalThis.axe.run(document, { runOnly: { type: "tag", values: tags } });
    const small = [...document.querySelectorAll("button, input, select, summary, nav a")].filter((element) => {
      const box = element.getBoundingClientRect();
      return box.width > 0 && Math.min(box.width, box.height) < 24;
    });
    return {
      violations: violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ").slice(0, 300)}`),
      rules: passes.length,
      lang: document.documentElement.lang,
      title: document.title,
      headings: document.querySelectorAll("h1").length,
      scripts: document.scripts.length,
      tooWide: document.documentElement.scrollWidth > window.innerWidth,
      tooSmall: small.map((element) => element.outerHTML.slice(0, 200)),
    };
  });
  await page.screenshot({ path: `${SHOTS}/${name}.png`, fullPage: true });
  // The first stop of whoever uses a keyboard leads past what repeats, and can be seen.
  await page.evaluate(() => { document.body.focus(); window.scrollTo(0, 0); });
  await page.keyboard.press("Tab");
  found.firstStop = await page.evaluate(() => {
    const { outlineStyle } = getComputedStyle(document.activeElement);
    return [document.activeElement.getAttribute("href"), outlineStyle];
  });
  seen[name] = found;
}

async function open(size) {
  const page = await browser.newPage();
  await page.setViewport(sizes[size]);
  page.refused = [];
  page.on("console", (message) => {
    if (message.type() === "error" && message.text().includes("Content Security Policy")) page.refused.push(message.text());
  });
  return page;
}

const refused = [];
for (const size of Object.keys(sizes)) {
  for (const { name, path, session } of JSON.parse(PAGES)) {
    for (const lang of ["en", "fr"]) {
      const page = await open(size);
      if (session) await page.setExtraHTTPHeaders({ "Privacy-Session": session });
      await page.goto(`${API}${path}?lang=${lang}`);
      await look(page, `${name}-${lang}-${size}`);
      refused.push(...page.refused);
      await page.close();
    }
  }
}

// The form, by keyboard: what is missing is said first, then it is filled in and sent.
const page = await open("phone");
await page.goto(`${API}/privacy/requests?lang=en`);
await page.evaluate(() => { document.querySelector("main form").noValidate = true; });
await page.focus("main form button");
await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
await look(page, "form-wrong-en-phone");
const summary = await page.evaluate(() => ({
  role: document.querySelector(".errors")?.getAttribute("role"),
  links: [...document.querySelectorAll(".errors a")].map((link) => document.getElementById(link.getAttribute("href").slice(1)) !== null),
  described: [...document.querySelectorAll("[aria-invalid=true]")].every((field) => document.getElementById(field.getAttribute("aria-describedby").split(" ").pop())),
}));
await page.focus("#kind-access");
await page.keyboard.press("Space");
for (const [field, text] of Object.entries({ email: `ann.${Date.now()}@example.com`, first_name: "Ann", last_name: "<script>Example" })) {
  await page.focus(`#${field}`);
  await page.keyboard.type(text);
}
await page.focus("#country");
await page.keyboard.type("France");
await page.focus("main form button");
await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
await look(page, "received-en-phone");
const code = await page.evaluate(() => document.querySelector(".code")?.textContent);
const follow = await page.evaluate(() => document.querySelector("main p a[href^='/privacy/requests/']")?.getAttribute("href"));
const cookies = (await browser.cookies()).map(({ name, httpOnly, secure, sameSite }) => ({ name: name.slice(0, 11), httpOnly, secure, sameSite }));
refused.push(...page.refused);
await browser.close();
process.stdout.write(JSON.stringify({ seen, refused, summary, code, follow, cookies }));

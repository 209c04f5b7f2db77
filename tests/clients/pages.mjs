// Opens pages of the privacy centre in Chromium, as somebody at a desk and as somebody with a phone, in both languages; has axe-core look at each,
// looks itself at what axe does not, makes a request by keyboard alone, and prints what was seen as one JSON object; a test reads it. Screenshots
// are left for people.
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { mkdir, readFile } from "node:fs/promises";
import puppeteer from "puppeteer-core";

const { API, CHROMIUM, EMAIL, PAGES, SHOTS } = process.env;
const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const sizes = { desk: { width: 1280, height: 900 }, phone: { width: 390, height: 844, isMobile: true, hasTouch: true } };
await mkdir(SHOTS, { recursive: true });

const executablePath = process.env.PATH.split(":").map((folder) => `${folder}/${CHROMIUM}`).find((path) => existsSync(path));
const browser = await puppeteer.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"] });
const seen = {};
const refused = [];

async function open(context, size) {
  const page = await context.newPage();
  await page.setViewport(sizes[size]);
  page.on("console", (message) => {
    if (message.type() === "error" && message.text().includes("Content Security Policy")) refused.push(message.text());
  });
  return page;
}

// What axe finds, and what it does not look at. It is run past the page's own policy, which lets no script run.
async function look(page, name, size) {
  await page.evaluate(axe);
  const found = await page.evaluate(async () => {
    const values = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
    const rules = { "target-size": { enabled: true } };
    const { violations, passes } = await globalThis.axe.run(document, { runOnly: { type: "tag", values }, rules });
    const small = [...document.querySelectorAll("button, input:not([type=hidden]), select, summary, nav a, a.act")].filter((element) => {
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
      tooSmall: small.map((element) => element.outerHTML.slice(0, 200)),
    };
  });
  await page.screenshot({ path: `${SHOTS}/${name}.png`, fullPage: true });
  seen[name] = found;
  // The rest is the same at every width that is not narrow.
  if (size !== "phone") return;
  Object.assign(found, await walk(page));
  await page.setViewport({ ...sizes.phone, width: 320 });
  found.tooWide = await page.evaluate(() => {
    const wide = [...document.querySelectorAll("body *")].filter((element) => element.getBoundingClientRect().right > 321);
    const scrolls = document.documentElement.scrollWidth > 320;
    return scrolls ? [`${document.documentElement.scrollWidth} pixels`, ...wide.map((element) => element.outerHTML.slice(0, 100))] : [];
  });
  await page.setViewport(sizes[size]);
}

// Goes through a page with the Tab key: what it does not come to in the page's order, and where it cannot be seen.
async function walk(page) {
  const stops = await page.evaluate(() => {
    document.activeElement?.blur();
    const all = [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary, pre[tabindex]")];
    const first = (radio) => document.querySelector(`input[name="${radio.name}"]:checked`) ?? document.querySelector(`input[name="${radio.name}"]`);
    globalThis.stops = all.filter((element) => element.checkVisibility() && (element.type !== "radio" || first(element) === element));
    return globalThis.stops.map((element) => element.outerHTML.slice(0, 120));
  });
  const unreached = [];
  const unseen = [];
  for (const [place, stop] of stops.entries()) {
    await page.keyboard.press("Tab");
    const [at, width, style] = await page.evaluate(() => {
      const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
      return [globalThis.stops.indexOf(document.activeElement), parseFloat(outlineWidth), outlineStyle];
    });
    if (at !== place) unreached.push(stop);
    if (style === "none" || width < 2) unseen.push(stop);
  }
  return { unreached, unseen };
}

const context = browser.defaultBrowserContext();
for (const size of Object.keys(sizes)) {
  const page = await open(context, size);
  for (const { name, path, session } of JSON.parse(PAGES)) {
    for (const lang of ["en", "fr"]) {
      await page.setExtraHTTPHeaders(session ? { "Privacy-Session": session } : {});
      await page.goto(`${API}${path}${path.includes("?") ? "&" : "?"}lang=${lang}`);
      await look(page, `${name}-${lang}-${size}`, size);
    }
  }
  await page.close();
}

// What is wrong: how it is announced, where its links lead, and which fields say it themselves.
const wrong = (page) => page.evaluate(() => ({
  role: document.querySelector(".errors")?.getAttribute("role"),
  links: [...document.querySelectorAll(".errors a")].map((link) => document.querySelector(link.getAttribute("href"))?.name ?? link.outerHTML),
  fields: [...document.querySelectorAll("[aria-invalid=true]")]
    .filter((field) => field.getAttribute("aria-describedby")?.split(" ").some((id) => document.getElementById(id)?.className === "wrong"))
    .map((field) => field.localName === "fieldset" ? field.id : field.name),
}));
const told = (page) => page.evaluate(() => document.querySelector("[role=status]")?.textContent.trim());

// Tab to what a selector names, never a jump.
async function tab(page, selector) {
  for (let stop = 0; stop < 80; stop += 1) {
    if (await page.evaluate((wanted) => document.activeElement.matches(wanted), selector)) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`the keyboard does not come to ${selector}`);
}
const enter = (page) => Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);

// From the first page on: the form with what is missing, then whole.
const journey = {};
const desk = await open(context, "desk");
await desk.goto(`${API}/privacy?lang=en`);
await tab(desk, "main a[href^='/privacy/requests']");
await enter(desk);
await tab(desk, "#first_name");
await desk.keyboard.type("4111 1111 1111 1111");
// The browser's own checks would stop it before ours could.
await desk.evaluate(() => { document.querySelector("main form").noValidate = true; });
await enter(desk);
journey.form = await wrong(desk);
await look(desk, "wrong-en-desk", "desk");
await desk.reload();
await desk.goto(`${API}/privacy/requests?lang=en`);
await tab(desk, "input[name=kind]");
for (let down = 0; !(await desk.evaluate(() => document.querySelector("#kind-erasure").checked)); down += 1) {
  if (down > 12) throw new Error("the arrows do not come to #kind-erasure");
  await desk.keyboard.press(down === 0 ? "Space" : "ArrowDown");
}
for (const [field, text] of [["#email", EMAIL], ["#first_name", "Ann"], ["#last_name", "Example"], ["#country", "Germany"]]) {
  await tab(desk, field);
  await desk.keyboard.type(text);
}
await tab(desk, "main form button");
await enter(desk);
await look(desk, "received-en-desk", "desk");
const code = await desk.evaluate(() => document.querySelector(".code").textContent);
const request = await desk.evaluate(() => document.querySelector("main p a[href^='/privacy/requests/']").getAttribute("href").split(/[/?]/)[3]);
const cookies = (await context.cookies()).map(({ name, httpOnly, secure, sameSite }) => ({ name: name.slice(0, 11), httpOnly, secure, sameSite }));
journey.cookies = cookies;

// The letter is read on the phone, whose browser has no session: first with a wrong code.
const elsewhere = await browser.createBrowserContext();
const phone = await open(elsewhere, "phone");
const link = await (await fetch(`${API}/mailbox/${request}`)).text();
await phone.goto(`${API}${link}?lang=en`);
await tab(phone, "#code");
await phone.keyboard.type(code === "000000" ? "000001" : "000000");
await enter(phone);
journey.code = await wrong(phone);
await look(phone, "code-en-phone", "phone");
await phone.evaluate(() => document.activeElement?.blur());
for (const [field, text] of [["#code", code], ["#phone", "+49 30 901820"], ["#declaration-yes", " "]]) {
  await tab(phone, field);
  if (text === " ") await phone.keyboard.press("Space");
  else {
    await phone.evaluate(() => document.activeElement.select());
    await phone.keyboard.type(text);
  }
}
await enter(phone);
journey.confirmed = await told(phone);
await look(phone, "confirmed-en-phone", "phone");
await tab(phone, "button.bad");
await enter(phone);
journey.cancelled = await told(phone);
await look(phone, "cancelled-en-phone", "phone");

// A form of the web site, anonymous and yet with a name: first wrong, then right.
const form = await open(context, "phone");
await form.goto(`${API}/forms/leak?lang=fr`);
for (const [field, text] of [["#anonymous-yes", " "], ["#name", "Anne"], ["#message", "Une <b>fuite</b>"]]) {
  await tab(form, field);
  if (text === " ") await form.keyboard.press("Space");
  else await form.keyboard.type(text);
}
await tab(form, "main form button");
await enter(form);
journey.webForm = await wrong(form);
journey.typed = await form.evaluate(() => document.querySelector("#message").value);
await look(form, "web-form-wrong-fr-phone", "phone");
await form.evaluate(() => document.activeElement?.blur());
await tab(form, "#name");
await form.evaluate(() => document.activeElement.select());
await form.keyboard.press("Backspace");
await tab(form, "main form button");
await enter(form);
journey.received = await told(form);
await look(form, "web-form-received-fr-phone", "phone");

await browser.close();
process.stdout.write(JSON.stringify({ seen, refused, journey }));

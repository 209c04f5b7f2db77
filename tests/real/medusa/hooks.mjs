// Real events of a real Medusa, told by our subscriber file: through the local stack to a receiver on this machine.
//
//   node hooks.mjs connect   connects the shop and prints the address and the secret of its webhooks, with the application's subscription
//   node hooks.mjs check     changes things in the shop and waits until the receiver was told of each, signed; exits with 1 otherwise
import assert from "node:assert/strict";
import { createHmac, timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";

const { STACK, SEEDED, HOOKS, STORE = "http://127.0.0.1:9000", RECEIVER_PORT = "9911" } = process.env;
const stack = JSON.parse(readFileSync(STACK, "utf8"));
const seeded = JSON.parse(readFileSync(SEEDED, "utf8"));
const receiver = `http://127.0.0.1:${RECEIVER_PORT}/`;
// How long an event may take from the shop to the receiver.
const PATIENCE = 60_000;

async function call(method, path, body) {
  const answer = await fetch(stack.api.replace(/\/$/, "") + path, {
    method,
    headers: { authorization: `Bearer ${stack.owner_key}`, "user-agent": "real-medusa-hooks", "content-type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await answer.text();
  assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${text.slice(0, 400)}`);
  return text === "" ? undefined : JSON.parse(text);
}
async function shop(method, path, body) {
  const answer = await fetch(`${STORE}/admin/${path}`, {
    method,
    headers: { authorization: `Basic ${Buffer.from(`${seeded.secret}:`).toString("base64")}`, "content-type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await answer.text();
  assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${text.slice(0, 400)}`);
  return JSON.parse(text);
}

async function connect() {
  const { data: stores } = await call("GET", "/v1/stores?per_page=100");
  for (const known of stores.filter((known) => known.platform === "medusa" && known.id !== stack.store)) await call("DELETE", `/v1/stores/${known.id}`);
  const store = await call("POST", "/v1/stores", { platform: "medusa", url: STORE, credentials: { api_key: seeded.secret }, region: "eu" });
  const { data: [application] } = await call("GET", "/v1/applications");
  const scopes = ["products", "orders", "customers", "categories", "inventory"].map((entity) => `${entity}:read`);
  await call("PUT", `/v1/stores/${store.id}/grants/${application.id}`, { scopes });
  const subscription = await call("POST", "/v1/subscriptions", { application: application.id, url: receiver, topics: ["*"], stores: [store.id] });
  console.log(JSON.stringify({ url: store.webhooks.url, secret: store.webhooks.secret, store: store.id, subscription: subscription.id, signed: subscription.secret }));
}

async function check() {
  const hooks = JSON.parse(readFileSync(HOOKS, "utf8"));
  const key = Buffer.from(hooks.signed.replace(/^whsec_/, ""), "base64");
  const told = [];
  const server = createServer((request, response) => {
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks);
      const signed = Buffer.concat([Buffer.from(`${request.headers["webhook-id"]}.${request.headers["webhook-timestamp"]}.`), body]);
      const expected = createHmac("sha256", key).update(signed).digest();
      const signatures = request.headers["webhook-signature"].split(" ").map((part) => Buffer.from(part.replace(/^v1,/, ""), "base64"));
      assert.ok(signatures.some((signature) => signature.length === expected.length && timingSafeEqual(signature, expected)), "a signature that is not ours");
      const event = JSON.parse(body);
      told.push({ at: performance.now(), event });
      console.log(`   told ${event.type} ${event.data.id ?? event.data.variant_id}`);
      response.writeHead(204).end();
    });
  });
  await new Promise((up) => server.listen(Number(RECEIVER_PORT), "127.0.0.1", up));
  const expect = async (what, type, id, then = () => {}) => {
    const began = performance.now();
    const found = () => told.find(({ event }) => event.type === type && (event.data.id ?? event.data.variant_id) === id);
    while (!found()) {
      assert.ok(performance.now() - began < PATIENCE, `nobody was told: ${type} ${id}`);
      await new Promise((wake) => setTimeout(wake, 50));
    }
    then(found().event);
    console.log(`ok ${String(Math.round(performance.now() - began)).padStart(6)} ms  ${what}`);
  };

  const name = `Hooked ${Date.now()}`;
  const { product } = await shop("POST", "products", {
    title: name,
    options: [{ title: "Size", values: ["S"] }],
    variants: [{ title: "S", options: { Size: "S" }, manage_inventory: true, prices: [{ amount: 5, currency_code: "eur" }] }],
  });
  await expect("a new product", "product.created", product.id, (event) => assert.equal(event.data.name, name));
  await shop("POST", `products/${product.id}`, { title: `${name}, changed` });
  await expect("a changed product", "product.updated", product.id);
  const { variants: [variant] } = await shop("GET", `product-variants?id=${product.variants[0].id}&fields=id,inventory_items.inventory_item_id`);
  const item = variant.inventory_items[0].inventory_item_id;
  await shop("POST", `inventory-items/${item}/location-levels`, { location_id: seeded.locations[0], stocked_quantity: 7 });
  await expect("its stock", "inventory.updated", variant.id, (event) => assert.equal(event.data.available, 7));
  const { product_category: category } = await shop("POST", "product-categories", { name });
  await expect("a new category", "category.created", category.id);
  const { customer } = await shop("POST", "customers", { email: `hooked${Date.now()}@example.test` });
  await expect("a new customer", "customer.created", customer.id, (event) => assert.equal(event.data.email, customer.email));
  await shop("POST", `orders/${seeded.orders.placed}`, { metadata: { hooked: name } });
  await expect("a changed order", "order.updated", seeded.orders.placed, (event) => assert.ok(event.data.totals));
  await shop("DELETE", `product-categories/${category.id}`);
  await expect("a deleted category", "category.deleted", category.id);
  await shop("DELETE", `customers/${customer.id}`);
  await expect("a deleted customer", "customer.deleted", customer.id);
  await shop("DELETE", `products/${product.id}`);
  await expect("a deleted product", "product.deleted", product.id, (event) => assert.deepEqual(Object.keys(event.data), ["id"]));
  server.close();
  await call("DELETE", `/v1/subscriptions/${hooks.subscription}`);
  console.log(`${told.length} events reached the receiver`);
}

await (process.argv[2] === "connect" ? connect() : check());
process.exit(0);

// Drives a real, seeded Medusa through the gateway of the local stack: connects it through the public API, reads, writes, deletes, and compares with what
// the store itself says. Prints a line a check; exits with 1 after the first that fails.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

const { STACK, SEEDED, STORE = "http://127.0.0.1:9000" } = process.env;
const stack = JSON.parse(readFileSync(STACK, "utf8"));
const seeded = JSON.parse(readFileSync(SEEDED, "utf8"));
const api = stack.api.replace(/\/$/, "");
const store_key = `Basic ${Buffer.from(`${seeded.secret}:`).toString("base64")}`;

async function call(key, method, path, body, headers = {}) {
  const answer = await fetch(api + path, {
    method,
    headers: { authorization: `Bearer ${key}`, "user-agent": "real-medusa-check", "content-type": "application/json", ...headers },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await answer.text();
  // The key's own limit, which a quick store reaches.
  if (answer.status === 429) {
    await new Promise((wake) => setTimeout(wake, 1000 * Number(answer.headers.get("retry-after") ?? 1)));
    return call(key, method, path, body, headers);
  }
  let json;
  try { json = text === "" ? undefined : JSON.parse(text); } catch { json = text; }
  return { status: answer.status, json, headers: answer.headers, text };
}
async function direct(path) {
  const answer = await fetch(`${STORE}/admin/${path}`, { headers: { authorization: store_key } });
  assert.equal(answer.status, 200, await answer.clone().text());
  return answer.json();
}
let checks = 0;
async function check(name, run) {
  const began = performance.now();
  const found = await run();
  checks += 1;
  console.log(`ok ${String(Math.round(performance.now() - began)).padStart(6)} ms  ${name}${found ? `: ${found}` : ""}`);
}
const is = (answer, status) => assert.equal(answer.status, status, `${answer.status} ${answer.text.slice(0, 800)}`);

let base;
let key;
const owner = (method, path, body) => call(stack.owner_key, method, path, body);
const app = (method, path, body, headers) => call(key, method, base + path, body, headers);

await check("a wrong key is not kept", async () => {
  const answer = await owner("POST", "/v1/stores", { platform: "medusa", url: STORE, credentials: { api_key: "sk_wrong_wrong_wrong" }, region: "eu" });
  assert.ok(answer.status >= 400 && answer.status < 500, answer.text);
  assert.ok(!answer.text.includes("sk_wrong"), answer.text);
  return `${answer.status} ${answer.json.code}`;
});
await check("the store is connected and granted", async () => {
  const { json: stores } = await owner("GET", "/v1/stores?per_page=100");
  for (const known of stores.data.filter((known) => known.platform === "medusa" && known.id !== stack.store)) await owner("DELETE", `/v1/stores/${known.id}`);
  const connected = await owner("POST", "/v1/stores", { platform: "medusa", url: `${STORE}/admin`, credentials: { api_key: seeded.secret }, region: "eu" });
  is(connected, 201);
  const { json: applications } = await owner("GET", "/v1/applications");
  const scopes = ["products", "orders", "customers", "categories", "inventory"].flatMap((entity) => [`${entity}:read`, `${entity}:write`]).concat("raw");
  const granted = await owner("PUT", `/v1/stores/${connected.json.id}/grants/${applications.data[0].id}`, { scopes });
  assert.ok([200, 201].includes(granted.status), granted.text);
  const made = await owner("POST", `/v1/applications/${applications.data[0].id}/keys`, { name: "real Medusa", scopes });
  is(made, 201);
  key = made.json.key ?? made.json.secret;
  base = `/v1/stores/${connected.json.id}`;
  return connected.json.id;
});

async function all(entity, per_page, query = "") {
  const rows = [];
  let cursor = "";
  let pages = 0;
  do {
    const answer = await app("GET", `/${entity}?per_page=${per_page}${query}${cursor}`);
    is(answer, 200);
    rows.push(...answer.json.data);
    pages += 1;
    cursor = answer.json.next_cursor === null ? "" : `&cursor=${answer.json.next_cursor}`;
  } while (cursor !== "");
  return { rows, pages };
}
const ids = (rows) => rows.map((row) => row.id);

for (const [entity, path, name, least] of [["products", "products", "products", 300], ["orders", "orders", "orders", 30], ["customers", "customers", "customers", 4], ["categories", "product-categories", "product_categories", 3]]) {
  await check(`every one of the ${entity} is listed once`, async () => {
    const { rows, pages } = await all(entity, entity === "products" ? 25 : 10, "&fields=id");
    const truth = ids((await direct(`${path}?limit=9999&fields=id`))[name]);
    assert.ok(truth.length >= least, `${truth.length}`);
    assert.equal(new Set(ids(rows)).size, rows.length, "an id came twice");
    assert.deepEqual([...ids(rows)].sort(), [...truth].sort());
    return `${rows.length} in ${pages} pages`;
  });
}
await check("inventory has each variant and place once", async () => {
  const { rows } = await all("inventory", 100);
  const { variants } = await direct("product-variants?limit=9999&fields=id,manage_inventory,inventory_items.inventory.location_levels.*");
  assert.equal(new Set(rows.map((row) => `${row.variant_id} ${row.location_id}`)).size, rows.length);
  assert.equal(new Set(rows.map((row) => row.variant_id)).size, variants.length);
  for (const variant of variants.filter((variant) => variant.manage_inventory && variant.inventory_items.length === 1)) {
    for (const level of variant.inventory_items[0].inventory.location_levels) {
      const row = rows.find((row) => row.variant_id === variant.id && row.location_id === level.location_id);
      assert.deepEqual([row.available, row.on_hand], [level.available_quantity, level.stocked_quantity]);
    }
  }
  return `${rows.length} levels of ${variants.length} variants`;
});
await check("updated_after finds what changed and nothing else", async () => {
  const { orders: [newest] } = await direct("orders?limit=1&order=-updated_at&fields=id,updated_at");
  const before = new Date(Date.parse(newest.updated_at) - 1).toISOString();
  const { rows } = await all("orders", 100, `&updated_after=${before}&fields=id`);
  assert.ok(ids(rows).includes(newest.id) && rows.length < 30, `${rows.length}`);
  const after = await all("orders", 100, `&updated_after=${newest.updated_at}&fields=id`);
  assert.deepEqual(after.rows, []);
});

let product;
await check("a product is created with tags, options, variants and prices", async () => {
  const answer = await app("POST", "/products", {
    name: "Linen shirt", description_html: "<p>Light.</p>", status: "active", tags: ["summer", `linen-${Date.now()}`], weight: { value: "0.25" },
    categories: [seeded.categories.shirts], images: [{ url: "https://shop.example/linen.png" }], seo: { slug: `linen-${Date.now()}` }, meta: [{ key: "erp", value: { id: 7 } }],
    variants: ["S", "M"].map((size) => ({ sku: `LINEN-${size}-${Date.now()}`, options: { Size: size }, price: { amount: "21.90", currency: "EUR" }, inventory: { tracked: true } })),
  });
  is(answer, 201);
  product = answer.json;
  assert.deepEqual([product.name, product.status, product.type], ["Linen shirt", "active", "variable"]);
  assert.deepEqual(product.price, { amount: "21.9", currency: "EUR" });
  assert.equal(product.tags.length, 2);
  const { product: stored } = await direct(`products/${product.id}?fields=id,sales_channels.id,shipping_profile.id,metadata,variants.prices.amount`);
  assert.deepEqual(stored.sales_channels.map(({ id }) => id), [seeded.channel], "it can be bought");
  assert.ok(stored.shipping_profile.id);
  assert.deepEqual(stored.metadata, { erp: { id: 7 } });
});
await check("a variant's price in one currency changes, the other stays", async () => {
  const [first] = product.variants;
  is(await app("PATCH", `/products/${product.id}`, { variants: [{ id: first.id, price: { amount: "29.50", currency: "USD" } }] }), 200);
  const answer = await app("PATCH", `/products/${product.id}`, { name: "Linen shirt, long", variants: [{ id: first.id, price: { amount: "22.50" } }] });
  is(answer, 200);
  assert.equal(answer.json.name, "Linen shirt, long");
  assert.deepEqual(answer.json.variants.find((variant) => variant.id === first.id).price, { amount: "22.5", currency: "EUR" });
  const { variants } = await direct(`product-variants?id=${first.id}&fields=id,prices.amount,prices.currency_code`);
  assert.deepEqual(variants[0].prices.map(({ currency_code, amount }) => `${currency_code} ${amount}`).sort(), ["eur 22.5", "usd 29.5"]);
});
await check("an option gets a value and a variant uses it", async () => {
  const answer = await app("PATCH", `/products/${product.id}`, {
    options: [{ name: "Size", values: ["S", "M", "L"] }], tags: [], description_html: null,
    variants: [{ sku: `LINEN-L-${Date.now()}`, options: { Size: "L" }, price: { amount: "25", currency: "EUR" }, inventory: { tracked: false, backorder: true } }],
  });
  is(answer, 200);
  assert.deepEqual(answer.json.options, [{ name: "Size", values: ["S", "M", "L"] }]);
  assert.deepEqual([answer.json.variants.length, answer.json.tags, answer.json.description_html], [3, [], null]);
  const added = answer.json.variants.find((variant) => variant.options.Size === "L");
  assert.deepEqual(added.inventory, { tracked: false, quantity: null, backorder: true, locations: [] });
});
await check("what Medusa cannot set is named", async () => {
  const answer = await app("PATCH", `/products/${product.id}`, { brand: "x", variants: [{ cost: null }] });
  is(answer, 422);
  const refused = await app("PATCH", `/products/${product.id}`, { status: "archived" });
  is(refused, 422);
  return `${answer.json.errors.map(({ pointer }) => pointer)} ${refused.json.errors[0].pointer}`;
});
await check("a duplicate is told in the store's words", async () => {
  const answer = await app("POST", "/products", { name: "x", seo: { slug: "mug-10" } });
  assert.ok(answer.status >= 400 && answer.status < 500, answer.text);
  assert.match(answer.text, /already exists/);
  return `${answer.status} ${answer.json.code}`;
});
await check("stock of a variant is set where it lies", async () => {
  const { id } = product.variants[0];
  const unclear = await app("PATCH", `/inventory/${id}`, { available: 5 });
  is(unclear, 422);
  for (const available of [12, 4]) {
    const answer = await app("PATCH", `/inventory/${id}`, { available, location_id: seeded.locations[0] });
    is(answer, 200);
    assert.deepEqual([answer.json.variant_id, answer.json.location_id, answer.json.available], [id, seeded.locations[0], available]);
  }
  is(await app("PATCH", `/inventory/${id}`, { available: 3, location_id: seeded.locations[1] }), 200);
  const total = await app("GET", `/inventory/${id}`);
  assert.deepEqual([total.json.available, total.json.location_id], [7, null]);
  const read = await app("GET", `/products/${product.id}?fields=variants.id,variants.inventory`);
  assert.equal(read.json.variants.find((variant) => variant.id === id).inventory.quantity, 7);
  const other = await app("PATCH", `/inventory/${product.variants[1].id}`, { available: 1, location_id: "sloc_none" });
  assert.ok(other.status >= 400, other.text);
  return `an unknown location: ${other.status} ${other.json.code}`;
});

let category;
await check("a category is created, moved, hidden and deleted", async () => {
  const created = await app("POST", "/categories", { name: `Hats ${Date.now()}`, parent_id: seeded.categories.clothes });
  is(created, 201);
  category = created.json;
  assert.deepEqual([category.parent_id, category.visible], [seeded.categories.clothes, true]);
  const moved = await app("PATCH", `/categories/${category.id}`, { parent_id: null, visible: false, position: 0, name: "Caps" });
  is(moved, 200);
  assert.deepEqual([moved.json.parent_id, moved.json.visible, moved.json.name], [null, false, "Caps"]);
  const full = await app("DELETE", `/categories/${seeded.categories.clothes}`);
  assert.match(full.text, /children/);
  is(await app("DELETE", `/categories/${category.id}`), 204);
  is(await app("GET", `/categories/${category.id}`), 404);
  return `one with children: ${full.status} ${full.json.code}`;
});

let customer;
await check("a customer is created, changed and deleted, addresses too", async () => {
  const address = { first_name: "Eve", line1: "4 Test Street", city: "Graz", postcode: "8010", country: "AT", region: { name: "Steiermark" } };
  const created = await app("POST", "/customers", { email: `eve-${Date.now()}@x.test`, first_name: "Eve", addresses: [address, { ...address, line1: "5 Test Street" }], meta: [{ key: "erp", value: "k" }] });
  is(created, 201);
  customer = created.json;
  assert.deepEqual(customer.addresses.map(({ line1, country }) => [line1, country]), [["4 Test Street", "AT"], ["5 Test Street", "AT"]]);
  assert.deepEqual(customer.addresses[0].region, { code: null, name: "Steiermark" });
  const changed = await app("PATCH", `/customers/${customer.id}`, { last_name: "Example", phone: "+43 000", addresses: [{ ...address, line1: "6 Test Street" }] });
  is(changed, 200);
  assert.deepEqual([changed.json.last_name, changed.json.addresses.length, changed.json.addresses[0].line1], ["Example", 1, "6 Test Street"]);
  const refused = await app("PATCH", `/customers/${customer.id}`, { addresses: [{ ...address, country: "XX" }] });
  const kept = await app("GET", `/customers/${customer.id}`);
  assert.ok(kept.json.addresses.length >= 1);
  is(await app("DELETE", `/customers/${customer.id}`), 204);
  is(await app("GET", `/customers/${customer.id}`), 404);
  is(await app("DELETE", "/customers/cus_none"), 404);
  return `a country that does not exist: ${refused.status}`;
});

await check("an order is created from a variant and a free line", async () => {
  const { rows: [mug] } = { rows: (await app("GET", "/products?per_page=1&fields=variants.id")).json.data };
  const created = await app("POST", "/orders", {
    customer: { email: "eve@x.test" }, currency: "EUR", billing: { line1: "4 Test Street", city: "Graz", country: "AT" }, shipping: { first_name: "Eve", line1: "4 Test Street", city: "Graz", postcode: "8010", country: "AT" },
    lines: [{ variant_id: mug.variants[0].id, quantity: 2 }, { name: "Wrapping", quantity: 1, unit_price: { amount: "1.50", currency: "EUR" } }], meta: [{ key: "erp", value: "order" }],
  });
  is(created, 201);
  const order = created.json;
  assert.deepEqual([order.status, order.remote_status, order.currency, order.lines.length], ["open", "pending", "EUR", 2]);
  assert.equal(order.lines.find((line) => line.name === "Wrapping").unit_price.amount, "1.5");
  const changed = await app("PATCH", `/orders/${order.id}`, { customer: { email: "eve2@x.test" }, billing: { city: "Linz" }, meta: [{ key: "seen", value: true }] });
  is(changed, 200);
  assert.deepEqual([changed.json.customer.email, changed.json.meta.length], ["eve2@x.test", 2]);
  assert.deepEqual([changed.json.billing.city, changed.json.billing.line1, changed.json.billing.country], ["Linz", null, "AT"]);
  const elsewhere = await app("PATCH", `/orders/${order.id}`, { billing: { city: "Bonn", country: "DE" } });
  assert.match(elsewhere.text, /Country code cannot be changed/);
  const cancelled = await app("PATCH", `/orders/${order.id}`, { status: "cancelled" });
  is(cancelled, 200);
  assert.deepEqual([cancelled.json.status, cancelled.json.cancelled_at !== null], ["cancelled", true]);
  is(await app("DELETE", `/orders/${order.id}`), 501);
  return `number ${order.number}, ${order.totals.total.amount} ${order.currency}`;
});
await check("an order's sums are the store's", async () => {
  for (const name of ["placed", "taxed", "refunded"]) {
    const { json: order } = await app("GET", `/orders/${seeded.orders[name]}`);
    const { order: truth } = await direct(`orders/${seeded.orders[name]}?fields=id,item_total,shipping_total,tax_total,summary`);
    assert.equal(Number(order.totals.total.amount).toFixed(6), (truth.item_total + truth.shipping_total).toFixed(6));
    assert.equal(Number(order.totals.tax.amount), truth.tax_total);
    assert.equal(Number(order.totals.refunded.amount), truth.summary.refunded_total);
  }
});
await check("include=remote adds the store's own object", async () => {
  const answer = await app("GET", `/products/${product.id}?fields=name&include=remote`);
  is(answer, 200);
  assert.equal(answer.json.remote.title, "Linen shirt, long");
  assert.ok(answer.json.remote.variants[0].prices.length >= 1);
  const orders = await app("GET", "/orders?per_page=2&include=remote");
  is(orders, 200);
  assert.ok(orders.json.data[0].remote.display_id);
});
await check("a batch of products has a result each", async () => {
  const answer = await app("POST", "/products/batch", { items: [
    { method: "create", data: { name: `Batch ${Date.now()}` } }, { method: "update", id: product.id, data: { name: "Linen" } }, { method: "delete", id: "prod_none" },
  ] });
  is(answer, 200);
  assert.deepEqual(answer.json.data.map(({ status }) => status), [201, 200, 404], answer.text.slice(0, 500));
  is(await app("DELETE", `/products/${answer.json.data[0].data.id}`), 204);
});
await check("the raw route passes both of Medusa's APIs through", async () => {
  const admin = await app("GET", "/raw/admin/products?limit=2&fields=id");
  is(admin, 200);
  assert.ok(admin.json.count >= 320 && admin.json.products.length === 2);
  const shop = await app("GET", "/raw/store/products?limit=1", undefined, { "x-publishable-api-key": seeded.publishable });
  is(shop, 200);
  const missing = await app("GET", "/raw/admin/products/prod_none");
  is(missing, 404);
  assert.equal(missing.json.type, "not_found");
  const made = await app("POST", "/raw/admin/product-tags", { value: `raw-${Date.now()}` });
  is(made, 200);
});
await check("the product is deleted", async () => {
  is(await app("DELETE", `/products/${product.id}`), 204);
  is(await app("GET", `/products/${product.id}`), 404);
  is(await app("DELETE", `/products/${product.id}`), 404);
});
console.log(`${checks} checks passed`);

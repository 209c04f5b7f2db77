// Writes what the seeded Medusa answers to the connector's own questions into shared/connectors/fixtures/medusa, byte for byte. The questions are read
// out of the connector (`selection.rs`), so that a recording cannot drift from what is asked.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";

const { STORE = "http://127.0.0.1:9000", SEEDED, ROOT } = process.env;
const seeded = JSON.parse(readFileSync(SEEDED, "utf8"));
const source = readFileSync(`${ROOT}/shared/connectors/src/medusa/selection.rs`, "utf8");
const target = `${ROOT}/shared/connectors/fixtures/medusa`;
const authorization = `Basic ${Buffer.from(`${seeded.secret}:`).toString("base64")}`;
mkdirSync(target, { recursive: true });

function fields(name) {
  const text = source.split(`const ${name}: `)[1].split("\n];\n")[0].split(";\n\n")[0].replace(/\\\n\s*/g, "");
  const parts = [...text.matchAll(/\(\s*&\[[^\]]*\],\s*"([^"]*)",?\s*\)/g)].flatMap((match) => match[1].split(","));
  if (parts.length === 0) throw new Error(`${name}: no fields found`);
  return [...new Set(parts)].join(",");
}

async function record(file, path, query = {}, expected = 200) {
  const url = new URL(`${STORE}/admin/${path}`);
  for (const [name, value] of Object.entries(query)) for (const each of [value].flat()) url.searchParams.append(name, each);
  const answer = await fetch(url, { headers: { authorization } });
  const body = await answer.text();
  if (answer.status !== expected) throw new Error(`${url}: ${answer.status} ${body.slice(0, 300)}`);
  writeFileSync(`${target}/${file}`, `${body}\n`);
  console.log(`${file}: ${body.length} bytes`);
}

const page = { limit: "25", offset: "0", order: "id" };
await record("products.json", "products", { ...page, "handle[]": ["shirt-1", "mug-41", "box-of-mugs", "mug-40"], fields: fields("PRODUCT") });
await record("stores.json", "stores", { limit: "1", fields: "supported_currencies.currency_code,supported_currencies.is_default,default_sales_channel_id,default_region_id" });
const { placed, sent, refunded, cancelled, taxed } = seeded.orders;
await record("orders.json", "orders", { ...page, "id[]": [placed, sent, refunded, cancelled, taxed], fields: fields("ORDER") });
await record("customers.json", "customers", { ...page, fields: fields("CUSTOMER") });
await record("categories.json", "product-categories", { ...page, fields: fields("CATEGORY") });
const { product } = await (await fetch(`${STORE}/admin/products/${seeded.kit}?fields=id,variants.id`, { headers: { authorization } })).json();
const { products } = await (await fetch(`${STORE}/admin/products?handle=shirt-1&fields=id,variants.id`, { headers: { authorization } })).json();
const variants = [...products[0].variants.map(({ id }) => id), product.variants[0].id];
await record("variants.json", "product-variants", { ...page, "id[]": variants, fields: fields("INVENTORY") });
await record("regions.json", "regions", { limit: "1000", fields: "id,currency_code,countries.iso_2" });
await record("not-found.json", "products/prod_none", { fields: "id" }, 404);

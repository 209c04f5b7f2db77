// Drives a Medusa store through the raw route with Medusa's own client, unmodified. Prints one JSON object; a test reads it.
//
// The client sends `apiKey` as the Basic user name, where our key may stand; or it carries our key as `X-API-Key` among its global headers.
import sdk from "@medusajs/js-sdk";

const Medusa = sdk.default ?? sdk;
const { GATEWAY, KEY } = process.env;
const ways = {
  apiKey: new Medusa({ baseUrl: GATEWAY, apiKey: KEY }),
  header: new Medusa({ baseUrl: GATEWAY, globalHeaders: { "X-API-Key": KEY } }),
};

const seen = {};
for (const [way, medusa] of Object.entries(ways)) {
  const list = await medusa.admin.product.list({ limit: 2, order: "id", fields: "id,title" });
  const { product } = await medusa.admin.product.create({
    title: `Made by ${way}`,
    options: [{ title: "Size", values: ["S"] }],
    variants: [{ title: "S", options: { Size: "S" }, prices: [{ currency_code: "eur", amount: 21.99 }] }],
  });
  const { product: read } = await medusa.admin.product.retrieve(product.id, { fields: "id,title,variants.prices.amount" });
  const { product: renamed } = await medusa.admin.product.update(product.id, { title: "Renamed" });
  const gone = await medusa.admin.product.delete(product.id);
  const missing = await medusa.admin.product.retrieve("prod_none").catch((error) => error);
  const orders = await medusa.admin.order.list({ limit: 1 }).catch((error) => error);
  seen[way] = {
    count: list.count,
    rows: list.products.length,
    created: read.title,
    price: read.variants[0].prices[0].amount,
    renamed: renamed.title,
    deleted: gone.deleted,
    missing: [missing.status, missing.message],
    orders: [orders.status],
  };
}
process.stdout.write(JSON.stringify(seen));

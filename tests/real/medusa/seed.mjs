// Fills an empty Medusa through its own APIs: what a merchant would set up, 320 products, customers, and orders in every state. Prints one JSON
// object: `{"secret", "publishable", …}`. It runs once; a store that has products is left as it is.
const { STORE = "http://127.0.0.1:9000", EMAIL, PASSWORD } = process.env;
const PRODUCTS = 320;

let authorization;
async function call(method, path, body, headers = {}) {
  const answer = await fetch(STORE + path, {
    method,
    headers: { "content-type": "application/json", ...(authorization && !path.startsWith("/store/") ? { authorization } : {}), ...headers },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text.slice(0, 500)}`);
  return text === "" ? {} : JSON.parse(text);
}
const post = (path, body, headers) => call("POST", path, body, headers);

const { token } = await post("/auth/user/emailpass", { email: EMAIL, password: PASSWORD });
authorization = `Bearer ${token}`;
const { api_key: secret } = await post("/admin/api-keys", { title: "gateway", type: "secret" });

const { count } = await call("GET", "/admin/products?limit=1&fields=id");
if (count > 0) {
  console.log(JSON.stringify({ secret: secret.token, products: count, again: true }));
  process.exit(0);
}

// The house: a channel, a region, a place with stock, a way to ship.
const { sales_channel: channel } = await post("/admin/sales-channels", { name: "Web" });
const { api_key: publishable } = await post("/admin/api-keys", { title: "web", type: "publishable" });
await post(`/admin/api-keys/${publishable.id}/sales-channels`, { add: [channel.id] });
const { region } = await post("/admin/regions", { name: "Europe", currency_code: "eur", countries: ["de", "fr", "at"], payment_providers: ["pp_system_default"] });
await post("/admin/tax-regions", { country_code: "fr", provider_id: "tp_system", default_tax_rate: { name: "TVA", code: "tva", rate: 20 } });
await post("/admin/promotions", {
  code: "SPRING10",
  type: "standard",
  status: "active",
  is_automatic: false,
  application_method: { type: "percentage", target_type: "items", allocation: "across", value: 10, currency_code: "eur" },
});
const locations = [];
for (const [name, city] of [["Main", "Berlin"], ["Second", "Lyon"]]) {
  const { stock_location: location } = await post("/admin/stock-locations", { name, address: { address_1: "1 Dock Street", city, country_code: city === "Berlin" ? "de" : "fr" } });
  await post(`/admin/stock-locations/${location.id}/sales-channels`, { add: [channel.id] });
  locations.push(location.id);
}
const { stores: [store] } = await call("GET", "/admin/stores");
await post(`/admin/stores/${store.id}`, {
  name: "Fixture Goods",
  supported_currencies: [{ currency_code: "eur", is_default: true }, { currency_code: "usd" }],
  default_sales_channel_id: channel.id,
  default_region_id: region.id,
  default_location_id: locations[0],
});
await post(`/admin/stock-locations/${locations[0]}/fulfillment-providers`, { add: ["manual_manual"] });
const { stock_location: withSet } = await post(`/admin/stock-locations/${locations[0]}/fulfillment-sets?fields=*fulfillment_sets`, { name: "Parcels", type: "shipping" });
const { fulfillment_set: set } = await post(`/admin/fulfillment-sets/${withSet.fulfillment_sets[0].id}/service-zones`, {
  name: "Europe",
  geo_zones: ["de", "fr", "at"].map((country_code) => ({ type: "country", country_code })),
});
const { shipping_profiles: profiles } = await call("GET", "/admin/shipping-profiles");
const profile = profiles[0] ?? (await post("/admin/shipping-profiles", { name: "Default", type: "default" })).shipping_profile;
const { shipping_option: shipping } = await post("/admin/shipping-options", {
  name: "Standard parcel",
  service_zone_id: set.service_zones[0].id,
  shipping_profile_id: profile.id,
  provider_id: "manual_manual",
  price_type: "flat",
  type: { label: "Standard", description: "Two to three days", code: "standard" },
  prices: [{ currency_code: "eur", amount: 4.9 }, { currency_code: "usd", amount: 5.5 }],
  rules: [],
});

// The shelves.
const { product_category: clothes } = await post("/admin/product-categories", { name: "Clothes", handle: "clothes", is_active: true });
const { product_category: shirts } = await post("/admin/product-categories", { name: "Shirts", handle: "shirts", is_active: true, parent_category_id: clothes.id });
const { product_category: hidden } = await post("/admin/product-categories", { name: "Staff only", handle: "staff", is_active: true, is_internal: true });
const tags = [];
for (const value of ["summer", "wool"]) tags.push((await post("/admin/product-tags", { value })).product_tag.id);
const { product_type: type } = await post("/admin/product-types", { value: "Shirt" });
const { collection } = await post("/admin/collections", { title: "Spring", handle: "spring" });

const plain = (n) => ({
  title: `Mug ${n}`,
  handle: `mug-${n}`,
  status: n % 40 === 0 ? "draft" : "published",
  shipping_profile_id: profile.id,
  sales_channels: [{ id: channel.id }],
  options: [{ title: "Default option", values: ["Default option value"] }],
  variants: [{ title: "Default variant", sku: `MUG-${n}`, options: { "Default option": "Default option value" }, manage_inventory: true, prices: [{ currency_code: "usd", amount: n + 0.5 }, { currency_code: "eur", amount: n + 0.99 }] }],
});
const shirt = (n) => ({
  title: `Shirt ${n}`,
  subtitle: "Of cotton",
  description: "A shirt, <b>washed</b>.",
  handle: `shirt-${n}`,
  status: "published",
  weight: 250,
  length: 30,
  width: 20,
  height: 3,
  material: "cotton",
  shipping_profile_id: profile.id,
  type_id: type.id,
  collection_id: collection.id,
  categories: [{ id: shirts.id }, { id: hidden.id }],
  tags: tags.map((id) => ({ id })),
  thumbnail: "https://shop.example/shirt.png",
  images: [{ url: "https://shop.example/shirt.png" }, { url: "https://shop.example/shirt-back.png" }],
  metadata: { season: "summer", pockets: 2 },
  sales_channels: [{ id: channel.id }],
  options: [{ title: "Size", values: ["S", "M"] }, { title: "Colour", values: ["Blue", "Red"] }],
  variants: ["S", "M"].flatMap((size) => ["Blue", "Red"].map((colour, index) => ({
    title: `${size} / ${colour}`,
    sku: `SHIRT-${n}-${size}-${colour.toUpperCase()}`,
    barcode: `40000000${n}${size === "S" ? 1 : 2}${index}`,
    weight: 260,
    options: { Size: size, Colour: colour },
    manage_inventory: colour === "Blue",
    allow_backorder: colour === "Blue" && size === "M",
    prices: [{ currency_code: "usd", amount: 24.5 }, { currency_code: "eur", amount: size === "S" ? 21.99 : 23 }],
  }))),
});
// A batch answers in an order of its own.
const products = new Map();
for (let n = 1; n <= PRODUCTS; n += 40) {
  const create = Array.from({ length: Math.min(40, PRODUCTS - n + 1) }, (_, index) => (n + index <= 6 ? shirt(n + index) : plain(n + index)));
  const { created } = await post("/admin/products/batch?fields=id,handle,variants.id,variants.sku", { create });
  for (const product of created) for (const { id, sku } of product.variants) products.set(sku, id);
}

// Stock: the shirts lie at both places.
const levels = [];
for (let offset = 0; ; offset += 100) {
  const { inventory_items: items, count: all } = await call("GET", `/admin/inventory-items?limit=100&offset=${offset}&order=id&fields=id,sku`);
  for (const item of items) {
    levels.push({ inventory_item_id: item.id, location_id: locations[0], stocked_quantity: 50 });
    if (item.sku.startsWith("SHIRT")) levels.push({ inventory_item_id: item.id, location_id: locations[1], stocked_quantity: 7 });
  }
  if (offset + 100 >= all) break;
}
for (let at = 0; at < levels.length; at += 100) await post("/admin/inventory-items/location-levels/batch", { create: levels.slice(at, at + 100) });

// People. Every name, address and number is made up.
const { customer_group: group } = await post("/admin/customer-groups", { name: "Wholesale" });
const customers = [];
for (const [first_name, last_name, phone] of [["Ann", "Example", "+49 30 0000000"], ["Bea", "Sample", null], ["Cid", null, null]]) {
  const { customer } = await post("/admin/customers", { email: `${first_name.toLowerCase()}@x.test`, first_name, last_name, phone, company_name: first_name === "Bea" ? "Sample Ltd" : undefined, metadata: first_name === "Ann" ? { loyalty: "gold" } : undefined });
  customers.push(customer.id);
}
await post(`/admin/customer-groups/${group.id}/customers`, { add: [customers[1]] });
const address = { first_name: "Ann", last_name: "Example", company: "Example & Co", address_1: "1 Test Street", address_2: "c/o Example", city: "Berlin", province: "BE", postal_code: "10115", country_code: "de", phone: "+49 30 0000000" };
await post(`/admin/customers/${customers[0]}/addresses`, { ...address, address_name: "Home", is_default_shipping: true, is_default_billing: true });
await post(`/admin/customers/${customers[0]}/addresses`, { ...address, address_1: "2 Test Street", is_default_shipping: false });
const login = await post("/auth/customer/emailpass/register", { email: "ann@x.test", password: PASSWORD }).catch(() => undefined);

// Orders, through the shop window as a buyer places them.
const key = { "x-publishable-api-key": publishable.token };
async function order(email, lines, to = address, promo_codes = undefined) {
  const cart_of = { region_id: region.id, sales_channel_id: channel.id, email, items: lines, promo_codes };
  const { cart } = await post("/store/carts", { ...cart_of, shipping_address: to, billing_address: { ...to, address_2: undefined } }, key);
  await post(`/store/carts/${cart.id}/shipping-methods`, { option_id: shipping.id }, key);
  const { payment_collection: collection } = await post("/store/payment-collections", { cart_id: cart.id }, key);
  await post(`/store/payment-collections/${collection.id}/payment-sessions`, { provider_id: "pp_system_default" }, key);
  return (await post(`/store/carts/${cart.id}/complete`, {}, key)).order.id;
}
const payment = async (id) => (await call("GET", `/admin/orders/${id}?fields=*payment_collections.payments,*items`)).order;
const variant = (sku) => products.get(sku);
const orders = {};
orders.placed = await order("ann@x.test", [{ variant_id: variant("SHIRT-1-S-BLUE"), quantity: 2 }, { variant_id: variant("MUG-10"), quantity: 1 }]);
orders.paid = await order("guest@x.test", [{ variant_id: variant("MUG-11"), quantity: 3 }]);
orders.sent = await order("bea@x.test", [{ variant_id: variant("SHIRT-2-M-RED"), quantity: 1 }]);
orders.refunded = await order("guest@x.test", [{ variant_id: variant("MUG-12"), quantity: 1 }]);
orders.cancelled = await order("guest@x.test", [{ variant_id: variant("MUG-13"), quantity: 1 }]);
for (const name of ["paid", "sent", "refunded"]) {
  const { payment_collections: [collection] } = await payment(orders[name]);
  await post(`/admin/payments/${collection.payments[0].id}/capture`, {});
}
{
  const { items } = await payment(orders.sent);
  await post(`/admin/orders/${orders.sent}/fulfillments`, { location_id: locations[0], items: items.map(({ id, quantity }) => ({ id, quantity })) });
  const { payment_collections: [collection] } = await payment(orders.refunded);
  await post(`/admin/payments/${collection.payments[0].id}/refund`, { amount: 2.5, note: "Scratched" });
  await post(`/admin/orders/${orders.cancelled}/cancel`, {});
}
const abroad = { first_name: "Dee", last_name: "Example", address_1: "3 Rue Test", city: "Lyon", province: "Auvergne-Rhône-Alpes", postal_code: "69001", country_code: "fr" };
orders.taxed = await order("dee@x.test", [{ variant_id: variant("MUG-20"), quantity: 3 }], abroad, ["SPRING10"]);
// A kit: one piece of it takes two of one mug and one of another.
const items = async (sku) => (await call("GET", `/admin/inventory-items?sku=${sku}&fields=id`)).inventory_items[0].id;
const { product: kit } = await post("/admin/products?fields=id,variants.id", {
  title: "Box of mugs",
  handle: "box-of-mugs",
  status: "published",
  options: [{ title: "Default option", values: ["Default option value"] }],
  variants: [{ title: "Default variant", sku: "BOX", options: { "Default option": "Default option value" }, manage_inventory: true, prices: [{ currency_code: "eur", amount: 30 }], inventory_items: [{ inventory_item_id: await items("MUG-30"), required_quantity: 2 }, { inventory_item_id: await items("MUG-31"), required_quantity: 1 }] }],
});
for (let n = 0; n < 30; n++) orders[`more${n}`] = await order("guest@x.test", [{ variant_id: variant(`MUG-${41 + n}`), quantity: 1 }]);

console.log(JSON.stringify({ secret: secret.token, publishable: publishable.token, region: region.id, channel: channel.id, locations, categories: { clothes: clothes.id, shirts: shirts.id }, customers, orders, kit: kit.id, variants: products.size, login: login !== undefined }));

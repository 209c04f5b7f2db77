// Fills a guest's basket through the raw route with CoCart's own client, unmodified. Prints one JSON object; a test reads it.
import client from "@cocart/cocart-rest-api";

const { GATEWAY, KEY } = process.env;
const cocart = new client({ url: GATEWAY, version: "cocart/v2", axiosConfig: { headers: { "X-API-Key": KEY, "Content-Type": "application/json" } } });

const first = await cocart.post("cart/add-item", { id: "14", quantity: "2" });
const cart_key = first.headers["cocart-api-cart-key"];
const guest = { cart_key };
const second = await cocart.post("cart/add-item", { id: "17", quantity: "1" }, guest);
const shirt = second.data.items.find((item) => item.id === 17);
const updated = await cocart.post(`cart/item/${shirt.item_key}`, { quantity: "3" }, guest);
const short = await cocart.post("cart/add-item", { id: "17", quantity: "99" }, guest).catch((error) => error.response);
const removed = await cocart.delete(`cart/item/${shirt.item_key}`, guest);
const restored = await cocart.put(`cart/item/${shirt.item_key}`, {}, guest);
const read = await cocart.get("cart", guest);
const totals = await cocart.get("cart/totals", guest);
const sessions = await cocart.get("sessions");
const session = await cocart.get(`session/${cart_key}`);
const cleared = await cocart.post("cart/clear", {}, guest);
const stranger = await cocart.get("cart");

const lines = (answer) => answer.data.items.length;
process.stdout.write(
  JSON.stringify({
    status: first.status,
    key: cart_key,
    expires: Number(first.headers["cocart-api-cart-expiration"]),
    lines: { first: lines(first), second: lines(second), removed: lines(removed), restored: lines(restored), cleared: lines(cleared), stranger: lines(stranger) },
    quantity: updated.data.items.find((item) => item.id === 17).quantity.value,
    short: [short.status, short.data.code],
    price: read.data.items[0].price,
    item: read.data.items[0].totals,
    totals: totals.data,
    sessions: sessions.data.map((session) => session.cart_key),
    session: Object.keys(session.data.items).length,
    limit: read.headers["x-ratelimit-limit"],
  }),
);
process.exit(0);

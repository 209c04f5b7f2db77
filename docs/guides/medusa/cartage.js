// Tells Cartage what happens in this Medusa shop (v2). Put it into src/subscribers/ and set two variables of the environment:
// CARTAGE_HOOK_URL, the address of the store's webhooks, and CARTAGE_HOOK_SECRET, their secret. Only ids leave the shop.
const { createHmac, randomUUID } = require("node:crypto");

const EVENTS = [
  "product.created", "product.updated", "product.deleted",
  "product-variant.created", "product-variant.updated", "product-variant.deleted",
  "product-category.created", "product-category.updated", "product-category.deleted",
  "order.placed", "order.updated", "order.canceled", "order.completed", "order.archived",
  "order.fulfillment_created", "order.fulfillment_canceled", "order.return_requested", "order.return_received",
  "customer.created", "customer.updated", "customer.deleted",
  "inventory.inventory-level.created", "inventory.inventory-level.updated",
  "inventory.reservation-item.created", "inventory.reservation-item.updated",
];
// The longest wait for an answer, and the waits before a try is repeated: about ten minutes in all, while this process lives.
const PATIENCE = 10_000;
const PAUSES = [1_000, 5_000, 30_000, 120_000, 420_000];

// What stands behind an event of a part: the product of a variant, the variants of a stock level. Medusa's events have the part's id only.
async function behind(name, data, query) {
  const rows = async (entity, fields) => (await query.graph({ entity, fields, filters: { id: data.id } })).data;
  if (name.startsWith("product-variant.")) {
    const [variant] = await rows("product_variant", ["product_id"]);
    return [{ id: data.id, product_id: variant?.product_id }];
  }
  if (name.startsWith("inventory.")) {
    const [part] = await rows(name.includes("level") ? "inventory_level" : "reservation_item", ["inventory_item_id"]);
    if (!part) return [];
    const filters = { id: part.inventory_item_id };
    const { data: [item] } = await query.graph({ entity: "inventory_item", fields: ["variants.id"], filters });
    return (item?.variants ?? []).map((variant) => ({ id: data.id, variant_id: variant.id }));
  }
  return [{ id: data.id, order_id: data.order_id }];
}

async function send(id, body, logger) {
  for (const pause of [...PAUSES, undefined]) {
    // Standard Webhooks: each try has the id of the first, and a time and a signature of its own.
    const time = Math.floor(Date.now() / 1000);
    const signature = createHmac("sha256", process.env.CARTAGE_HOOK_SECRET).update(`${id}.${time}.${body}`).digest("base64");
    const headers = {
      "content-type": "application/json", "webhook-id": id, "webhook-timestamp": `${time}`, "webhook-signature": `v1,${signature}`,
    };
    try {
      const signal = AbortSignal.timeout(PATIENCE);
      const answer = await fetch(process.env.CARTAGE_HOOK_URL, { method: "POST", headers, body, signal, redirect: "error" });
      if (answer.ok) return;
      // Refused for good: another secret, or no such store.
      if (answer.status === 401 || answer.status === 413) return logger.error(`Cartage refuses webhooks: ${answer.status}`);
    } catch (error) {
      logger.debug(`Cartage was not reached: ${error.message}`);
    }
    if (pause !== undefined) await new Promise((wake) => setTimeout(wake, pause).unref());
  }
  logger.error("Cartage was not reached; it will find the change when it next looks through the shop");
}

exports.default = async function tellCartage({ event, container }) {
  const logger = container.resolve("logger");
  if (!process.env.CARTAGE_HOOK_URL || !process.env.CARTAGE_HOOK_SECRET) return logger.warn("Cartage is told nothing: CARTAGE_HOOK_URL and CARTAGE_HOOK_SECRET are not set");
  for (const data of await behind(event.name, event.data, container.resolve("query"))) {
    const body = JSON.stringify({ type: event.name, timestamp: new Date().toISOString(), data });
    // Not waited for: the shop goes on.
    void send(`msg_${randomUUID()}`, body, logger);
  }
};

exports.config = { event: EVENTS };

// Signs webhooks with the vendors' own libraries, or validates them with those, sends each to our intake, and prints what both sides said of it
// as one JSON object; a test reads it.
//
// `standardwebhooks` stands for BigCommerce, which signs by that scheme: it takes base64 of what BigCommerce calls the client secret.
// `@shopify/shopify-api` does not sign webhooks; it validates them. So we sign, change some, and ask it and our intake the same question.
import { createHmac } from "node:crypto";
import "@shopify/shopify-api/adapters/node";
import { shopifyApi, ApiVersion, LogSeverity } from "@shopify/shopify-api";
import { Webhook } from "standardwebhooks";

const { API, SHOPIFY_STORE, SHOPIFY_SECRET, BIGCOMMERCE_STORE, BIGCOMMERCE_SECRET } = process.env;

async function ours(store, headers, body) {
  const answer = await fetch(`${API}/hooks/${store}`, { method: "POST", headers: { "content-type": "application/json", ...headers }, body });
  return answer.status;
}

const shopify = shopifyApi({
  apiKey: "key",
  apiSecretKey: SHOPIFY_SECRET,
  hostName: "gateway.example",
  apiVersion: ApiVersion.July26 ?? Object.values(ApiVersion).at(-2),
  isEmbeddedApp: false,
  logger: { level: LogSeverity.Error, log: () => {} },
});

async function shopifySays(headers, body) {
  const validation = await shopify.webhooks.validate({
    rawBody: body,
    rawRequest: { method: "POST", url: "/", headers },
    rawResponse: {},
  });
  return validation.valid;
}

const order = JSON.stringify({ id: 820982911946154508n.toString(), email: "jon@example.com", name: "Jürgen ☕" });
const sign = (secret, body) => createHmac("sha256", secret).update(body, "utf8").digest("base64");
const headersOf = (hmac) => ({
  "x-shopify-topic": "orders/create",
  "x-shopify-api-version": "2026-07",
  "x-shopify-shop-domain": "stand-in.myshopify.com",
  "x-shopify-webhook-id": "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043",
  "x-shopify-event-id": "98880550-7158-44d4-b7cd-2c97c8a091b5",
  ...(hmac === undefined ? {} : { "x-shopify-hmac-sha256": hmac }),
});
const good = sign(SHOPIFY_SECRET, order);
const cases = {
  good: [headersOf(good), order],
  "another secret": [headersOf(sign("another", order)), order],
  "no signature": [headersOf(undefined), order],
  "an empty signature": [headersOf(""), order],
  "a changed body": [headersOf(good), order.replace("jon", "jim")],
  "a space behind": [headersOf(good), `${order} `],
  "in hex": [headersOf(Buffer.from(good, "base64").toString("hex")), order],
};
const shopifyCases = {};
for (const [name, [headers, body]] of Object.entries(cases)) {
  shopifyCases[name] = [await shopifySays(headers, body), await ours(SHOPIFY_STORE, headers, body)];
}

const library = new Webhook(Buffer.from(BIGCOMMERCE_SECRET).toString("base64"));
const event = JSON.stringify({ scope: "store/order/statusUpdated", data: { type: "order", id: 173331 } });
const standard = (id, at, body, signature) => ({
  "webhook-id": id,
  "webhook-timestamp": Math.floor(at.getTime() / 1000).toString(),
  "webhook-signature": signature ?? library.sign(id, at, body),
});
function librarySays(headers, body) {
  try {
    library.verify(body, headers);
    return true;
  } catch {
    return false;
  }
}
const now = new Date();
const minutes = (count) => new Date(now.getTime() + count * 60_000);
const other = new Webhook(Buffer.from("another").toString("base64")).sign("msg_1", now, event);
const standards = {
  good: [standard("msg_1", now, event), event],
  "two signatures": [standard("msg_1", now, event, `${other} ${library.sign("msg_1", now, event)}`), event],
  "another version too": [standard("msg_1", now, event, `v1a,AAAA ${library.sign("msg_1", now, event)}`), event],
  "another secret": [standard("msg_1", now, event, other), event],
  "a changed body": [standard("msg_1", now, event), event.replace("173331", "173332")],
  "another id": [{ ...standard("msg_1", now, event), "webhook-id": "msg_2" }, event],
  "ten minutes ago": [standard("msg_1", minutes(-10), event), event],
  "in ten minutes": [standard("msg_1", minutes(10), event), event],
};
const standardCases = {};
for (const [name, [headers, body]] of Object.entries(standards)) {
  standardCases[name] = [librarySays(headers, body), await ours(BIGCOMMERCE_STORE, headers, body)];
}

process.stdout.write(JSON.stringify({ shopify: shopifyCases, standard: standardCases }));

// Drives a WooCommerce store through the raw route with WooCommerce's own client, unmodified. Prints one JSON object; a test reads it.
//
// The client knows three ways to authenticate. Our key goes in as the Basic user name (https), or beside the client's own credentials as
// `X-API-Key` by its documented axios option; whatever it adds of its own, the gateway drops.
import { request as forward } from "node:http";
import { createServer as createTlsServer, Agent } from "node:https";
import { readFileSync } from "node:fs";
import client from "@woocommerce/woocommerce-rest-api";

const WooCommerce = client.default ?? client;
const { GATEWAY, KEY, CERTIFICATE } = process.env;
const gateway = new URL(GATEWAY);
const pem = readFileSync(CERTIFICATE);

// What the cloud's edge does: ends TLS in front of the gateway.
const edge = createTlsServer({ key: pem, cert: pem }, (incoming, outgoing) => {
  const passed = forward(
    { host: gateway.hostname, port: gateway.port, path: incoming.url, method: incoming.method, headers: { ...incoming.headers, host: gateway.host } },
    (answer) => {
      outgoing.writeHead(answer.statusCode, answer.headers);
      answer.pipe(outgoing);
    },
  );
  incoming.pipe(passed);
});
await new Promise((ready) => edge.listen(0, "127.0.0.1", ready));
const secure = new URL(GATEWAY);
secure.protocol = "https:";
secure.port = String(edge.address().port);
const httpsAgent = new Agent({ ca: pem });

const own = { consumerKey: "ck_of_the_client", consumerSecret: "cs_of_the_client", version: "wc/v3" };
const header = { "X-API-Key": KEY };
const ways = {
  basic: new WooCommerce({ ...own, consumerKey: KEY, url: secure.href, axiosConfig: { httpsAgent } }),
  queryString: new WooCommerce({ ...own, url: secure.href, queryStringAuth: true, axiosConfig: { httpsAgent, headers: header } }),
  oauth: new WooCommerce({ ...own, url: gateway.href, axiosConfig: { headers: header } }),
};

const seen = {};
for (const [way, woo] of Object.entries(ways)) {
  const list = await woo.get("products", { per_page: 2, orderby: "id", order: "asc" });
  const created = await woo.post("products", { name: `Made by ${way}`, regular_price: "21.99", type: "simple" });
  const id = created.data.id;
  const updated = await woo.put(`products/${id}`, { regular_price: "24.50" });
  const read = await woo.get(`products/${id}`);
  const deleted = await woo.delete(`products/${id}`, { force: true });
  const missing = await woo.get("products/999999").catch((error) => error.response);
  seen[way] = {
    total: list.headers["x-wp-total"],
    pages: list.headers["x-wp-totalpages"],
    rows: list.data.length,
    created: created.status,
    name: read.data.name,
    price: updated.data.regular_price,
    deleted: deleted.status,
    missing: [missing.status, missing.data.code],
    limit: list.headers["x-ratelimit-limit"],
  };
}
const inUrl = new WooCommerce({ ...own, consumerKey: KEY, url: secure.href, queryStringAuth: true, axiosConfig: { httpsAgent } });
const refused = await inUrl.get("products").catch((error) => error.response);
seen.inUrl = [refused.status, refused.data.code];

process.stdout.write(JSON.stringify(seen));
edge.close();

process.exit(0);

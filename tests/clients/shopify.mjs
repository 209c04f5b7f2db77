// Drives a Shopify shop through the raw route with Shopify's own client for the Admin API, unmodified. Prints one JSON object; a test reads it.
//
// The client calls https://{shop}.myshopify.com and nothing else; its documented `customFetchApi` sends the call to the gateway instead and adds
// our key. The access token that it insists on is the client's own invention: the gateway puts the shop's in its place.
import { createAdminApiClient } from "@shopify/admin-api-client";

const { GATEWAY, KEY } = process.env;
const statuses = [];

const client = createAdminApiClient({
  storeDomain: "stand-in.myshopify.com",
  apiVersion: "2026-10",
  accessToken: "shpat_of_the_client",
  customFetchApi: async (url, init) => {
    const answer = await fetch(GATEWAY + new URL(url).pathname, { ...init, headers: { ...init.headers, "X-API-Key": KEY } });
    statuses.push([answer.status, answer.headers.get("x-ratelimit-limit")]);
    return answer;
  },
});

const PAGE = `query($after: String) {
  products(first: 12, after: $after, sortKey: ID) { nodes { id title } pageInfo { hasNextPage endCursor } }
}`;
const ids = [];
let after = null;
let cost;
do {
  const { data, errors, extensions } = await client.request(PAGE, { variables: { after } });
  if (errors) throw new Error(JSON.stringify(errors));
  ids.push(...data.products.nodes.map((node) => node.id));
  cost = extensions.cost;
  after = data.products.pageInfo.hasNextPage ? data.products.pageInfo.endCursor : null;
} while (after);

const SET = `mutation($input: ProductSetInput!) {
  productSet(input: $input, synchronous: true) { product { id title } userErrors { field message } }
}`;
const made = await client.request(SET, { variables: { input: { title: "Made by Shopify's client" } } });
const refused = await client.request(SET, { variables: { input: { title: " " } } });
const wrong = await client.request("{ products(first: 1) { nodes { nonsense } } }");
const deleted = await client.request(
  "mutation($input: ProductDeleteInput!) { productDelete(input: $input) { deletedProductId userErrors { message } } }",
  { variables: { input: { id: made.data.productSet.product.id } } },
);

process.stdout.write(
  JSON.stringify({
    ids,
    cost,
    title: made.data.productSet.product.title,
    refused: refused.data.productSet.userErrors,
    wrong: wrong.errors.graphQLErrors.map((error) => error.message),
    deleted: deleted.data.productDelete.deletedProductId === made.data.productSet.product.id,
    statuses,
  }),
);

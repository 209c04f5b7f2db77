// The store, the merchant's grant and the credential: read once, then remembered for ten minutes or until the key's epoch moves.

import { GetCommand } from '@aws-sdk/lib-dynamodb';

import { Problem } from './problem.mjs';

const MINUTES = 10;
const remembered = new Map();

export async function accessTo(tables, secrets, { key, keyId, store }, scope) {
  const place = `${keyId} ${store}`;
  let access = remembered.get(place);
  if (access?.epoch !== key.ep || access.until < Date.now()) {
    access = await lookUp(tables, secrets, key, store);
    remembered.set(place, access);
  }
  const has = key.s.match(/../g).includes({ 'products:read': 'pr', raw: 'ra' }[scope]);
  if (!has || !access.scopes.includes(scope)) throw new Problem(403, 'scope_missing');
  return access;
}

async function lookUp(tables, secrets, key, store) {
  const pk = `store#${store.slice(4)}`;
  const get = (sk) => tables.send(new GetCommand({ TableName: process.env.STORES_TABLE, Key: { pk, sk }, ConsistentRead: true }));
  const [{ Item: item }, { Item: grant }] = await Promise.all([get('store'), get(`grant#${key.p}`)]);
  if (!item || item.state !== 'connected') throw new Problem(404, 'not_found');
  if (!grant || grant.revoked_at) throw new Problem(403, 'store_access_revoked');
  const secret = await secrets.get(`${process.env.VAULT_PREFIX}${store}`, { maxAge: 60 * MINUTES, transform: 'json' });
  return { url: item.url, apiKey: secret.api_key, scopes: grant.scopes, epoch: key.ep, until: Date.now() + 60_000 * MINUTES };
}

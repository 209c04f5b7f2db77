// One proxied read: who calls, may they, fetch, translate, note it. Clients are made once, outside of the handler; connections are kept alive
// (the SDK's default); the store's credential is cached by Powertools; secrets and bodies are never logged.

import { Logger } from '@aws-lambda-powertools/logger';
import { SecretsProvider } from '@aws-lambda-powertools/parameters/secrets';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';

import { admit } from './admission.mjs';
import { accessTo } from './access.mjs';
import { note } from './journal.mjs';
import { Problem } from './problem.mjs';
import { page, product } from './products.mjs';

const logger = new Logger({ serviceName: 'proxy', logLevel: 'INFO' });
const tables = DynamoDBDocumentClient.from(new DynamoDBClient({ maxAttempts: 3 }));
const secrets = new SecretsProvider({ awsSdkV3Client: new SecretsManagerClient({ maxAttempts: 3 }) });

export const handler = async (event, context) => {
  logger.addContext(context);
  const call = { id: context.awsRequestId, began: Date.now(), upstreamMillis: 0 };
  let answer;
  try {
    answer = await serve(event, call);
  } catch (error) {
    answer = (error instanceof Problem ? error : unexpected(error)).answer(call);
  }
  const line = {
    account: call.key?.a, application: call.key?.p, key: call.keyId, store: call.store, route: call.route,
    status: answer.statusCode, millis: Date.now() - call.began, upstreamMillis: call.upstreamMillis, rows: call.rows,
    bytes: answer.body.length,
  };
  logger.info('call', line);
  // A sandbox is frozen once the handler has answered, so the line is awaited. Calls that were not let in leave none.
  if (call.key) await note(tables, call, line);
  return { ...answer, headers: { ...answer.headers, ...call.rate, 'x-request-id': call.id, 'cache-control': 'no-store' } };
};

async function serve(event, call) {
  const [, store, kind, rest] = /^\/v1\/stores\/(str_[0-9a-z]{26})\/(products|raw)(?:\/(.*))?$/.exec(event.rawPath) ?? [];
  if (!store || event.requestContext.http.method !== 'GET') throw new Problem(404, 'not_found');
  Object.assign(call, { store, route: kind === 'raw' ? 'raw' : 'GET products' });
  await admit(tables, event.headers, call);
  const { url, apiKey } = await accessTo(tables, secrets, call, kind === 'raw' ? 'raw' : 'products:read');
  if (kind === 'raw') {
    const { status, type, body } = await upstream(`${url}/${rest}?${event.rawQueryString}`, apiKey, call);
    return { statusCode: status, headers: { 'content-type': type }, body };
  }
  if (rest) {
    const { status, body } = await upstream(`${url}/api/products/${encodeURIComponent(rest)}`, apiKey, call);
    if (status !== 200) throw new Problem(status === 404 ? 404 : 502, 'upstream_unavailable');
    return json(product(JSON.parse(body).product));
  }
  const perPage = Number(event.queryStringParameters?.per_page ?? 25);
  if (!Number.isInteger(perPage) || perPage < 1 || perPage > 100) throw new Problem(422, 'validation_failed');
  const { status, body } = await upstream(`${url}/api/products?page=1&per_page=${perPage}`, apiKey, call);
  if (status !== 200) throw new Problem(502, 'upstream_unavailable');
  const unified = page(JSON.parse(body));
  call.rows = unified.data.length;
  return json(unified);
}

const json = (body) => ({ statusCode: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });

async function upstream(url, apiKey, call) {
  const began = Date.now();
  try {
    const answer = await fetch(url, {
      headers: { accept: 'application/json', 'x-api-key': apiKey },
      redirect: 'manual',
      signal: AbortSignal.timeout(12_000),
    });
    return { status: answer.status, type: answer.headers.get('content-type'), body: await answer.text() };
  } catch {
    throw new Problem(502, 'upstream_unavailable');
  } finally {
    call.upstreamMillis += Date.now() - began;
  }
}

function unexpected(error) {
  logger.error('unexpected', error);
  return new Problem(500, 'internal');
}

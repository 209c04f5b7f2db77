// Authenticates and counts a call with one conditional write: the hash of the key's secret, its state, and a counter of the current second,
// which is how a fixed-window limit is usually kept in DynamoDB.

import { createHash } from 'node:crypto';

import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';

import { Problem } from './problem.mjs';

const LIMITS = { s: 2, g: 5, p: 10, e: 1500 };
// The limit is not known before the item is read, so the write checks against the highest and the answer against the key's own.
const HIGHEST = 2 * Math.max(...Object.values(LIMITS));
const SECRET = 32;
const CHECK_DIGITS = 6;

export async function admit(tables, headers, call) {
  const text = headers.authorization?.replace(/^bearer /i, '') ?? headers['x-api-key'];
  if (!text) throw new Problem(401, 'key_missing');
  const [, id, secret] = new RegExp(`^ctg_([0-9a-z]{26})_([0-9A-Za-z]{${SECRET}})[0-9A-Za-z]{${CHECK_DIGITS}}$`).exec(text) ?? [];
  if (!id) throw new Problem(401, 'key_malformed');
  const second = Math.floor(Date.now() / 1000);
  let item;
  try {
    const answer = await tables.send(new UpdateCommand({
      TableName: process.env.KEYS_TABLE,
      Key: { pk: `key#${id}` },
      UpdateExpression: 'SET n = n + :one, #now = if_not_exists(#now, :zero) + :one REMOVE #before',
      ConditionExpression: 'h = :hash AND st = :active AND (attribute_not_exists(#now) OR #now < :highest)',
      ExpressionAttributeNames: { '#now': `s${second % 60}`, '#before': `s${(second + 1) % 60}` },
      ExpressionAttributeValues: {
        ':one': 1, ':zero': 0, ':active': 'a', ':highest': HIGHEST, ':hash': createHash('sha256').update(secret).digest(),
      },
      ReturnValues: 'ALL_NEW',
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    }));
    item = answer.Attributes;
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw new Problem(503, 'unavailable', { 'retry-after': '1' });
    if (error.Item?.st?.S !== 'a') throw new Problem(401, 'key_invalid');
    throw new Problem(429, 'rate_limited', { 'retry-after': '1' });
  }
  const limit = 2 * (item.r ?? LIMITS[item.t]);
  const used = item[`s${second % 60}`];
  call.rate = {
    'x-ratelimit-limit': String(limit),
    'x-ratelimit-remaining': String(Math.max(0, limit - used)),
    'x-ratelimit-reset': String(second + 1),
  };
  if (used > limit) throw new Problem(429, 'rate_limited', { 'retry-after': '1' });
  Object.assign(call, { key: item, keyId: id });
}

// One line a call in the table of the service log.

import { PutCommand } from '@aws-sdk/lib-dynamodb';

const DAYS = 28;

export async function note(tables, call, line) {
  const at = new Date(call.began).toISOString();
  const item = Object.fromEntries(Object.entries(line).filter(([, value]) => value !== undefined));
  await tables.send(new PutCommand({
    TableName: process.env.SERVICE_LOG_TABLE,
    Item: {
      pk: `${line.account}#${at.slice(0, 10)}`, sk: `${at}#${call.id}`, v: 1, ...item, at,
      expires_at: Math.floor(call.began / 1000) + DAYS * 86_400,
    },
  }));
}

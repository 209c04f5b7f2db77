// A store's webhook taken in as most teams would: verify, make it idempotent with Powertools, hand it to the queue. The secret is cached for a
// minute, as ours is.

import { createHmac, timingSafeEqual } from 'node:crypto';

import { Logger } from '@aws-lambda-powertools/logger';
import { SecretsProvider } from '@aws-lambda-powertools/parameters/secrets';
import { IdempotencyConfig, makeIdempotent } from '@aws-lambda-powertools/idempotency';
import { DynamoDBPersistenceLayer } from '@aws-lambda-powertools/idempotency/dynamodb';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';

const logger = new Logger({ serviceName: 'intake', logLevel: 'INFO' });
const queue = new SQSClient({ maxAttempts: 3 });
const secrets = new SecretsProvider({ awsSdkV3Client: new SecretsManagerClient({ maxAttempts: 3 }) });
const persistenceStore = new DynamoDBPersistenceLayer({
  tableName: process.env.IDEMPOTENCY_TABLE,
  awsSdkV3Client: new DynamoDBClient({ maxAttempts: 3 }),
});
const config = new IdempotencyConfig({ eventKeyJmesPath: 'id', expiresAfterSeconds: 86_400 });

const enqueue = makeIdempotent(
  async ({ store, headers, body }) => {
    await queue.send(new SendMessageCommand({
      QueueUrl: process.env.INCOMING_EVENTS_QUEUE_URL,
      MessageBody: JSON.stringify({ store, headers, body, receivedAt: new Date().toISOString() }),
      MessageGroupId: store,
    }));
    return true;
  },
  { persistenceStore, config },
);

export const handler = async (event, context) => {
  logger.addContext(context);
  config.registerLambdaContext(context);
  const [, store] = /^\/hooks\/(str_[0-9a-z]{26})$/.exec(event.rawPath) ?? [];
  if (!store || event.requestContext.http.method !== 'POST') return { statusCode: 401 };
  const body = event.isBase64Encoded ? Buffer.from(event.body, 'base64') : Buffer.from(event.body ?? '');
  try {
    const secret = await secrets.get(`${process.env.VAULT_PREFIX}${store}`, { maxAge: 60, transform: 'json' });
    const told = Buffer.from(event.headers['x-shopify-hmac-sha256'] ?? '', 'base64');
    const real = createHmac('sha256', secret.hook_secret).update(body).digest();
    if (told.length !== real.length || !timingSafeEqual(told, real)) {
      logger.warn('refused', { store });
      return { statusCode: 401 };
    }
    const headers = {
      'x-shopify-topic': event.headers['x-shopify-topic'],
      'x-shopify-webhook-id': event.headers['x-shopify-webhook-id'],
    };
    await enqueue({ id: `${store} ${headers['x-shopify-webhook-id']}`, store, headers, body: body.toString() });
  } catch (error) {
    logger.error('unavailable', error);
    return { statusCode: 503, headers: { 'retry-after': '1' } };
  }
  logger.info('webhook', { store, bytes: body.length });
  return { statusCode: 200 };
};

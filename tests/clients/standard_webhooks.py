"""Verifies what is in DELIVERIES, a JSON list of {secret, headers, body}, with the package `standardwebhooks`. Prints a list of true and false."""

import json
import os

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

verdicts = []
for delivery in json.loads(os.environ["DELIVERIES"]):
    try:
        Webhook(delivery["secret"]).verify(delivery["body"], delivery["headers"])
        verdicts.append(True)
    except WebhookVerificationError:
        verdicts.append(False)
print(json.dumps(verdicts))

// Verifies what is in DELIVERIES, a JSON list of {secret, headers, body}, with the package `standardwebhooks`. Prints a list of true and false.
import { Webhook } from "standardwebhooks";

const verdicts = JSON.parse(process.env.DELIVERIES).map(({ secret, headers, body }) => {
  try {
    new Webhook(secret).verify(body, headers);
    return true;
  } catch {
    return false;
  }
});
console.log(JSON.stringify(verdicts));

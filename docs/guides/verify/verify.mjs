import { createHmac, timingSafeEqual } from "node:crypto";

const TOLERANCE = 300; // seconds that the sender's clock and yours may differ

/** Whether a delivery is ours. `secrets`: every secret that is good at present; `body`: the raw bytes, before any parser. */
export function verify(secrets, headers, body, now = Date.now() / 1000) {
  const id = headers["webhook-id"];
  const timestamp = headers["webhook-timestamp"];
  const signatures = headers["webhook-signature"];
  if (!id || !signatures || !/^\d{1,12}$/.test(timestamp ?? "")) return false;
  if (Math.abs(now - Number(timestamp)) > TOLERANCE) return false;
  return secrets.some((secret) => {
    const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
    const wanted = createHmac("sha256", key).update(`${id}.${timestamp}.`).update(body).digest();
    return signatures.split(" ").some((signature) => {
      const [version, text] = signature.split(",", 2);
      const given = Buffer.from(text ?? "", "base64");
      return version === "v1" && given.length === wanted.length && timingSafeEqual(given, wanted);
    });
  });
}

import base64
import binascii
import hashlib
import hmac
import time

TOLERANCE = 300  # seconds that the sender's clock and yours may differ


def verify(secrets, headers, body, now=None):
    """Whether a delivery is ours. `secrets`: every secret that is good at present; `body`: the raw bytes, before any parser."""
    event = headers.get("webhook-id", "")
    timestamp = headers.get("webhook-timestamp", "")
    signatures = headers.get("webhook-signature", "")
    if not event or not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        return False
    if abs((time.time() if now is None else now) - int(timestamp)) > TOLERANCE:
        return False
    for secret in secrets:
        key = base64.b64decode(secret.removeprefix("whsec_"))
        wanted = hmac.new(key, f"{event}.{timestamp}.".encode() + body, hashlib.sha256).digest()
        for signature in signatures.split(" "):
            version, _, text = signature.partition(",")
            try:
                given = base64.b64decode(text, validate=True)
            except (binascii.Error, ValueError):
                continue
            if version == "v1" and hmac.compare_digest(given, wanted):
                return True
    return False

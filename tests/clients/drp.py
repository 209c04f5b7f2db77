"""An authorised agent of the Data Rights Protocol 1.0, written to its specification on PyNaCl (libsodium). Prints one JSON object; a test reads it.

API is the business's address, AGENT and OTHER are two registered agents with their SEEDs, BUSINESS is what their network calls the business.
"""

import base64
import datetime
import json
import os

import requests
from nacl.signing import SigningKey

BASE = os.environ["API"] + "/drp/v1"
BUSINESS = os.environ["BUSINESS"]
AGENTS = {name: SigningKey(bytes.fromhex(os.environ[name + "_SEED"])) for name in ("AGENT", "OTHER")}
NAMES = {name: os.environ[name] for name in AGENTS}
STRANGER = SigningKey.generate()
TEXT = {"Content-Type": "text/plain"}


def at(**ago):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(**ago)).isoformat(timespec="milliseconds")


def envelope(agent="AGENT", **changed):
    return {
        "agent-id": NAMES[agent],
        "business-id": BUSINESS,
        "issued-at": at(seconds=-1),
        "expires-at": at(minutes=10),
        "drp.version": "1.0",
        **changed,
    }


def wish(agent="AGENT", **changed):
    person = {
        "name": "Ann Marker",
        "email": "ann.marker@example.com",
        "email_verified": True,
        "phone_number": "+14155550123",
        "phone_number_verified": True,
        "address": {"country": "US", "region": "CA"},
    }
    request = {"agent-request-id": "request-1", "exercise": "access", "regime": "ccpa", "relationships": ["customer"]}
    return {**envelope(agent), **request, **person, **changed}


def signed(message, key=AGENTS["AGENT"]):
    return base64.b64encode(key.sign(json.dumps(message).encode())).decode()


def call(method, path, body=None, token=None, headers=TEXT):
    headers = dict(headers, **({"Authorization": "Bearer " + token} if token else {}))
    answer = requests.request(method, BASE + path, data=body, headers=headers, timeout=30)
    return answer


def brief(answer):
    """The status, and what there is of a body."""
    return [answer.status_code, len(answer.content)]


def shake(agent="AGENT", message=None, key=None, headers=TEXT):
    body = signed(message or envelope(agent), key or AGENTS[agent])
    return call("POST", "/agent/" + NAMES[agent], body, headers=headers)


seen = {}

# Handshakes that must fail, and one that must not.
seen["handshakes"] = {
    "wrong key": brief(shake(key=STRANGER)),
    "other agent's key": brief(shake(key=AGENTS["OTHER"])),
    "other agent's name": brief(shake(message=envelope("OTHER"))),
    "other business": brief(shake(message=envelope(**{"business-id": "SOMEBODY_ELSE"}))),
    "expired": brief(shake(message=envelope(**{"expires-at": at(seconds=-1)}))),
    "future": brief(shake(message=envelope(**{"issued-at": at(minutes=5)}))),
    "wrong content type": brief(shake(headers={"Content-Type": "application/json"})),
    "not signed": brief(call("POST", "/agent/" + NAMES["AGENT"], json.dumps(envelope()))),
    "unknown agent": brief(call("POST", "/agent/NOBODY", signed(envelope()))),
}
seen["wrong method"] = call("PUT", "/agent/" + NAMES["AGENT"], signed(envelope())).status_code
handshake = signed(envelope())
first = call("POST", "/agent/" + NAMES["AGENT"], handshake)
token = first.json()["token"]
seen["handshake"] = [first.status_code, first.json()["agent-id"] == NAMES["AGENT"], isinstance(token, str)]
seen["handshake replayed"] = brief(call("POST", "/agent/" + NAMES["AGENT"], handshake))
others = shake("OTHER").json()["token"]
information = call("GET", "/agent/" + NAMES["AGENT"], token=token)
seen["information"] = [information.status_code, information.json()]
seen["information of other"] = brief(call("GET", "/agent/" + NAMES["OTHER"], token=token))

# A request, and the same message again.
body = signed(wish())
exercised = call("POST", "/data-rights-request", body, token)
again = call("POST", "/data-rights-request", body, token)
status = exercised.json()
seen["exercise"] = [exercised.status_code, status]
seen["replay"] = [again.status_code, again.json() == status]
seen["times"] = [datetime.datetime.fromisoformat(status[name]).utcoffset().total_seconds() for name in ("received_at", "expected_by")]
own = "/data-rights-request/" + status["request_id"]
shown = call("GET", own, token=token)
seen["status"] = [shown.status_code, shown.json() == status]


def flip(text):
    """The same base64 with one character of the signature changed."""
    return ("B" if text[10] == "A" else "A").join([text[:10], text[11:]])


post = lambda body, bearer=token, headers=TEXT: brief(call("POST", "/data-rights-request", body, bearer, headers))
seen["refusals"] = {
    "no bearer": post(signed(wish()), None),
    "wrong key": post(signed(wish(), STRANGER)),
    "other agent's bearer": post(signed(wish()), others),
    "other agent's message": post(signed(wish("OTHER"))),
    "other business": post(signed(wish(**{"business-id": "SOMEBODY_ELSE"}))),
    "expired": post(signed(wish(**{"expires-at": at(seconds=-1)}))),
    "future": post(signed(wish(**{"issued-at": at(minutes=5)}))),
    "altered base64": post(flip(signed(wish()))),
    "not base64": post("%" + signed(wish())),
    "unsigned": post(base64.b64encode(json.dumps(wish()).encode()).decode()),
    "empty": post(""),
    "status of other": brief(call("GET", own, token=others)),
    "status of nothing": brief(call("GET", "/data-rights-request/c789ff35-7644-4ceb-9981-4b35c264aac3", token=token)),
    "revoke by other": brief(call("DELETE", own, signed({"reason": "x"}, AGENTS["OTHER"]), others)),
    "revoke unsigned": brief(call("DELETE", own, json.dumps({"reason": "x"}), token)),
}
told = {
    "wrong content type": call("POST", "/data-rights-request", signed(wish()), token, {"Content-Type": "application/json"}),
    "wrong method": call("PUT", "/data-rights-request", signed(wish()), token),
    "unknown right": call("POST", "/data-rights-request", signed(wish(exercise="sale:opt_in")), token),
    "callback": call("POST", "/data-rights-request", signed(wish(status_callback="https://169.254.169.254/")), token),
}
seen["told"] = {name: [answer.status_code, answer.json()["code"] == str(answer.status_code)] for name, answer in told.items()}

revoked = call("DELETE", own, signed({"reason": "I don't want my account deleted"}), token)
seen["revoked"] = [revoked.status_code, revoked.json()["status"], call("GET", own, token=token).json()["status"]]
print(json.dumps(seen))

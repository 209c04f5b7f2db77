"""A controller that speaks OpenDSR 2.0: what it is answered is checked against JSON Schemas made from the specification's tables of properties, which
has none of its own. Prints one JSON object; a test reads it.

API is the processor's address, TOKEN the controller's token.
"""

import base64
import json
import os
import urllib.parse
import uuid

import jsonschema
import requests

BASE = os.environ["API"] + "/opendsr/v2"
AUTHORIZATION = {"Authorization": "Bearer " + os.environ["TOKEN"]}
UUID = {"type": "string", "pattern": "^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"}
TIME = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$"}
TEXT = {"type": "string", "minLength": 1}
TYPES = [
    "controller_customer_id", "android_advertising_id", "android_id", "email", "fire_advertising_id", "ios_advertising_id", "ios_vendor_id",
    "microsoft_advertising_id", "microsoft_publisher_id", "roku_publisher_id", "roku_advertising_id",
]


def closed(properties, *optional):
    """An object of these properties and no others, all of them required but for the optional ones."""
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


IDENTITY = closed({"identity_type": {"enum": TYPES}, "identity_format": {"enum": ["raw", "sha1", "md5", "sha256"]}})
SCHEMAS = {
    "discovery": closed({
        "api_version": {"const": "2.0"},
        "supported_identities": {"type": "array", "minItems": 1, "items": IDENTITY},
        "supported_subject_request_types": {"type": "array", "minItems": 1, "items": {"enum": ["access", "portability", "erasure"]}},
        "processor_certificate": {"type": "string", "pattern": "^https?://"},
    }),
    "created": closed({
        "controller_id": TEXT, "expected_completion_time": TIME, "received_time": TIME, "encoded_request": TEXT, "subject_request_id": UUID,
    }),
    "status": closed({
        "controller_id": TEXT, "expected_completion_time": TIME, "subject_request_id": UUID,
        "request_status": {"enum": ["pending", "in_progress", "completed", "cancelled"]},
        "api_version": TEXT, "results_url": TEXT, "results_count": {"type": "integer", "minimum": 0},
    }, "api_version", "results_url", "results_count"),
    "cancelled": closed({"controller_id": TEXT, "received_time": TIME, "subject_request_id": UUID, "api_version": TEXT}, "api_version"),
    "error": closed({"error": {
        "type": "object", "required": ["code"],
        "properties": {"code": {"type": "integer"}, "message": {"type": "string"}, "errors": {"type": "array"}},
    }}),
}
seen = {"signed": []}


def call(method, path, schema, status, body=None, headers=AUTHORIZATION):
    answer = requests.request(method, BASE + path, data=body, headers=headers, timeout=30)
    assert answer.status_code == status, (method, path, answer.status_code, answer.text)
    jsonschema.validate(answer.json(), SCHEMAS[schema])
    if schema != "error":
        seen["signed"].append([answer.text, answer.headers["X-OpenDSR-Signature"], answer.headers["X-OpenDSR-Processor-Domain"]])
    return answer.json()


discovery = call("GET", "/discovery", "discovery", 200, headers={})
# The stack's own name for itself need not lead to where it was found.
key = urllib.parse.urlsplit(discovery["processor_certificate"]).path
seen["key"] = requests.get(os.environ["API"] + key, timeout=30).text
request = {
    "regulation": "ccpa",
    "subject_request_id": str(uuid.uuid4()),
    "subject_request_type": "erasure",
    "submitted_time": "2026-10-02T15:00:00Z",
    "subject_identities": [
        {"identity_type": kind["identity_type"], "identity_value": "johndoe@example.com", "identity_format": kind["identity_format"]}
        for kind in discovery["supported_identities"] if kind["identity_type"] == "email"
    ],
    "api_version": "2.0",
    "extensions": {"other-processor.example": {"property_id": "123456"}},
}
body = json.dumps(request)
created = call("POST", "/requests", "created", 201, body)
assert call("POST", "/requests", "created", 201, body) == created
back = json.loads(base64.b64decode(created["encoded_request"]))
weak = {identity["identity_format"]: identity["identity_value"] for identity in back["subject_identities"]}
seen["back"] = weak
path = "/requests/" + request["subject_request_id"]
seen["status"] = call("GET", path, "status", 200)["request_status"]
call("DELETE", path, "error", 400)
call("POST", "/requests", "error", 401, body, headers={})
call("POST", "/requests", "error", 400, json.dumps({**request, "subject_request_type": "forget"}))
call("POST", "/requests", "error", 400, "{")
call("GET", "/requests/" + str(uuid.uuid4()), "error", 404)
seen["about customer"] = []
for kind in discovery["supported_subject_request_types"]:
    mine = {**request, "subject_request_id": str(uuid.uuid4()), "subject_request_type": kind}
    mine["subject_identities"] = [{"identity_type": "controller_customer_id", "identity_value": "191167", "identity_format": "raw"}]
    call("POST", "/requests", "created", 201, json.dumps(mine))
    seen["about customer"].append(call("GET", "/requests/" + mine["subject_request_id"], "status", 200)["request_status"])
print(json.dumps(seen))

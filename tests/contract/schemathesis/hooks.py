"""Puts ids that exist into most calls: with random ones alone every answer would be 404."""

import json
import os
import re
import zlib

import schemathesis

KNOWN = json.loads(os.environ["KNOWN_IDS"])
FORM = re.compile(r"[a-z]{3}_[0-7][0-9a-hjkmnp-tv-z]{25}")
# Calls that would take away what the calls after them need.
DESTRUCTIVE = {("DELETE", "/v1/stores/{store}")}


@schemathesis.hook
def before_call(context, case, kwargs):
    if not case.path_parameters or (case.method.upper(), case.operation.path) in DESTRUCTIVE:
        return
    for name, value in list(case.path_parameters.items()):
        known = KNOWN.get(name)
        if name == "id":
            # A malformed call stays one.
            known = KNOWN.get(case.operation.path.split("/")[4])
            fits = isinstance(value, str) and value.isalnum()
        else:
            fits = isinstance(value, str) and FORM.fullmatch(value)
        if known and fits and zlib.crc32(value.encode()) % 4:
            case.path_parameters[name] = known

"""Reads manifests with fideslang and compares every key with its default taxonomy, which fideslang does not do itself.

    check.py MANIFEST…                 exits 1 and says why where one is not a manifest, or names what the taxonomy does not have
    check.py --categories FILE         prints the keys that only one of the taxonomy and a list in our sources has
"""

import re
import sys

import yaml
from fideslang.default_taxonomy import DEFAULT_TAXONOMY
from fideslang.models import Dataset, System

KINDS = {"dataset": Dataset, "system": System}


def keys(of):
    return {item.fides_key for item in of}


KNOWN = {
    "data_categories": keys(DEFAULT_TAXONOMY.data_category),
    "data_use": keys(DEFAULT_TAXONOMY.data_use),
    "data_subjects": keys(DEFAULT_TAXONOMY.data_subject),
}


def unknown(node, place=""):
    """Each key that the taxonomy does not have, with its place."""
    if isinstance(node, list):
        for number, item in enumerate(node):
            yield from unknown(item, f"{place}[{number}]")
    elif isinstance(node, dict):
        for name, value in node.items():
            if name in KNOWN:
                given = value if isinstance(value, list) else [value]
                yield from (f"{place}.{name}: {key}" for key in given if key not in KNOWN[name])
            else:
                yield from unknown(value, f"{place}.{name}")


def check(path):
    with open(path, encoding="utf-8") as file:
        manifest = yaml.safe_load(file)
    count = 0
    for kind, items in manifest.items():
        for item in items:
            KINDS[kind].model_validate(item)
            count += 1
    wrong = list(unknown(manifest))
    if wrong:
        sys.exit(f"{path}: not in the taxonomy: " + ", ".join(wrong))
    print(f"{path}: {count}")


if sys.argv[1] == "--categories":
    with open(sys.argv[2], encoding="utf-8") as file:
        listed = set(re.findall(r'^    "([a-z_.]+)",$', file.read(), re.MULTILINE))
    differ = sorted(listed ^ KNOWN["data_categories"])
    sys.exit(" ".join(differ) if differ else 0)
for manifest in sys.argv[1:]:
    check(manifest)

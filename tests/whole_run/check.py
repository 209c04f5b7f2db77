"""Looks for people in texts with Presidio's recognisers, and says what it found.

Reads a line of JSON, the names that are people's; then lines {"place", "content"}. Writes a line {"place", "entity", "text"} for each find.

Recognisers by pattern and checksum, and a list of names. Presidio's model for names is not on PyPI, and would find people in product names.
"""

import json
import sys

import spacy
from presidio_analyzer import AnalyzerEngine, PatternRecognizer, RecognizerRegistry
from presidio_analyzer.nlp_engine import SpacyNlpEngine
from presidio_analyzer.predefined_recognizers import (
    CreditCardRecognizer,
    EmailRecognizer,
    IbanRecognizer,
    PhoneRecognizer,
    UsSsnRecognizer,
)

# A piece at a time: a queue's messages are megabytes.
PIECE = 100_000
OVERLAP = 200
SURE = 0.4


class Blank(SpacyNlpEngine):
    """Tokens, and nothing that a model would have to be downloaded for."""

    def __init__(self):
        super().__init__()
        self.nlp = {"en": spacy.blank("en")}


class AnyEmail(EmailRecognizer):
    """Addresses of every domain, those that are reserved for tests too; the original asks a list of domains that it would download."""

    def validate_result(self, pattern_text):
        return None


def engine(names):
    registry = RecognizerRegistry(
        recognizers=[
            AnyEmail(),
            # Numbers that say their country: every id with ten digits in it is somebody's number somewhere.
            PhoneRecognizer(supported_regions=("ZZ",)),
            CreditCardRecognizer(),
            IbanRecognizer(),
            UsSsnRecognizer(),
            PatternRecognizer(supported_entity="PERSON", deny_list=names),
        ]
    )
    return AnalyzerEngine(registry=registry, nlp_engine=Blank(), supported_languages=["en"])


def main():
    people = engine(json.loads(sys.stdin.readline()))
    for line in sys.stdin:
        holding = json.loads(line)
        content = holding["content"]
        for start in range(0, max(len(content), 1), PIECE):
            piece = content[start : start + PIECE + OVERLAP]
            for found in people.analyze(text=piece, language="en", score_threshold=SURE):
                text = piece[found.start : found.end]
                print(json.dumps({"place": holding["place"], "entity": found.entity_type, "text": text}))


main()

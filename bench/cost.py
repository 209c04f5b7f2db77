"""Reckons what a million events cost at list price, from units that the rig counted, and writes COST.md.

    python3 bench/cost.py              # builds the three functions and the rig, counts, writes COST.md; exit code 1 above the bar

Needs what bench/run.py needs for our own functions: Linux, Python 3, cargo.
"""

import argparse
import sys

import run

BAR = 12.0
EVENTS = 1e6
# us-east-1, US dollars: shared/spec/performance.md names the sources; a message group on a standard queue ("fair queues") has a surcharge since July 2025.
PRICES = {
    "gateway": 1.00 / 1e6, "invocation": 0.20 / 1e6, "gb_second": 0.0000166667, "write": 0.625 / 1e6, "read": 0.125 / 1e6,
    "queue": 0.40 / 1e6, "group": 0.10 / 1e6, "key": 3.00 / 1e6, "log_gb": 0.50, "out_gb": 0.09, "stored_gb_month": 0.25 + 0.20,
}
# What a rig on loopback cannot measure, on the dear side.
GB = 256 / 1024
REQUEST_MS = 5
ENDPOINT_MS = 200
LOG_BYTES = 1_000
OUT_BYTES = 3_000
STORED_BYTES = 1_500
STORED_MONTHS = 14 / 30

FUNCTIONS = [("intake", "hook"), ("fan-out", "fan-out"), ("deliver", "deliver")]


def counted(batch, calls):
    """What each function uses for one event."""
    used = {}
    for function, case in FUNCTIONS:
        messages = 1 if case == "hook" else batch
        command = [str(run.RELEASE / function)]
        figures, _ = run.rig(case, ["--batch", str(messages)], command, 50, calls)
        each = {name: value / calls / messages for name, value in figures["used"].items()}
        each["invocations"] = 1 / messages
        each["cpu_ms"] = figures["warm_cpu_ns"] / 1e6 / calls / messages
        # One message's requests run after each other; those of a batch beside each other, which is not counted in our favour.
        each["ms"] = each["cpu_ms"] + each["requests"] * REQUEST_MS + (ENDPOINT_MS / messages if case == "deliver" else 0)
        # What the event source does for us: a receive and a delete for each batch.
        each["polls"] = 0 if case == "hook" else 2 / messages
        used[function] = each
    return used


def costs(used):
    """Dollars for a million events, by what they are for."""
    def total(name, functions=tuple(used)):
        return sum(used[function][name] for function in functions)

    each = {
        "API Gateway, HTTP API": PRICES["gateway"],
        "Lambda, invocations": total("invocations") * PRICES["invocation"],
        "Lambda, duration": total("ms") / 1e3 * GB * PRICES["gb_second"],
        "DynamoDB, writes": total("writes") * PRICES["write"],
        "DynamoDB, reads": total("reads") * PRICES["read"],
        "SQS, sends (with a message group)": total("sends") * (PRICES["queue"] + PRICES["group"]),
        "SQS, receives and deletes": total("polls") * PRICES["queue"],
        "KMS": total("keys") * PRICES["key"],
        "CloudWatch Logs": total("invocations") * LOG_BYTES / 1e9 * PRICES["log_gb"],
        "Transfer out": OUT_BYTES / 1e9 * PRICES["out_gb"],
        "DynamoDB, storage and backups": STORED_BYTES / 1e9 * STORED_MONTHS * PRICES["stored_gb_month"],
    }
    return {name: cost * EVENTS for name, cost in each.items()}


def page(alone, together):
    lines = [
        "# What a million events cost", "",
        "Made by `python3 bench/cost.py`: a store's webhook, verified, made an event and delivered to one endpoint that takes it at once. Units are counted by the rig from what",
        "the release binaries really ask of AWS; prices are AWS's list for us-east-1 without any free tier.", "",
        "| for each event | " + " | ".join(f"{name}, alone | {name}, in tens" for name, _ in FUNCTIONS) + " |",
        "|---|" + "---|" * (2 * len(FUNCTIONS)),
    ]
    names = {
        "requests": "requests of AWS", "writes": "write units", "reads": "read units", "sends": "requests of a queue, sending", "polls": "requests of a queue, by the event source",
        "keys": "calls of KMS", "cpu_ms": "CPU, ms", "ms": "duration as reckoned, ms",
    }
    for name, text in names.items():
        cells = [f"{used[function][name]:.2f}" for function, _ in FUNCTIONS for used in (alone, together)]
        lines.append(f"| {text} | " + " | ".join(cells) + " |")
    dear, cheap = costs(alone), costs(together)
    lines += ["", "| US dollars for a million events | every message alone | messages in tens |", "|---|---|---|"]
    lines += [f"| {name} | {dear[name]:.2f} | {cheap[name]:.2f} |" for name in dear]
    lines += [f"| **together** | **{sum(dear.values()):.2f}** | **{sum(cheap.values()):.2f}** |", ""]
    lines += [
        f"The bar is {BAR:.0f} dollars. \"Alone\" is the worst case: events so far apart that no two share an invocation; where they come in numbers, the event source hands over ten at a time.", "",
        "What the rig cannot measure is assumed, on the dear side:", "",
        f"- {GB * 1024:.0f} MB of memory; {REQUEST_MS} ms for a request of AWS, all of them after each other; {ENDPOINT_MS} ms for the endpoint;",
        f"- {LOG_BYTES:,} bytes of log an invocation (ours and Lambda's own), {OUT_BYTES:,} bytes out to the endpoint, {STORED_BYTES:,} bytes stored for 14 days (envelope and delivery) with backups.", "",
        "Not in it: an event source polls an idle queue too, at about 15 requests a minute, 0.26 dollars a month for each of the four queues of events; an attempt that fails and is made again costs what `deliver`",
        "costs, and one request more to hide the message; a second subscription costs another delivery; an event whose object must be read from its store costs that call's time.", "",
    ]
    (run.BENCH / "COST.md").write_text("\n".join(lines))
    return sum(dear.values())


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--calls", type=int, default=500)
    arguments.add_argument("--no-build", action="store_true", help="count what was built before")
    asked = arguments.parse_args()
    if not asked.no_build:
        run.build([name for name, _ in FUNCTIONS] + ["rig"])
    worst = page(counted(1, asked.calls), counted(run.BATCH, asked.calls))
    print(f"{worst:.2f} of {BAR:.2f} dollars")
    sys.exit(worst > BAR)


if __name__ == "__main__":
    main()

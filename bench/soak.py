"""Keeps the local stack at the highest rate that it holds and looks whether anything is lost or grows.

    cargo run -p local                 # in another terminal; wait until it is up
    python3 bench/soak.py              # half an hour; writes SOAK.md; exit code 1 where something is lost
    python3 bench/soak.py --minutes 2

Webhooks of the demo store go in signed, as fast as deliveries come out: no more than so many are under way at a time. Each of them is for one of
forty subscriptions; the one for a hundredth of them has an endpoint that fails until the end and then takes what it missed. Needs Linux and Python 3.
"""

import argparse
import hashlib
import hmac
import http.client
import json
import os
import statistics
import sys
import threading
import time
import urllib.request
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
STACK = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "local" / "stack.json"
FUNCTIONS = ("intake", "fan-out", "deliver")
ENDPOINTS = 40
FAILING = 0
FIRST_ORDER, ORDERS = 5_001, 300
# Webhooks of an earlier run are known and would not be told again.
RUN = f"soak-{os.getpid()}-{int(time.time())}"
UNDER_WAY = 150
SENDERS = 8
EVERY = 20
# How long the last may take, in seconds: an endpoint that was out of order is tried again within the hour.
PATIENCE = 4_000


def endpoint_of(order):
    """Which endpoint an order's events are for: the failing one has one in a hundred."""
    place = order - FIRST_ORDER
    return FAILING if place < ORDERS // 100 else 1 + place % (ENDPOINTS - 1)


def count_of(number):
    return int(number.rsplit("-", 1)[1])


def utc_now():
    return datetime.now(timezone.utc).isoformat()


def order_of(count):
    return FIRST_ORDER + count % ORDERS


class Soak:
    def __init__(self, stack):
        self.stack = stack
        self.lock = threading.Lock()
        self.room = threading.Semaphore(UNDER_WAY)
        self.sent, self.acknowledged, self.arrived, self.refused = 0, {}, {}, 0
        # What the endpoint that failed took in the end, by events: objects are read anew for it, and are not what was sent.
        self.late = set()
        self.doubles, self.taken_in, self.latencies = 0, [], []
        self.failing, self.over = True, False

    def call(self, method, path, body=None):
        api = urlsplit(self.stack["api"])
        line = http.client.HTTPConnection(api.hostname, api.port, timeout=60)
        headers = {"authorization": f"Bearer {self.stack['owner_key']}", "content-type": "application/json"}
        for _ in range(60):
            line.request(method, path, json.dumps(body) if body is not None else None, headers)
            answer = line.getresponse()
            said = answer.read()
            if answer.status != 429:
                break
            time.sleep(1)
        if answer.status >= 300:
            sys.exit(f"{method} {path}: {answer.status} {said[:500]}")
        return json.loads(said) if said else None

    def receive(self, endpoint, body):
        """What the endpoint answers."""
        event = json.loads(body)
        if endpoint == FAILING and self.failing:
            with self.lock:
                self.refused += 1
            return 500
        number, now = event["data"]["number"], time.monotonic()
        with self.lock:
            if endpoint == FAILING:
                self.late.add(event["id"])
                return 200
            if number in self.arrived:
                self.doubles += 1
                return 200
            self.arrived[number] = now
        self.room.release()
        return 200

    def missing(self):
        """How many webhooks were acknowledged and have not arrived: of the endpoints that work by their numbers, of the other one by count."""
        with self.lock:
            for_failing = [number for number in self.acknowledged if endpoint_of(order_of(count_of(number))) == FAILING]
            lost = sum(number not in self.arrived for number in self.acknowledged) - len(for_failing)
            return lost, max(0, len(for_failing) - len(self.late))

    def send(self, order):
        """One sender, one webhook after another until the time is over."""
        api, secret = urlsplit(self.stack["api"]), self.stack["hook_secret"].encode()
        line = http.client.HTTPConnection(api.hostname, api.port, timeout=60)
        while not self.over:
            with self.lock:
                self.sent += 1
                count = self.sent
            at = order_of(count)
            if endpoint_of(at) != FAILING and not self.room.acquire(timeout=120):
                sys.exit("deliveries do not come out any more")
            number = f"{RUN}-{count}"
            data = order | {"id": at, "number": number, "updated_at": utc_now()}
            body = json.dumps({"id": number, "topic": "order.updated", "created_at": data["updated_at"], "data": data})
            headers = {
                "content-type": "application/json", "x-cartos-topic": "order.updated", "x-cartos-delivery": number,
                "x-cartos-signature": hmac.new(secret, body.encode(), hashlib.sha256).hexdigest(),
            }
            began = time.monotonic()
            while True:
                try:
                    line.request("POST", f"/hooks/{self.stack['store']}", body, headers)
                    answer = line.getresponse()
                    answer.read()
                except OSError:
                    line.close()
                    continue
                if answer.status == 200:
                    break
                # As platforms do: again until it is taken.
                time.sleep(0.2)
            now = time.monotonic()
            with self.lock:
                self.acknowledged[number] = began
                self.taken_in.append(now - began)


def memory():
    """Resident bytes of the processes of each function: of the largest, and of how many."""
    found = {name: [] for name in FUNCTIONS}
    for process in Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        try:
            name = Path(os.readlink(process / "exe")).name
            # The emulator unpacks a function's package into a folder of its name.
            words = {name, *(part for part in (process / "cwd").resolve().parts), *Path(os.readlink(process / "exe")).parts}
            resident = int((process / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        except (OSError, IndexError):
            continue
        for function in FUNCTIONS:
            if any(word == function or word.endswith(f"-{function}") for word in words):
                found[function].append(resident)
    return {name: (max(sizes, default=0), len(sizes)) for name, sizes in found.items()}


def of_the_demo_store(stack):
    """An order as its webhooks tell of it."""
    asked = urllib.request.Request(
        f"{stack['api']}/v1/stores/{stack['store']}/raw/api/orders/{FIRST_ORDER}",
        headers={"authorization": f"Bearer {stack['app_key']}"},
    )
    with urllib.request.urlopen(asked, timeout=60) as answer:
        return json.load(answer)["order"]


def percentile(values, part):
    return sorted(values)[min(len(values) - 1, int(len(values) * part))] if values else float("nan")


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--minutes", type=float, default=30)
    asked = arguments.parse_args()
    if not STACK.exists():
        sys.exit("the local stack is not up: cargo run -p local")
    soak = Soak(json.loads(STACK.read_text()))

    class Endpoint(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            self.send_response(soak.receive(int(self.path.rsplit("/", 1)[1]), body))
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 512

    server = Server(("127.0.0.1", 0), Endpoint)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    subscriptions = []
    try:
        lost = drive(soak, f"http://127.0.0.1:{server.server_address[1]}", subscriptions, asked.minutes)
    finally:
        for subscription in subscriptions:
            soak.call("DELETE", f"/v1/subscriptions/{subscription}")
    sys.exit(bool(lost))


def drive(soak, address, subscriptions, minutes):
    """Sends for so long, waits for the last, writes the page; the ids of the subscriptions that it makes go into `subscriptions`."""
    order = of_the_demo_store(soak.stack)
    application = soak.call("GET", "/v1/applications")["data"][0]["id"]
    for endpoint in range(ENDPOINTS):
        ids = [str(order_id) for order_id in range(FIRST_ORDER, FIRST_ORDER + ORDERS) if endpoint_of(order_id) == endpoint]
        made = soak.call("POST", "/v1/subscriptions", {
            "application": application, "url": f"{address}/{endpoint}", "topics": ["order.updated"], "filter": {"id": ids},
        })
        subscriptions.append(made["id"])
    since = utc_now()
    began, samples, every = time.monotonic(), [], min(EVERY, minutes * 60 / 3)
    senders = [threading.Thread(target=soak.send, args=(order,), daemon=True) for _ in range(SENDERS)]
    for sender in senders:
        sender.start()
    while time.monotonic() - began < minutes * 60:
        before = len(soak.arrived)
        time.sleep(every)
        samples.append(memory())
        sizes = ", ".join(f"{name} {size / 1e6:.1f} MB x{count}" for name, (size, count) in samples[-1].items())
        print(f"{time.monotonic() - began:6.0f} s  {(len(soak.arrived) - before) / every:6.1f} a second, {soak.sent} sent, {sizes}", flush=True)
    soak.over = True
    for sender in senders:
        sender.join(timeout=120)
    elapsed = time.monotonic() - began
    # The endpoint that failed is mended: what was parked comes by itself, what waits for a later attempt is asked for.
    soak.failing = False
    soak.call("POST", f"/v1/subscriptions/{subscriptions[FAILING]}/replay", {"from": since, "to": utc_now()})
    while any(soak.missing()) and time.monotonic() - began < elapsed + PATIENCE:
        time.sleep(10)
        print(f"still under way: {soak.missing()}", flush=True)
    lost = sum(soak.missing())
    with soak.lock:
        healthy = [
            soak.arrived[number] - sent for number, sent in soak.acknowledged.items()
            if number in soak.arrived and endpoint_of(order_of(count_of(number))) != FAILING
        ]
    write(soak, minutes, elapsed, samples, healthy, lost)
    return lost


def write(soak, minutes, elapsed, samples, healthy, lost):
    lines = [
        "# The soak", "",
        "Made by `python3 bench/soak.py` against the local stack (`cargo run -p local`): API Gateway, queues and tables are the emulator's, on the same two cores, and set the rate; the",
        "functions are debug builds. What counts here is that nothing is lost and nothing grows, not the speed.", "",
        f"{datetime.now(timezone.utc):%Y-%m-%d %H:%M UTC}, {minutes:g} minutes, {ENDPOINTS} subscriptions; the endpoint of one, for which one event in a hundred is, failed to the end and then took what it had missed.", "",
        "| | |", "|---|---|",
        f"| webhooks acknowledged | {len(soak.acknowledged):,} |",
        f"| delivered | {len(soak.arrived) + len(soak.late):,} |",
        f"| lost | {lost} |",
        f"| delivered more than once | {soak.doubles} |",
        f"| refused by the failing endpoint | {soak.refused} |",
        f"| events a second, over all | {len(soak.arrived) / elapsed:.1f} |",
        f"| a webhook's answer, median / 95 % / 99 % | {' / '.join(f'{percentile(soak.taken_in, part) * 1e3:,.0f} ms' for part in (0.5, 0.95, 0.99))} |",
        f"| from webhook to endpoint, median / 95 % / 99 % | {' / '.join(f'{percentile(healthy, part):,.2f} s' for part in (0.5, 0.95, 0.99))} |",
        "", "| memory of the largest process | first quarter | last quarter |", "|---|---|---|",
    ]
    quarter = max(1, len(samples) // 4)
    for name in FUNCTIONS:
        sizes = [found[name][0] / 1e6 for found in samples]
        lines.append(f"| `{name}` | {statistics.mean(sizes[:quarter]):.1f} MB | {statistics.mean(sizes[-quarter:]):.1f} MB |")
    page = ROOT / "bench" / "SOAK.md"
    page.write_text("\n".join([*lines, ""]))
    print(f"written: {page}; {lost} lost")


if __name__ == "__main__":
    main()

"""What the `proxy` function weighs: package, start-up CPU, CPU a warm call, peak memory.

Runs the release binary under Lambda's own protocol (Runtime API and Extensions API) against the running local stack:

    cargo build --release -p proxy
    cargo run -p local                 # in another terminal
    python3 bench/footprint.py

The emulator and the demo store share the machine's cores, so wall times say nothing; the figures are the process's own CPU and memory.
Five runs, medians. Needs Python 3 and Linux.
"""

import json
import os
import queue
import statistics
import subprocess
import sys
import threading
import time
import urllib.request
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BINARY = ROOT / "target" / "release" / "proxy"
LOCAL = ROOT / "target" / "local"
RUNS, WARM_CALLS = 5, 60


class Runtime:
    """Feeds one function events and notes when it is ready."""

    def __init__(self):
        self.events, self.invoked, self.answers = queue.Queue(), queue.Queue(), queue.Queue()
        self.ready, self.extension_ready = queue.Queue(), queue.Queue()
        runtime = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def send(self, status, body=b"", **headers):
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), value)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self):
                if self.path.endswith("/invocation/next"):
                    runtime.ready.put(None)
                    event = runtime.events.get()
                    deadline = str(int((time.time() + 29) * 1000))
                    self.send(200, event, lambda_runtime_aws_request_id="1", lambda_runtime_deadline_ms=deadline,
                              lambda_runtime_invoked_function_arn="arn:aws:lambda:eu-west-1:000000000000:function:it")
                else:
                    runtime.extension_ready.put(None)
                    runtime.invoked.get()
                    self.send(200, json.dumps({"eventType": "INVOKE", "deadlineMs": 0, "requestId": "1", "invokedFunctionArn": "a",
                                               "tracing": {"type": "X-Amzn-Trace-Id", "value": "n"}}).encode())

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("content-length") or 0)) if "content-length" in self.headers else self.chunks()
                if self.path.endswith("/register"):
                    self.send(200, b'{"functionName":"it","functionVersion":"1","handler":"bootstrap"}', lambda_extension_identifier="1")
                else:
                    runtime.answers.put(body)
                    self.send(202)

            def chunks(self):
                body = b""
                while size := int(self.rfile.readline(), 16):
                    body += self.rfile.read(size)
                    self.rfile.readline()
                self.rfile.readline()
                return body

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def invoke(self, event):
        self.events.put(event)
        self.invoked.put(None)
        answer = json.loads(self.answers.get(timeout=30))
        # The sandbox would be frozen when both are ready again: what was done by then is what the call cost.
        self.ready.get(timeout=30)
        self.extension_ready.get(timeout=30)
        return answer["statusCode"]


def scheduled_ms(pid):
    """CPU in nanosecond steps, which a start of two milliseconds needs."""
    return sum(int(Path(f"/proc/{pid}/task/{task}/schedstat").read_text().split()[0]) for task in os.listdir(f"/proc/{pid}/task")) / 1e6


def peak_mb(pid):
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def send(method, url, key, body):
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json", "user-agent": "bench/1"}
    with urllib.request.urlopen(urllib.request.Request(url, json.dumps(body).encode(), headers, method=method)) as answer:
        return json.loads(answer.read() or "null")


def main():
    if not BINARY.exists() or not (LOCAL / "stack.json").exists():
        sys.exit(__doc__)
    stack = json.loads((LOCAL / "stack.json").read_text())
    environment = dict(line.split("=", 1) for line in (LOCAL / "functions.env").read_text().splitlines())
    api, owner, scopes = stack["api"], stack["owner_key"], ["products:read"]
    application = send("POST", f"{api}/v1/applications", owner, {"name": "bench"})["id"]
    send("PUT", f"{api}/v1/stores/{stack['store']}/grants/{application}", owner, {"scopes": scopes})
    key = send("POST", f"{api}/v1/applications/{application}/keys", owner, {"scopes": scopes, "tier": "professional"})["key"]
    event = json.dumps({
        "rawPath": f"/v1/stores/{stack['store']}/products", "rawQueryString": "per_page=25",
        "headers": {"authorization": f"Bearer {key}", "user-agent": "bench/1"},
        "requestContext": {"http": {"method": "GET", "sourceIp": "198.51.100.7"}},
    }).encode()

    archive = ROOT / "target" / "release" / "proxy.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as out:
        out.write(BINARY, "bootstrap")
    rows = {"start-up CPU to the first /next, ms": [], "CPU of the first call, ms": [], "CPU a warm call, ms": [], "peak RSS, MB": []}
    for _ in range(RUNS):
        runtime = Runtime()
        host, port = runtime.server.server_address
        names = {"AWS_LAMBDA_RUNTIME_API": f"{host}:{port}", "AWS_LAMBDA_FUNCTION_NAME": "it", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
                 "AWS_LAMBDA_FUNCTION_VERSION": "1", "AWS_LAMBDA_LOG_STREAM_NAME": "it", "AWS_LAMBDA_LOG_GROUP_NAME": "it"}
        process = subprocess.Popen([BINARY], env=environment | names, stdout=subprocess.DEVNULL)
        runtime.ready.get(timeout=30)
        runtime.extension_ready.get(timeout=30)
        started = scheduled_ms(process.pid)
        assert runtime.invoke(event) == 200
        first = scheduled_ms(process.pid)
        for _ in range(WARM_CALLS):
            time.sleep(0.11)  # the tier allows ten a second
            status = runtime.invoke(event)
            assert status == 200, status
        warm = scheduled_ms(process.pid)
        rows["start-up CPU to the first /next, ms"].append(started)
        rows["CPU of the first call, ms"].append(first - started)
        rows["CPU a warm call, ms"].append((warm - first) / WARM_CALLS)
        rows["peak RSS, MB"].append(peak_mb(process.pid))
        process.terminate()
        process.wait()
        runtime.server.shutdown()
    print(f"package: {BINARY.stat().st_size / 1e6:.2f} MB, zipped {archive.stat().st_size / 1e6:.2f} MB")
    for name, values in rows.items():
        print(f"{name}: median {statistics.median(values):.2f} (min {min(values):.2f}, max {max(values):.2f}) of {RUNS} runs")


main()

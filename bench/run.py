"""Measures the functions beside their peers and writes the figures into bench/RESULTS.md, with a plot.

    python3 bench/run.py               # builds, runs every contender in turn five times, counts instructions
    python3 bench/run.py --budgets     # package and instructions only, against budgets.json; exit code 1 above one

Needs Linux, Python 3, cargo, valgrind; for the comparison also npm, Node 20, nginx, and what `aws-lambda-ric` compiles with (cmake,
autoconf, automake, libtool, g++). README.md tells what is measured and how.
"""

import argparse
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import zipfile
from datetime import datetime, timezone
from pathlib import Path

import report

BENCH = Path(__file__).resolve().parent
ROOT = BENCH.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
RELEASE = TARGET / "release"
NODE = BENCH / "peers" / "node"
NGINX = [shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin") or "nginx", "-c", str(BENCH / "peers" / "nginx" / "nginx.conf")]
PORTS = ["--http", "18080", "--store-port", "18081"]
# The rig has one core and the contender the other, so that neither moves nor waits for the other.
RIG_CORE, CONTENDER_CORE = ("0", "1") if os.cpu_count() > 1 else ("0", "0")

# Messages of one invocation of a function behind a queue: what the template has.
BATCH = 10

# Contender, case, options of the rig, command.
PROXY, INTAKE, FAN_OUT, DELIVER = ([str(RELEASE / name)] for name in ("proxy", "intake", "fan-out", "deliver"))
FLOOR = [str(RELEASE / "floor")]
# Lambda's own start of a Node function, but for its flags: the official runtime client over the bundle.
PEER = ["env", f"--chdir={NODE}", "node", "node_modules/.bin/aws-lambda-ric", "dist/index.handler"]
PEER_INTAKE = [*PEER[:-1], "dist/intake.handler"]
SERVER = [*NGINX, "-g", "daemon off;"]
ALONE = [*NGINX, "-g", "daemon off; master_process off;"]
MEASURED = [
    ("proxy", "one", [], PROXY),
    ("proxy", "page", [], PROXY),
    ("proxy", "leased", [], PROXY),
    ("proxy", "raw", [], PROXY),
    ("proxy", "full", [], PROXY),
    ("node", "one", [], PEER),
    ("node", "page", [], PEER),
    ("node", "raw", [], PEER),
    ("node", "full", [], PEER),
    ("nginx", "raw", PORTS, SERVER),
    ("intake", "hook", [], INTAKE),
    ("node", "hook", [], PEER_INTAKE),
    ("floor", "hook", [], FLOOR),
    ("fan-out", "fan-out", ["--batch", str(BATCH)], FAN_OUT),
    ("deliver", "deliver", ["--batch", str(BATCH)], DELIVER),
]
# An interpreter that compiles as it runs has no count of instructions that repeats, so Node has none.
OURS = ("proxy", "intake", "fan-out", "deliver")
COUNTED = [entry for entry in MEASURED if entry[0] in (*OURS, "floor")] + [("nginx", "raw", PORTS, ALONE)]


def run(command, **options):
    return subprocess.run(command, check=True, text=True, **options)


def rig(case, options, command, warm_up, calls):
    """One run: what the rig says, and what the contender wrote to stderr."""
    call = ["taskset", "-c", RIG_CORE, str(RELEASE / "rig"), "--case", case, "--warm-up", str(warm_up), "--calls", str(calls), *options]
    done = subprocess.run([*call, "--", "taskset", "-c", CONTENDER_CORE, *command], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} ({case}): {done.stderr[-2000:]}")
    return json.loads(done.stdout), done.stderr


def build(packages):
    # One by one: together they would be built with the features that either of them wants.
    for package in packages:
        run(["cargo", "build", "--release", "-p", package], cwd=ROOT)


def build_peers():
    run(["npm", "ci", "--no-audit", "--no-fund"], cwd=NODE)
    run(["npm", "run", "--silent", "build"], cwd=NODE)


def zipped(name, *files):
    archive = TARGET / "bench" / f"{name}.zip"
    archive.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as out:
        for file, inside in files:
            out.write(file, inside)
    return archive.stat().st_size


def packages():
    """The zipped bytes of each function that is measured, as they would be uploaded."""
    return {name: zipped(name, (RELEASE / name, "bootstrap")) for name in OURS}


def measure(runs, warm_up, calls):
    """Every contender in turn, and that several times, so that a slow minute of the machine falls on all."""
    taken = {(contender, case): [] for contender, case, _, _ in MEASURED}
    for turn in range(runs):
        for contender, case, options, command in MEASURED:
            figures, _ = rig(case, options, command, warm_up, calls)
            taken[contender, case].append(figures)
            micros = figures["warm_cpu_ns"] / calls / 1e3
            print(f"run {turn + 1}/{runs}  {contender:7} {case:7} {micros:8.1f} µs a call", flush=True)
    return taken


def instructions(entries, calls):
    """Counted by callgrind: to the first `/next`, of the first call, of a warm call (from the difference of two runs)."""
    folder = TARGET / "bench"
    folder.mkdir(parents=True, exist_ok=True)

    def count(case, options, command, warm_up, calls):
        tool = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/callgrind.{case}.{warm_up + calls}"]
        _, said = rig(case, options, [*tool, *command], warm_up, calls)
        return int(re.search(r"Collected : (\d+)", said)[1])

    counted = {}
    for contender, case, options, command in entries:
        start, first = count(case, options, command, 0, 0), count(case, options, command, 1, 0)
        once, twice = count(case, options, command, calls, 0), count(case, options, command, calls, calls)
        counted[contender, case] = {"start": start, "first": first - start, "warm": (twice - once) / calls}
        print(f"counted  {contender:7} {case:7} {start:>12,} {first - start:>12,} {round((twice - once) / calls):>10,}", flush=True)
    return counted


def medians(taken, calls):
    """Of each figure: the median with the lowest and the highest run."""
    def three(values):
        return {"median": statistics.median(values), "min": min(values), "max": max(values)}

    return {
        key: {
            "start_cpu_us": three([run["start_cpu_ns"] / 1e3 for run in runs]),
            "start_wall_us": three([run["start_wall_ns"] / 1e3 for run in runs]),
            "first_cpu_us": three([run["first_cpu_ns"] / 1e3 for run in runs]),
            "warm_cpu_us": three([run["warm_cpu_ns"] / calls / 1e3 for run in runs]),
            "peak_mb": three([run["peak_bytes"] / 1e6 for run in runs]),
            "answer_bytes": runs[0]["answer_bytes"],
            "store_bytes": runs[0]["store_bytes"],
            # What it used of AWS, a call; the same in every run.
            "used": {name: used / calls for name, used in runs[0].get("used", {}).items()},
        }
        for key, runs in taken.items()
    }


def budgets(calls):
    """Holds the deterministic figures against budgets.json."""
    bounds = json.loads((BENCH / "budgets.json").read_text())
    counted = instructions([entry for entry in COUNTED if entry[0] in OURS], calls)
    found = {f"{name} zipped": size for name, size in packages().items()}
    for (contender, case), figures in counted.items():
        found[f"{contender} start"] = figures["start"]
        found[f"{contender} {case}"] = figures["warm"]
    over = [name for name, bound in bounds.items() if found[name] > bound]
    for name, bound in bounds.items():
        print(f"{name:18} {found[name]:>12,.0f} of {bound:>12,}{'  OVER' if name in over else ''}")
    sys.exit(1 if over else 0)


def conditions(runs, warm_up, calls):
    def version(*command):
        done = subprocess.run(command, capture_output=True, text=True)
        return (done.stdout + done.stderr).strip().splitlines()[0]

    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    return {
        "date": datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "commit": version("git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"),
        "machine": f"{os.cpu_count()} cores ({model[1].strip() if model else platform.machine()}), Linux {platform.release()}",
        "load": os.getloadavg()[0],
        "versions": [version("rustc", "--version"), f"Node {version('node', '--version')}", version(NGINX[0], "-v").removeprefix("nginx version: ")],
        "runs": runs, "warm_up": warm_up, "calls": calls,
    }


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--budgets", action="store_true", help="only what is deterministic, against budgets.json")
    arguments.add_argument("--runs", type=int, default=5)
    arguments.add_argument("--warm-up", type=int, default=500)
    arguments.add_argument("--calls", type=int, default=2_000)
    arguments.add_argument("--counted-calls", type=int, default=200, help="calls in the shorter run under callgrind")
    arguments.add_argument("--no-build", action="store_true", help="measure what was built before")
    asked = arguments.parse_args()
    wanted = ["cargo", "valgrind", "taskset"] + ([] if asked.budgets else ["npm", "node", NGINX[0]])
    if missing := [program for program in wanted if not shutil.which(program)]:
        sys.exit(f"missing: {', '.join(missing)}")
    if not asked.no_build:
        build([*OURS, "floor", "rig"])
        if not asked.budgets:
            build_peers()
    if asked.budgets:
        budgets(asked.counted_calls)
    before = conditions(asked.runs, asked.warm_up, asked.calls)
    figures = medians(measure(asked.runs, asked.warm_up, asked.calls), asked.calls)
    report.write({
        "conditions": before,
        "figures": figures,
        "instructions": instructions(COUNTED, asked.counted_calls),
        "zipped": packages() | {"node": zipped("node", (NODE / "dist" / "index.mjs", "index.mjs"))},
        "batch": BATCH,
    })


if __name__ == "__main__":
    main()

"""Runs the AWS emulator so that it never outlives whoever needs it.

The emulator and the functions it starts live in a session of their own, so a ctrl-c in the terminal does not reach them half way.
They end, with their state saved where that is asked for, in one of two ways:

  --owner stdin      when the pipe on standard input closes. It closes however the owner ends, SIGKILL included.
  --owner FILE       when nobody has held a shared lock on FILE for --idle seconds (test processes share one emulator).
                     GATE, locked exclusively while a test process looks for the emulator or starts it, is held during the end.

A function whose emulator was killed ends by itself: its runtime finds nobody to ask for the next event. Everything else about the
emulator is set in the environment by the caller (see shared/testkit/src/stack/emulator.rs).
"""

import argparse
import fcntl
import json
import os
import signal
import sys
import threading
import time

# The emulator saves its state when asked to stop; it is killed only if that takes longer than this.
STOP_SECONDS = 20


def stop():
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(STOP_SECONDS)
    end_group()


def end_group():
    """Ends this process and every function it started."""
    os.killpg(os.getpgrp(), signal.SIGKILL)


def watch_stdin():
    while os.read(0, 4096):
        pass
    stop()


def watch_lock(path, gate_path, record, idle):
    gate = open(gate_path, "a")
    free_since = None
    while True:
        time.sleep(1)
        with open(path, "a") as held:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                free_since = free_since or time.monotonic()
            except OSError:
                free_since = None
        if free_since is None or time.monotonic() - free_since < idle:
            continue
        try:
            fcntl.flock(gate, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            continue
        # Whoever comes next starts a new emulator; the gate opens when this process is gone.
        if names_this_emulator(record):
            os.remove(record)
        stop()


def names_this_emulator(record):
    try:
        with open(record) as file:
            return str(json.load(file)["port"]) == os.environ["GATEWAY_PORT"]
    except (OSError, ValueError, KeyError):
        return False


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--owner", required=True)
    parser.add_argument("--gate")
    parser.add_argument("--record")
    parser.add_argument("--idle", type=float, default=20)
    arguments = parser.parse_args()
    if os.getpid() != os.getpgrp():
        os.setsid()
    if arguments.owner == "stdin":
        watch = threading.Thread(target=watch_stdin, daemon=True)
    else:
        watch = threading.Thread(
            target=watch_lock, args=(arguments.owner, arguments.gate, arguments.record, arguments.idle), daemon=True
        )
    watch.start()
    sys.argv = ["ministack"]
    from ministack.app import main as serve

    try:
        serve()
    finally:
        end_group()


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Runs every command of the README, as a newcomer would: each line of its `sh` blocks, in order, in a fresh copy.

A command that starts a service runs in the background until the next one that does, and counts as good once it answers; all
others must succeed. The keys that a service prints are given to the commands after it as ADMIN_KEY, RTH_KEY and RHW_KEY.
Afterwards the databases and the services' logs are searched for what must not be in them. Builds are shared with the checkout.
Usage: readme.py README.md
"""
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

READY_SECONDS = 900
# The first step of .ci/run.
RAN_BEFORE = {"cargo test"}
ADDRESS = "http://127.0.0.1:8080/_ping"


def commands(text):
    for block in re.findall(r"^```sh\n(.*?)^```", text, re.M | re.S):
        for line in block.splitlines():
            if line.strip() and not line.startswith("#"):
                yield line


def starts_service(command):
    return re.search(r"(-- demo|alongside (demo|serve))\b", command) is not None


class Service:
    def __init__(self, folder):
        self.process = None
        self.said = folder / "said"
        self.log = folder / "log"

    def start(self, command, **options):
        self.stop()
        with open(self.said, "w") as said, open(self.log, "a") as log:
            self.process = subprocess.Popen(command, shell=True, start_new_session=True, stdout=said, stderr=log, **options)
        until = time.monotonic() + READY_SECONDS
        while time.monotonic() < until:
            if self.process.poll() is not None:
                sys.exit(f"ended with {self.process.returncode}: {command}\n{self.log.read_text()}")
            try:
                urllib.request.urlopen(ADDRESS, timeout=1).read()
                return
            except OSError:
                time.sleep(0.2)
        sys.exit(f"does not answer: {command}")

    def keys(self):
        """The keys that it printed, by the names that the README uses for them."""
        keys = {}
        for line in self.said.read_text().splitlines() if self.process else ():
            key = re.search(r"\bals_[a-z2-7]{40}\b", line)
            # An example command carries a site's key before anything that names it.
            if key and "curl" not in line:
                site = re.search(r"\b(RTH|RHW)\b", line[:key.start()])
                keys.setdefault(f"{site.group() if site else 'ADMIN'}_KEY", key.group())
        return keys

    def stop(self):
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait(timeout=30)
            self.process = None


def main():
    root = Path(sys.argv[1]).resolve().parent
    n_run = 0
    with tempfile.TemporaryDirectory() as folder:
        service = Service(Path(folder))
        copy = Path(folder) / "alongside"
        subprocess.run(["git", "clone", "--quiet", str(root), str(copy)], check=True)
        # The copy builds where the checkout did; its own `target` is that folder.
        (copy / "target").symlink_to(root / "target")
        try:
            for command in commands((root / "README.md").read_text()):
                print(f"$ {command}", flush=True)
                if command in RAN_BEFORE:
                    print("(ran as a step of its own)", flush=True)
                elif starts_service(command):
                    service.start(command, cwd=copy)
                else:
                    subprocess.run(command, shell=True, cwd=copy, check=True, stdout=subprocess.DEVNULL,
                                   env={**os.environ, **service.keys()})
                n_run += 1
                # A person takes as long between two commands; a running service sees within it what another process wrote.
                time.sleep(1)
        finally:
            service.stop()
        databases = sorted(copy.glob("*.sqlite3"))
        subprocess.run([sys.executable, root / ".ci" / "strings.py", *databases, service.log], check=True)
    print(f"{n_run} commands of the README ran")
    sys.exit(n_run == 0)


if __name__ == "__main__":
    main()

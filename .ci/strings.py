#!/usr/bin/env python3
"""Searches databases and logs for what must not be in them: `strings.py FILE...`

What lies beside a SQLite file (`-wal`, `-shm`) is searched too, its `.secret` is not. Fails and says where, without repeating
what, when any file holds a key of a caller, a token, an e-mail address, or a private key. With `--allow TEXT` (any number
of times) an e-mail address that belongs there is left out, such as one in a licence.
"""

import argparse
import pathlib
import re
import sys

PATTERNS = {
    # Its beginning may stand there, and the hash behind it, which has digits that no key has.
    "a key of a caller": re.compile(rb"als_[a-z2-7]{40}"),
    "a JSON web token": re.compile(rb"eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*"),
    "a bearer token": re.compile(rb"[Bb]earer [A-Za-z0-9._~+/-]{16,}"),
    "an e-mail address": re.compile(rb"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{2,63}(?:\.[A-Za-z0-9-]{2,63})*\.[A-Za-z]{2,24}"),
    "a private key": re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    "a password in an address": re.compile(rb"[a-z+]{2,20}://[^/\s:@]+:[^/\s@]+@"),
}


def files(names):
    """The files to search: those named, which must be there, and the journals of those that are databases."""
    for name in names:
        yield pathlib.Path(name)
        for journal in (f"{name}-wal", f"{name}-shm", f"{name}-journal"):
            if pathlib.Path(journal).exists():
                yield pathlib.Path(journal)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+")
    parser.add_argument("--allow", action="append", default=[])
    arguments = parser.parse_args()
    allowed = {text.encode() for text in arguments.allow}
    found = 0
    for path in files(arguments.files):
        content = path.read_bytes()
        for what, pattern in PATTERNS.items():
            places = [match.start() for match in pattern.finditer(content) if match.group() not in allowed]
            found += len(places)
            for place in places[:5]:
                print(f"{path}: {what} at byte {place}")
        print(f"{path}: {len(content)} bytes searched")
    if found:
        sys.exit(f"{found} places hold what they must not")


if __name__ == "__main__":
    main()

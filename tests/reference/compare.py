#!/usr/bin/env python3
"""Compares a running service's suggestions, figure by figure, with the reference in score.py beside it.

    python3 compare.py --url http://127.0.0.1:8080 --key KEY --as-of 2026-11-22

Every active trust is asked for its fifty best; order, ranks and every figure must agree to six decimals (distances to
one). Standard library only.
"""
import argparse
import datetime
import json
import sys
import urllib.request
from pathlib import Path

import score

BUNDLED = Path(__file__).resolve().parents[2] / "src" / "intake" / "bundled"
SHOWN = 50
# Half a unit of the last shown decimal, and a little for the binary representation of the decimals themselves.
SIX_DECIMALS = 0.5e-6 + 1e-9
ONE_DECIMAL = 0.05 + 1e-9


def ask(url, key, seeker, as_of):
    address = f"{url}/api/v1/organisations/{seeker}/suggestions?limit={SHOWN}&asOf={as_of}"
    request = urllib.request.Request(address, headers={"Authorization": f"Bearer {key}"})
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.load(response)


def differences(ours, reference):
    """Yields (path, ours, reference) for each figure that differs."""
    def figure(path, mine, theirs, tolerance=SIX_DECIMALS):
        if (mine is None) != (theirs is None) or (mine is not None and abs(mine - theirs) > tolerance):
            yield path, mine, theirs

    def interval(path, mine, theirs):
        if (mine is None) != (theirs is None):
            yield path, mine, theirs
        elif mine is not None:
            for part in ("low", "expected", "high"):
                yield from figure(f"{path}.{part}", mine[part], theirs[part])

    for key in ("rank", "reverseRank"):
        yield from figure(key, ours[key], reference[key], 0)
    yield from figure("distanceKm", ours["distanceKm"], reference["distanceKm"], ONE_DECIMAL)
    yield from figure("coverage", ours["coverage"], reference["coverage"])
    for key in ("mutualFit", "yourFit", "theirFit"):
        yield from interval(key, ours[key], reference[key])
    for criterion in ours["criteria"]:
        theirs = reference["criteria"][criterion["criterion"]]
        name = criterion["criterion"]
        if criterion["applicable"] != theirs["applicable"]:
            yield f"{name}.applicable", criterion["applicable"], theirs["applicable"]
        yield from figure(f"{name}.weight", criterion["weight"], theirs["weight"])
        yield from figure(f"{name}.contribution", criterion["contribution"], theirs["contribution"])
        yield from interval(f"{name}.score", criterion["score"], theirs["score"])
        yield from interval(f"{name}.theirScore", criterion["theirScore"], theirs["theirScore"])


def main():
    parser = argparse.ArgumentParser(description="Compares a running service with the reference.")
    parser.add_argument("--url", required=True)
    parser.add_argument("--key", required=True, help="of a programme admin or a viewer")
    parser.add_argument("--as-of", required=True, type=datetime.date.fromisoformat)
    options = parser.parse_args()
    data = score.Data(BUNDLED)
    answers = score.rank_all(data, options.as_of)
    n_pairs, n_wrong = 0, 0
    for seeker in data.active:
        shown = ask(options.url, options.key, seeker, options.as_of)["suggestions"]
        reference = list(score.suggestions(data, answers, seeker))[:SHOWN]
        order = [s["organisation"]["odsCode"] for s in shown]
        if order != [s["odsCode"] for s in reference]:
            n_wrong += 1
            print(f"{seeker}: the order differs", file=sys.stderr)
            continue
        for mine, theirs in zip(shown, reference):
            n_pairs += 1
            for path, a, b in differences(mine, theirs):
                n_wrong += 1
                print(f"{seeker} {theirs['odsCode']} {path}: {a} is not {b}", file=sys.stderr)
    print(f"{len(data.active)} trusts, {n_pairs} suggestions compared with the reference: {n_wrong} differences")
    sys.exit(bool(n_wrong) or n_pairs < len(data.active) * SHOWN)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Verifies what a receiver of webhooks was sent with the PyPI package `standardwebhooks`, the reference library.

The file has one JSON object a line: the secret first, then each delivery with its headers and its body, as `cargo bench --bench
webhooks -- 10000 FILE` writes it. Every signature has to be the one that the library makes, every delivery of the last minutes has
to pass its `verify`, which also looks at the time, and a delivery that was changed has to be refused. Usage: webhooks.py FILE
"""
import json
import sys
import time
from datetime import datetime, timezone

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

# The library takes deliveries of the last five minutes.
RECENT_S = 280


def main(path):
    with open(path, encoding="utf-8") as lines:
        webhook = Webhook(json.loads(next(lines))["secret"])
        n_signed = n_verified = 0
        ids = set()
        for line in lines:
            one = json.loads(line)
            body = one.pop("body")
            at = int(one["webhook-timestamp"])
            signature = webhook.sign(one["webhook-id"], datetime.fromtimestamp(at, timezone.utc), body)
            assert signature in one["webhook-signature"].split(" "), one
            ids.add(one["webhook-id"])
            n_signed += 1
            if time.time() - at < RECENT_S:
                assert webhook.verify(body, one)["id"] == one["webhook-id"], one
                n_verified += 1
                try:
                    webhook.verify(body.replace("RHW", "RJ7"), one)
                except WebhookVerificationError:
                    pass
                else:
                    raise AssertionError("a delivery that was changed passed")
    assert n_signed, "nothing was sent"
    assert n_verified, "nothing was sent in the last minutes"
    print(f"{n_signed} deliveries of {len(ids)} events: every signature is the reference library's, {n_verified} were verified by it")


if __name__ == "__main__":
    main(sys.argv[1])

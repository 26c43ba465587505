#!/usr/bin/env python3
"""Plays the story of the README over HTTP alone: two sites choose each other, and a programme admin sees each step.

An admin opens a programme; site A asks for suggestions and approaches B; B declines for want of capacity, later declares more,
is approached again and accepts; both check in; what they agreed is a link that raises the fit; the admin finds each step on the
match board and in the audit. Needs a service over the bundled data in which neither site has partners yet (`demo`).
Usage: scene.py URL ADMIN_KEY KEY_OF_RTH KEY_OF_RHW
"""
import json
import sys
import urllib.error
import urllib.request

A, B = "RTH", "RHW"


class Caller:
    def __init__(self, url, key):
        self.url, self.key = url, key

    def ask(self, method, path, body=None, status=200, **headers):
        """Sends a request, and returns the answer where it has the status that the story needs."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self.key}", **{k.replace("_", "-"): v for k, v in headers.items()}}
        if data is not None:
            headers["Content-Type"] = "application/json"
        request = urllib.request.Request(f"{self.url}{path}", data=data, method=method, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                got, text = response.status, response.read()
        except urllib.error.HTTPError as error:
            got, text = error.code, error.read()
        if got != status:
            sys.exit(f"{method} {path}: {got} instead of {status}: {text.decode()[:800]}")
        return json.loads(text) if text else None


def pair(caller, of, other):
    return caller.ask("GET", f"/api/v1/organisations/{of}/suggestions/{other}")["suggestion"]


def prior(suggestion):
    return next(c for c in suggestion["criteria"] if c["criterion"] == "prior_relationships")["score"]["expected"]


def told(step, words):
    print(f"{step}. {words}", flush=True)


def must(holds, words):
    if not holds:
        sys.exit(f"the story breaks: {words}")


def on_board(admin, approach):
    return admin.ask("GET", f"/api/v1/admin/matches/{approach}")


def main():
    url, admin_key, key_a, key_b = sys.argv[1:]
    admin, a, b = Caller(url, admin_key), Caller(url, key_a), Caller(url, key_b)

    programme = admin.ask("POST", "/api/v1/admin/programmes", {"name": "Learning alongside", "starts": "2026-01-01"}, 201)
    for code in (A, B):
        admin.ask("PUT", f"/api/v1/admin/programmes/{programme['slug']}/members/{code}", {}, 200, If_Match="*")
    told(1, f"an admin opened the programme {programme['slug']} with {A} and {B}")

    answer = a.ask("GET", f"/api/v1/organisations/{A}/suggestions?limit=3")
    first = answer["suggestions"][0]
    must(first["organisation"]["odsCode"] == B, f"{B} is first among the suggestions to {A}")
    before = pair(a, A, B)
    told(2, f"{A} was suggested {B}: mutual fit {first['mutualFit']['expected']}")

    asked = {"to": B, "kind": "partnership", "message": "Shall we compare notes on prescribing?", "topics": {"learn": ["hepma"], "give": ["epr"]}}
    one = a.ask("POST", "/api/v1/approaches", asked, 201)
    must(on_board(admin, one["id"])["state"] == "sent", "the board shows the approach")
    crossed = b.ask("POST", "/api/v1/approaches", {"to": A, "kind": "conversation"}, 409)
    must(crossed["type"] == "/problems/approach-open" and one["id"] in json.dumps(crossed), "a second one points to the first")
    inbox = b.ask("GET", "/api/v1/approaches?folder=inbox&state=sent")["items"]
    must([item["id"] for item in inbox] == [one["id"]], f"{B} finds it in its inbox")
    b.ask("POST", f"/api/v1/approaches/{one['id']}/decline", {"reason": "no_capacity"}, 200, If_Match="*")
    must(on_board(admin, one["id"])["reason"] == "no_capacity", "the board shows why it was declined")
    again = a.ask("POST", "/api/v1/approaches", asked, 409)
    must(again["type"] == "/problems/no-capacity-yet", "no second approach before capacity returns")
    told(3, f"{A} approached {B}, which declined for want of capacity")

    b.ask("PUT", f"/api/v1/organisations/{B}/capacity", {"partnershipPlaces": 2, "conversationPlaces": None}, 200, If_Match="*")
    two = a.ask("POST", "/api/v1/approaches", asked, 201)
    agreed = b.ask("POST", f"/api/v1/approaches/{two['id']}/accept", {"goals": "Electronic prescribing on every ward."}, 201, If_Match="*")
    partnership = agreed["id"]
    told(4, f"{B} declared two places, was approached again and accepted: partnership {partnership}")

    for caller, usefulness, learned, given in ((a, 5, ["hepma"], ["epr"]), (b, 4, ["epr"], ["hepma"])):
        caller.ask("POST", f"/api/v1/partnerships/{partnership}/check-ins",
                   {"usefulness": usefulness, "learned": learned, "given": given}, 201)
    seen = a.ask("GET", f"/api/v1/partnerships/{partnership}/check-ins")["items"]
    must({(item["by"], item["usefulness"]) for item in seen} == {(A, 5), (B, 4)}, "each side sees both check-ins")
    told(5, "both checked in")

    link = next(item for item in a.ask("GET", f"/api/v1/organisations/{A}/links?limit=200")["items"]
                if item["with"] == B and item["kind"] == "partnership")
    must(link["standing"] == "confirmed" and link["ended"] is None, "what was agreed is a confirmed link")
    after = pair(a, A, B)
    must(prior(after) > prior(before) and after["mutualFit"]["expected"] > before["mutualFit"]["expected"], "the link raises the fit")
    partners = a.ask("GET", f"/api/v1/organisations/{A}/suggestions?limit=3")["currentPartners"]
    must(B in json.dumps(partners), f"{B} is among the partners of {A}")
    told(6, f"the link raised prior relationships from {prior(before)} to {prior(after)} and the mutual fit from "
            f"{before['mutualFit']['expected']} to {after['mutualFit']['expected']}")

    match = on_board(admin, two["id"])
    must(match["partnership"]["state"] == "active", "the board shows the partnership")
    then, now = match["then"]["mutualFit"]["expected"], match["now"]["mutualFit"]["expected"]
    must(now > then, "the board shows the scores of then and now")
    board = admin.ask("GET", f"/api/v1/admin/matches?odsCode={B}")["items"]
    must({one["id"], two["id"]} <= {item["id"] for item in board}, "the board lists both approaches")
    rows = admin.ask("GET", "/api/v1/admin/audit?limit=200")["items"]
    done = {row["action"] for row in rows if row["subjectId"] in (one["id"], two["id"], partnership) or row["odsCode"] in (A, B)}
    wanted = {"send_approach", "decline_approach", "declare_capacity", "accept_approach", "make_check_in"}
    must(wanted <= done, f"the audit has each step: {sorted(wanted - done)} missing among {sorted(done)}")
    told(7, f"the admin saw each step on the board (mutual fit {then} then, {now} now) and in the audit: {', '.join(sorted(wanted))}")

    admin.ask("POST", f"/api/v1/approaches/{two['id']}/accept", None, 403, If_Match="*")
    told(8, "the admin cannot accept for a site")


if __name__ == "__main__":
    main()

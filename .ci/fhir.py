#!/usr/bin/env python3
"""Reads what a running service says in FHIR and validates all of it with the models of the PyPI package `fhir.resources`.

Version 6.4.0 of the package is the last whose models are R4 (4.0.1); later ones are R4B and R5. Every organisation is read
from the pages of a search, a sample of them and all of its affiliations one by one, and so are the capabilities and failures
of each kind. A reference to an organisation has to lead somewhere, an id has to be one of FHIR's. Usage: fhir.py URL KEY
"""
import json
import re
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter

import fhir.resources
from fhir.resources.bundle import Bundle
from fhir.resources.capabilitystatement import CapabilityStatement
from fhir.resources.operationoutcome import OperationOutcome
from fhir.resources.organization import Organization
from fhir.resources.organizationaffiliation import OrganizationAffiliation

MODELS = {
    model.__name__: model
    for model in (Bundle, CapabilityStatement, OperationOutcome, Organization, OrganizationAffiliation)
}
SAMPLE = ["RTH", "RHW", "RW6", "R0A", "RJ7", "RGT", "RR8"]
ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")


class Client:
    def __init__(self, url, key):
        self.base, self.key, self.read = url.rstrip("/") + "/fhir/R4", key, Counter()

    def get(self, path, status=200, key=True, accept="application/fhir+json", method="GET"):
        url = path if path.startswith("http") else self.base + path
        headers = {"Accept": accept}
        if key:
            headers["Authorization"] = f"Bearer {self.key}"
        request = urllib.request.Request(url, headers=headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                got, kind, body = answer.status, answer.headers["Content-Type"], answer.read()
        except urllib.error.HTTPError as error:
            got, kind, body = error.code, error.headers["Content-Type"], error.read()
        assert (got, kind) == (status, "application/fhir+json"), f"{url}: {got} {kind} {body[:300]}"
        return self.validated(json.loads(body), url)

    def validated(self, resource, url):
        kind = resource["resourceType"]
        try:
            MODELS[kind].parse_obj(resource)
        except Exception as error:
            sys.exit(f"{url}: {kind}: {error}")
        self.read[kind] += 1
        if "id" in resource:
            assert ID.fullmatch(resource["id"]), resource["id"]
        for entry in resource.get("entry", []):
            own = entry["resource"]
            assert entry["fullUrl"] == f"{self.base}/{own['resourceType']}/{own['id']}", entry["fullUrl"]
            self.validated(own, url)
        return resource

    def pages(self, path):
        """The resources of every page."""
        found, total = [], None
        while path:
            bundle = self.get(path)
            total = bundle.get("total", total)
            found += [entry["resource"] for entry in bundle.get("entry", [])]
            path = next((link["url"] for link in bundle["link"] if link["relation"] == "next"), None)
        ids = [resource["id"] for resource in found]
        assert len(set(ids)) == len(ids), "a resource is on two pages"
        assert total in (None, len(ids)), f"{total} found, {len(ids)} on the pages"
        return found


def main():
    client = Client(sys.argv[1], sys.argv[2])
    assert fhir.resources.__fhir_version__ == "4.0.1", fhir.resources.__fhir_version__
    assert client.get("/metadata", key=False)["fhirVersion"] == "4.0.1"

    organizations = {one["id"]: one for one in client.pages("/Organization?_count=100")}
    affiliations = client.pages("/OrganizationAffiliation?_count=200")
    for affiliation in affiliations:
        for side in ("organization", "participatingOrganization"):
            reference = affiliation.get(side, {}).get("reference")
            assert reference is None or reference.removeprefix("Organization/") in organizations, reference
    sides = Counter()
    for code in SAMPLE:
        assert client.get(f"/Organization/{code}") == organizations[code]
        identifier = urllib.parse.quote(f"https://fhir.nhs.uk/Id/ods-organization-code|{code}", safe="")
        assert [one["id"] for one in client.pages(f"/Organization?identifier={identifier}")] == [code]
        for side in ("primary", "participating"):
            for affiliation in client.pages(f"/OrganizationAffiliation?{side}-organization=Organization/{code}&_count=5"):
                assert affiliation in affiliations, affiliation["id"]
                assert client.get(f"/OrganizationAffiliation/{affiliation['id']}") == affiliation
                sides[side] += 1
    assert sides["primary"] and sides["participating"], sides

    client.get("/Organization/RTH", 401, key=False)
    client.get("/Organization/ZZZ99", 404)
    client.get("/Patient/1", 404)
    client.get("/Organization?_count=none", 400)
    client.get("/Organization?address=x", 400)
    client.get("/Organization", 405, method="POST")
    client.get("/Organization", 406, accept="application/fhir+xml")
    client.get(f"/Organization?name={'x' * 9000}", 414)
    for kind, count in sorted(client.read.items()):
        print(f"{kind}: {count} valid")
    assert set(client.read) == set(MODELS), client.read


if __name__ == "__main__":
    main()

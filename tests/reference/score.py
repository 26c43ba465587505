#!/usr/bin/env python3
"""Reference scores: a second, independent implementation of Alongside's formulas.

CI runs this script beside the Rust engine on the bundled open data and compares the two
answers number by number. It follows sections 3 and 4.1 to 4.8 of the design from the CSV
files alone, shares no code with the engine, and favours plainness over speed: every ordered
pair of active organisations is scored once, then each seeker's candidates are ranked.

    python3 score.py --data DIR --as-of 2026-11-22 RTH RYJ
    python3 score.py --data DIR --as-of 2026-11-22 --all

It prints one JSON object a line for each seeker, with all candidates in rank order. Weights
are the programme's defaults. What the files cannot hold (ethos answers, topics, outcomes,
private exclusions, declared lists, current partners) is left out. Standard library only.
"""
import argparse
import csv
import datetime
import json
import math
import re
from collections import defaultdict
from fnmatch import fnmatchcase
from itertools import combinations
from pathlib import Path

EARTH_RADIUS_KM = 6371.0088
DECAY_KM = 80.0
THETA = 0.5
LARGEST_NETWORK = 60

WEIGHTS = {"core_system": 0.2, "geography": 0.2, "care_setting": 0.2, "culture": 0.2,
           "prior_relationships": 0.2, "learning": 0.2}

MODULES = {"epr": 1.0, "hepma": 0.5, "pas": 0.4, "maternity": 0.2, "ed": 0.2, "order_comms": 0.2,
           "pharmacy": 0.2, "integration_engine": 0.2, "chemotherapy": 0.1,
           "document_management": 0.1, "other": 0.1}

AFFINITY = {frozenset(pair.split("-")): value for pair, value in {
    "acute-specialist": 0.7, "acute-community": 0.6, "mental_health-community": 0.6,
    "acute-mental_health": 0.4, "acute-ambulance": 0.4, "community-ambulance": 0.3,
    "specialist-community": 0.3, "specialist-mental_health": 0.3,
    "mental_health-ambulance": 0.2, "specialist-ambulance": 0.2}.items()}
OTHER_AFFINITY = 0.2

# attribute: (column, transform, weight, acute only)
NUMBERS = {
    "staff_fte": ("staff_fte_est", math.log10, 1.0, False),
    "deprivation": ("imd2010_score_patients_2019_20", float, 1.0, False),
    "urban_share": ("urban_share_2019_20", float, 0.5, False),
    "catchment": ("catchment_all_admissions_2022", math.log10, 0.5, True),
    "beds": ("general_acute_beds", math.log10, 0.5, True),
}
MATURITY_WEIGHT = 1.0
TEACHING_WEIGHT = 0.5

# link kind: (strength, half-life in years after its end)
LINKS = {"shared_system": (0.9, 5), "hospital_group": (0.9, 5), "shared_leadership": (0.8, 5),
         "joint_programme": (0.8, 5), "programme_pairing": (0.7, 5), "joint_procurement": (0.6, 4),
         "provider_collaborative": (0.5, 4), "shared_network": (0.1, 3), "other": (0.3, 3)}

# relationships.csv: the first pattern that fits gives the kind; None is not loaded
RELATIONSHIP_KINDS = [(pattern, kind) for kind, patterns in (
    (None, "gde_fast_follower_proposed"),
    ("programme_pairing", "gde_fast_follower cancer_peer_pairing"),
    ("joint_procurement", "joint_*_procurement"),
    ("joint_programme", "joint_epr_programme joint_epr_mou epr_collaboration"
                        " shared_digital_function it_services_provider"),
    ("shared_system", "shared_epr_instance linked_epr shared_maternity_system"),
    ("hospital_group", "hospital_group*"), ("shared_leadership", "*shared_ceo* *shared_chair*"),
    ("provider_collaborative", "provider_collaborative"), ("other", "*"),
) for pattern in patterns.split()]
NETWORK_KINDS = {"cancer_alliance", "gde_exemplar", "digital_aspirant", "provider_collaborative",
                 "joint_it_exploration"}
GDE_END = "2021-03"

OLDEST = datetime.date.min
UNNAMED = None              # a system that is recorded without a name
NOTHING = (0.0, 0.0, 0.0)
LEFT_OUT = object()         # a fact that cannot be compared for this pair, unlike one not known


# ---- reading the files --------------------------------------------------------------------------

def rows(folder, name):
    with open(Path(folder) / name, encoding="utf-8-sig", newline="") as handle:
        return [{key: (value or "").strip() for key, value in row.items()}
                for row in csv.DictReader(handle)]


def first_day(text):
    """The date that a full or partial date stands for as a start; None when empty."""
    if not text:
        return None
    year, month, day = ([int(part) for part in text.split("-")] + [1, 1])[:3]
    return datetime.date(year, month, day)


def last_day(text):
    """The date that a full or partial date stands for as an end; None when empty."""
    start = first_day(text)
    if start is None or text.count("-") == 2:
        return start
    if "-" not in text:
        return datetime.date(start.year, 12, 31)
    following = datetime.date(start.year + start.month // 12, start.month % 12 + 1, 1)
    return following - datetime.timedelta(days=1)


def product_name(text):
    """A product as it is compared: without what stands in brackets, without case."""
    return " ".join(re.sub(r"\([^)]*\)|\[[^\]]*\]", " ", text).split()).casefold()


def version_number(text):
    return tuple(map(int, text.split("."))) if re.fullmatch(r"\d+(\.\d+)*", text) else None


class Organisation:
    def __init__(self, row):
        self.code = row["ods_code"]
        self.settings = [setting for setting in row["care_setting"].split(";") if setting]
        self.not_acute = bool(self.settings) and "acute" not in self.settings
        self.board, self.region = row["icb_code"], row["region_code"]
        placed = row["latitude"] and row["longitude"]
        self.position = (float(row["latitude"]), float(row["longitude"])) if placed else None
        self.numbers = {name: transform(float(row[column]))
                        for name, (column, transform, _, _) in NUMBERS.items() if row[column]}
        self.teaching = row["acute_teaching"]
        self.maturity = {}      # care setting -> score
        self.systems = {}       # module -> systems; an empty list is a known absence

    def cannot_compare(self, other):
        """Whether an acute-only attribute is out of place for this pair."""
        return self.not_acute or other.not_acute


class Data:
    """The files, as the importer's rules read them (section 3)."""

    def __init__(self, folder):
        everyone = rows(folder, "organisations.csv")
        self.active = {row["ods_code"]: Organisation(row) for row in sorted(
            everyone, key=lambda row: row["ods_code"]) if row["status"] == "active"}
        self.successors = defaultdict(set)
        for row in rows(folder, "mergers.csv"):
            self.successors[row["predecessor_ods"]].add(row["successor_ods"])
        self.links = defaultdict(list)      # pair -> (kind, start, end)
        self.read_systems(rows(folder, "systems.csv"))
        self.read_relationships(rows(folder, "relationships.csv"))
        self.read_memberships(rows(folder, "memberships.csv"))
        self.read_maturity(rows(folder, "digital_maturity.csv"))
        self.read_ranges()

    def descendants(self, code, seen=()):
        """All later organisations on the chain of successions."""
        found = set()
        for following in self.successors.get(code, set()) - set(seen):
            found |= {following} | self.descendants(following, (*seen, code))
        return found

    def today(self, code):
        """The active organisations that a code stands for now."""
        if code in self.active:
            return {code}
        return {later for later in self.descendants(code) if later in self.active}

    def read_systems(self, table):
        absent = {}     # (organisation, module) -> date of the latest known absence
        for row in table:
            if row["status"] in ("none", "none_procuring"):
                key = row["ods_code"], row["module"]
                absent[key] = max(absent.get(key, OLDEST), last_day(row["as_of"]) or OLDEST)
        for row in table:
            key = row["ods_code"], row["module"]
            vendor, product = row["vendor"], product_name(row["product"])
            dropped = (last_day(row["as_of"]) or OLDEST) < absent.get(key, OLDEST)
            if (key[0] in self.active and row["status"] in ("in_use", "contracted", "selected")
                    and (vendor or product) and not dropped):
                self.active[key[0]].systems.setdefault(key[1], []).append(
                    UNNAMED if vendor == "In-house or generic"
                    else (vendor.casefold() or product, product, row["version"]))
        for code, module in absent:
            if code in self.active:
                self.active[code].systems.setdefault(module, [])

    def add_link(self, a, b, kind, start, end):
        """Adds a link for those who hold it now, each of them after a split."""
        for one in self.today(a):
            for two in self.today(b):
                if one != two:
                    self.links[frozenset((one, two))].append((kind, start, end))

    def read_relationships(self, table):
        for row in table:
            kind = next(kind for pattern, kind in RELATIONSHIP_KINDS
                        if fnmatchcase(row["kind"], pattern))
            until = row["until"] or (GDE_END if row["kind"] == "gde_fast_follower" else "")
            if kind:
                self.add_link(row["a_ods"], row["b_ods"], kind,
                              first_day(row["since"]), last_day(until))

    def read_memberships(self, table):
        networks = defaultdict(set)
        for row in table:
            name = row["group_code"] or row["group_name"]
            if row["group_kind"] in NETWORK_KINDS and name:
                networks[row["group_kind"], name] |= self.today(row["ods_code"])
        for (kind, _), members in networks.items():
            end = last_day(GDE_END) if kind == "gde_exemplar" else None
            if len(members) > LARGEST_NETWORK:
                continue
            for a, b in combinations(sorted(members), 2):
                self.add_link(a, b, "shared_network", None, end)

    def read_maturity(self, table):
        for row in table:
            if ((row["scheme"], row["metric"]) == ("NHSE_DMA_2025", "overall_comparable_domains")
                    and row["ods_code"] in self.active and row["value"]):
                self.active[row["ods_code"]].maturity[row["care_setting"]] = float(row["value"])

    def read_ranges(self):
        """The 5th to 95th percentile range of each attribute, on its transformed scale."""
        values = defaultdict(list)
        for organisation in self.active.values():
            for name, value in organisation.numbers.items():
                values[name].append(value)
            for setting, value in organisation.maturity.items():
                values["maturity", setting].append(value)
        self.ranges = {name: percentile(found, 0.95) - percentile(found, 0.05)
                       for name, found in values.items()}


# ---- the criteria: for one seeker, {candidate: ((low, expected, high), known)} ------------------

def percentile(values, share):
    """Linear interpolation between order statistics."""
    values = sorted(values)
    place = share * (len(values) - 1)
    below = math.floor(place)
    above = min(below + 1, len(values) - 1)
    return values[below] + (place - below) * (values[above] - values[below])


def mean(values, default=0.5):
    values = list(values)
    return math.fsum(values) / len(values) if values else default


def similarity(a, b, spread):
    if spread <= 0:
        return 1.0 if a == b else 0.0
    return 1.0 - min(1.0, abs(a - b) / spread)


def compare_systems(mine, theirs):
    """What one of the seeker's systems makes of one of the candidate's in the same module."""
    if UNNAMED in (mine, theirs) or mine[0] != theirs[0]:
        return NOTHING
    if not mine[1] or not theirs[1]:
        return (0.2, 0.8, 1.0)
    if mine[1] != theirs[1]:
        return (0.2, 0.2, 0.2)
    my_version, their_version = version_number(mine[2]), version_number(theirs[2])
    if my_version is None or their_version is None:
        return (0.8, 0.9, 1.0)
    return (1.0, 1.0, 1.0) if their_version >= my_version else (0.8, 0.8, 0.8)


def core_system(data, i, others):
    held = {module: systems for module, systems in i.systems.items() if systems}
    if not any(system for systems in held.values() for system in systems):
        return None
    total = sum(MODULES[module] for module in held)
    found = {}
    for module, mine in held.items():
        cells = {}
        for j in others:
            if module in j.systems:
                pairs = [compare_systems(a, b) for a in mine for b in j.systems[module]]
                cells[j.code] = tuple(map(max, zip(NOTHING, *pairs)))
        share = mean(float(cell[1] >= 0.5) for cell in cells.values())
        found[module] = cells, ((0.0, share, 1.0) if any(mine) else NOTHING)
    return {j.code: (weighted((MODULES[module] / total, cells.get(j.code, unknown))
                              for module, (cells, unknown) in found.items()),
                     sum(MODULES[module] for module in held if module in j.systems) / total)
            for j in others}


def distance_km(a, b):
    """Great circle distance on a sphere, by the haversine formula."""
    if a.position is None or b.position is None:
        return None
    (lat_a, lon_a), (lat_b, lon_b) = (map(math.radians, p) for p in (a.position, b.position))
    h = (math.sin((lat_b - lat_a) / 2) ** 2
         + math.cos(lat_a) * math.cos(lat_b) * math.sin((lon_b - lon_a) / 2) ** 2)
    return 2 * EARTH_RADIUS_KM * math.asin(math.sqrt(h))


def geography(i, others, core):
    """Softened by the core system score `core`, where that criterion applies."""
    if i.position is None:
        return None
    decay = {j.code: 2 ** (-distance_km(i, j) / DECAY_KM) for j in others if j.position}
    unknown = (0.0, mean(decay.values()), 1.0)
    scores = {}
    for j in others:
        nearness = (decay[j.code],) * 3 if j.position else unknown
        benefit = core[j.code][0] if core else NOTHING
        alignment = (0.5 if i.board and i.board == j.board
                     else 0.2 if i.region and i.region == j.region else 0.0)
        scores[j.code] = tuple(1 - (1 - g) * (1 - b) ** THETA * (1 - alignment)
                               for g, b in zip(nearness, benefit)), float(j.position is not None)
    return scores


def care_setting(i, others):
    if not i.settings:
        return None
    scores = {j.code: mean(max(1.0 if a == b else AFFINITY.get(frozenset((a, b)), OTHER_AFFINITY)
                               for b in j.settings) for a in i.settings)
              for j in others if j.settings}
    unknown = (0.0, mean(scores.values()), 1.0)
    return {j.code: (((scores[j.code],) * 3, 1.0) if j.settings else (unknown, 0.0))
            for j in others}


def culture(data, i, others):
    """Gower similarity over the attributes that the seeker has."""
    attributes = []     # (weight, {candidate: similarity, None if not known, or LEFT_OUT})
    for name, mine in i.numbers.items():
        _, _, weight, acute_only = NUMBERS[name]
        attributes.append((weight, {j.code: (
            LEFT_OUT if acute_only and i.cannot_compare(j)
            else similarity(mine, j.numbers[name], data.ranges[name]) if name in j.numbers
            else None) for j in others}))
    if i.teaching:
        attributes.append((TEACHING_WEIGHT, {j.code: (
            LEFT_OUT if i.cannot_compare(j)
            else float(i.teaching == j.teaching) if j.teaching else None) for j in others}))
    if i.maturity:
        attributes.append((MATURITY_WEIGHT, {j.code: maturity(data, i, j) for j in others}))
    if not attributes:
        return None

    means = [mean(s for s in column.values() if s is not None and s is not LEFT_OUT)
             for _, column in attributes]
    scores, nothing_left = {}, []
    for j in others:
        parts, known = [], 0.0
        for (weight, column), expected in zip(attributes, means):
            s = column[j.code]
            if s is None:
                parts.append((weight, (0.0, expected, 1.0)))
            elif s is not LEFT_OUT:
                parts.append((weight, (s, s, s)))
                known += weight
        total = sum(weight for weight, _ in parts)
        if total:
            parts = [(weight / total, value) for weight, value in parts]
            scores[j.code] = weighted(parts), known / total
        else:
            nothing_left.append(j.code)
    expected = mean(value[1] for value, known in scores.values() if known)
    scores.update({code: ((0.0, expected, 1.0), 0.0) for code in nothing_left})
    return scores


def maturity(data, i, j):
    """Mean similarity over the care settings that both were scored in."""
    if not j.maturity:
        return None
    both = [setting for setting in i.maturity if setting in j.maturity]
    return mean((similarity(i.maturity[setting], j.maturity[setting],
                            data.ranges["maturity", setting]) for setting in both), LEFT_OUT)


def prior_relationships(data, i, others, as_of):
    scores = {}
    for j in others:
        left, linked = 1.0, False
        for kind, start, end in data.links.get(frozenset((i.code, j.code)), ()):
            if start and start > as_of:
                continue
            strength, half_life = LINKS[kind]
            years = max(0, (as_of - end).days) / 365.25 if end else 0.0
            left *= 1 - strength * 2 ** (-years / half_life)
            linked = True
        scores[j.code] = (1 - left, 1 - left, 1 - left * 0.5), 0.5 if linked else 0.0
    return scores


# ---- fits and ranks -----------------------------------------------------------------------------

def weighted(parts):
    """Weighted sum of intervals, for low, expected and high alike."""
    low = expected = high = 0.0
    for weight, value in parts:
        low += weight * value[0]
        expected += weight * value[1]
        high += weight * value[2]
    return low, expected, high


def score_seeker(data, i, as_of):
    """The seeker's criteria, normalised weights, and its fit to every other organisation."""
    others = [j for j in data.active.values() if j is not i]
    core = core_system(data, i, others)
    criteria = {"core_system": core,
                "geography": geography(i, others, core),
                "care_setting": care_setting(i, others),
                "culture": culture(data, i, others),
                "prior_relationships": prior_relationships(data, i, others, as_of),
                "learning": None}
    total = sum(WEIGHTS[name] for name, scores in criteria.items() if scores is not None)
    weights = {name: 0.0 if scores is None else WEIGHTS[name] / total
               for name, scores in criteria.items()}
    asked = [(weights[name], scores) for name, scores in criteria.items() if scores is not None]
    fits = {j.code: weighted([(w, scores[j.code][0]) for w, scores in asked]) for j in others}
    coverage = {j.code: sum(w * scores[j.code][1] for w, scores in asked) for j in others}
    return {"criteria": criteria, "weights": weights, "fits": fits, "coverage": coverage}


def reciprocal(p, q):
    """Harmonic mean, 0 when either is 0, at each bound."""
    return tuple(2 / (1 / a + 1 / b) if a > 0 and b > 0 else 0.0 for a, b in zip(p, q))


def rank_all(data, as_of):
    """For each seeker: its scores, the mutual fits, and its candidates in order."""
    answers = {code: score_seeker(data, i, as_of) for code, i in data.active.items()}
    for code, answer in answers.items():
        mutual = {other: reciprocal(fit, answers[other]["fits"][code])
                  for other, fit in answer["fits"].items()
                  if other not in data.descendants(code) and code not in data.descendants(other)}
        answer["mutual"] = mutual
        answer["order"] = sorted(mutual, key=lambda other: (-mutual[other][1], other))
        answer["rank"] = {other: place for place, other in enumerate(answer["order"], 1)}
    return answers


def interval(values):
    low, expected, high = values
    return {"low": round(low, 9), "expected": round(expected, 9), "high": round(high, 9)}


def criterion(name, mine, theirs, seeker, candidate):
    """One criterion of the explanation, with the candidate's own score of the seeker."""
    scores, reverse = mine["criteria"][name], theirs["criteria"][name]
    weight = mine["weights"][name]
    return {"applicable": scores is not None, "weight": round(weight, 9),
            "score": None if scores is None else interval(scores[candidate][0]),
            "contribution": 0.0 if scores is None else round(weight * scores[candidate][0][1], 9),
            "theirScore": None if reverse is None else interval(reverse[seeker][0])}


def suggestions(data, answers, seeker):
    mine = answers[seeker]
    for rank, code in enumerate(mine["order"], 1):
        theirs = answers[code]
        distance = distance_km(data.active[seeker], data.active[code])
        yield {"odsCode": code, "rank": rank,
               "distanceKm": None if distance is None else round(distance, 9),
               "mutualFit": interval(mine["mutual"][code]),
               "yourFit": interval(mine["fits"][code]),
               "theirFit": interval(theirs["fits"][seeker]),
               "reverseRank": theirs["rank"][seeker],
               "coverage": round(mine["coverage"][code], 9),
               "criteria": {name: criterion(name, mine, theirs, seeker, code) for name in WEIGHTS}}


def main():
    parser = argparse.ArgumentParser(description="Reference scores, as JSON Lines.")
    parser.add_argument("--data", required=True, help="folder of the CSV files")
    parser.add_argument("--as-of", required=True, type=datetime.date.fromisoformat)
    parser.add_argument("--all", action="store_true", help="every active organisation")
    parser.add_argument("seekers", nargs="*", metavar="ODS", help="ODS codes of seekers")
    options = parser.parse_args()
    if options.all == bool(options.seekers):
        parser.error("give either ODS codes or --all")
    data = Data(options.data)
    seekers = list(data.active) if options.all else options.seekers
    if unknown := [code for code in seekers if code not in data.active]:
        parser.error(f"no active organisation has the code {', '.join(unknown)}")
    answers = rank_all(data, options.as_of)
    for code in seekers:
        print(json.dumps({"seeker": code, "suggestions": list(suggestions(data, answers, code))},
                         separators=(",", ":")))


if __name__ == "__main__":
    main()

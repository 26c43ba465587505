#!/usr/bin/env python3
"""Finds how firm ranks are as the service does, with numpy or with pymcdm, and prints the time of one draw.

    python3 firmness.py numpy|pymcdm FILE

FILE is what benches/firmness.rs writes: weights, and of each candidate the scores that are known and the intervals of those that are
not. Weights are drawn from a Dirichlet distribution around those in use, unknown scores from triangular ones; the value is the
harmonic mean of the two sides; counted is who is first and who is among the first three.
"""
import json
import sys
import time

import numpy as np

CONCENTRATION = 10


class Field:
    def __init__(self, said):
        entrants = said["entrants"]
        self.n = len(entrants)
        weights = np.array(said["weights"])
        self.criteria = np.flatnonzero(weights)
        self.weights = weights[self.criteria]
        place = {k: at for at, k in enumerate(self.criteria)}
        self.known = np.array([e["known"] for e in entrants])[:, self.criteria]
        self.their_known = np.array([e["theirKnown"] for e in entrants])
        opens = [(at, o) for at, e in enumerate(entrants) for o in e["open"]]
        self.who = np.array([at for at, _ in opens])
        self.low, self.mode, self.high = np.array([o["interval"] for _, o in opens]).T
        self.theirs = np.array([o["theirs"] for _, o in opens])
        self.mine = np.array([-1 if o["mine"] is None else place[o["mine"]] for _, o in opens])

    def draw_weights(self, rng, n):
        return rng.dirichlet(CONCENTRATION * len(self.weights) * self.weights, size=n)

    def draw_scores(self, rng, n):
        return rng.triangular(self.low, self.mode, self.high, size=(n, len(self.low)))

    def their_fit(self, drawn):
        """(n, candidates): what the other sides make of the seeker."""
        added = np.zeros((len(drawn), self.n))
        np.add.at(added, (slice(None), self.who), drawn * self.theirs)
        return self.their_known + added

    def scores(self, drawn):
        """(n, candidates, criteria): the seeker's scores."""
        scores = np.repeat(self.known[None], len(drawn), axis=0)
        counts = self.mine >= 0
        scores[:, self.who[counts], self.mine[counts]] = drawn[:, counts]
        return scores


def counted(values):
    """How often each is first; the first three are found as the service finds them, without sorting all."""
    n = values.shape[1]
    if n > 3:
        top = np.argpartition(-values, 2, axis=1)[:, :3]
        np.bincount(top.ravel(), minlength=n)
    return np.bincount(values.argmax(axis=1), minlength=n)


def with_numpy(field, rng, draws):
    first = np.zeros(field.n)
    for start in range(0, draws, 500):  # in pieces that stay in the cache
        n = min(500, draws - start)
        weights, drawn = field.draw_weights(rng, n), field.draw_scores(rng, n)
        mine = np.einsum("nck,nk->nc", field.scores(drawn), weights)
        theirs = field.their_fit(drawn)
        first += counted(2 * mine * theirs / (mine + theirs))
    return first / draws


def with_pymcdm(field, rng, draws):
    """pymcdm ranks one matrix under one set of weights at a time: its weighted sum for the seeker's side, its ranking at the end."""
    from pymcdm.helpers import rankdata
    from pymcdm.methods import WSM

    body = WSM(normalization_function=lambda column, cost: column)
    types = np.ones(len(field.weights))
    first = np.zeros(field.n)
    weights, drawn = field.draw_weights(rng, draws), field.draw_scores(rng, draws)
    theirs = field.their_fit(drawn)
    for draw in range(draws):
        matrix = field.scores(drawn[draw:draw + 1])[0]
        mine = body(matrix, weights[draw], types, validation=False)
        values = 2 * mine * theirs[draw] / (mine + theirs[draw])
        ranks = rankdata(values, reverse=True)
        first[np.argmin(ranks)] += 1
    return first / draws


def main():
    name, path = sys.argv[1:]
    with open(path, encoding="utf-8") as file:
        said = json.load(file)
    field = Field(said)
    # pymcdm takes its time for each draw: fewer give the same time of one.
    work, draws = {"numpy": (with_numpy, said["draws"]), "pymcdm": (with_pymcdm, 1000)}[name]
    times = []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        start = time.perf_counter()
        first = work(field, rng, draws)
        times.append(time.perf_counter() - start)
    apart = float(np.abs(first - np.array(said["first"])).max())
    print(json.dumps({"msPerDraw": sorted(times)[2] * 1e3 / draws, "apart": apart}))


main()

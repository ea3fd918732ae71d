"""Finds the nearest vectors of a group by cosine, comparing all of them. One JSON query a line in, milliseconds out.

Arguments: a file of float32, the dimension, the number of groups, how many to find."""

import json
import sys
import time

import numpy


def main():
    path, dimension, groups, k = sys.argv[1], *map(int, sys.argv[2:])
    vectors = numpy.fromfile(path, numpy.float32).reshape(-1, dimension)
    vectors /= numpy.linalg.norm(vectors, axis=1, keepdims=True)
    group_of = numpy.arange(len(vectors)) % groups
    for line in sys.stdin:
        asked = json.loads(line)
        query = numpy.array(asked["query"], numpy.float32)
        began = time.perf_counter()
        query /= numpy.linalg.norm(query)
        chosen = numpy.flatnonzero(group_of == asked["group"])
        scores = vectors[chosen] @ query
        best = numpy.argpartition(-scores, k)[:k]
        best = chosen[best[numpy.argsort(-scores[best])]]
        print(json.dumps({"ms": (time.perf_counter() - began) * 1000, "first": int(best[0])}), flush=True)


main()

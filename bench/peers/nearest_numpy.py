#!/usr/bin/env python3
"""The rows most similar to one vector: Windrow beside numpy and gensim, in alternation.

    bench/peers/nearest_numpy.py build/bench/nearest_bench

1,000,000 x 100 float32 rows in memory, k = 10, one query a call. numpy takes the dot product with every row and then
np.argpartition; gensim's most_similar does the same after it has divided by norms that it computed before. Windrow's
cosine computes the norms in every call. Each round runs every program once, in a process of its own and with the same
number of threads; milliseconds a query are medians, and a ratio is the median of the rounds' ratios. numpy takes what
libblas.so.3 is, whose name is printed: Debian's reference BLAS has one thread and no vectors of its own, OpenBLAS is
much faster.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys

NUMPY = """
import sys, time
import numpy as np
rows, dim, k, calls, peer = *map(int, sys.argv[1:5]), sys.argv[5]
random = np.random.default_rng(1)
matrix = random.standard_normal((rows, dim), np.float32)
queries = random.standard_normal((calls + 1, dim), np.float32)
if peer == "gensim":
    from gensim.models import KeyedVectors
    vectors = KeyedVectors(dim)
    vectors.add_vectors([str(i) for i in range(rows)], matrix)
    vectors.fill_norms()

def search(query):
    if peer == "gensim":
        return vectors.most_similar(positive=[query], topn=k)
    scores = matrix @ query
    best = np.argpartition(scores, -k)[-k:]
    return best[np.argsort(-scores[best])]

search(queries[0])
times = []
for query in queries[1:]:
    begin = time.perf_counter()
    search(query)
    times.append(time.perf_counter() - begin)
print(1000 * sorted(times)[len(times) // 2])
"""

ABOUT = """
import numpy
maps = open("/proc/self/maps").read().split()
print("numpy", numpy.__version__, "with", ", ".join(sorted({p for p in maps if "blas" in p.rsplit("/", 1)[-1]})))
"""

ROWS, DIM, K = 1_000_000, 100, 10  # what the benchmark program has


def windrow(program, similarity, threads):
    name = f"^nearest/{similarity}/f32/dim:{DIM}/rows:{ROWS}/queries:1/threads:{threads}/"
    output = subprocess.run([program, f"--benchmark_filter={name}", "--benchmark_format=json",
                             "--benchmark_min_time=0.3"], check=True, capture_output=True, text=True).stdout
    run, = json.loads(output)["benchmarks"]
    return run["ns/row"] * ROWS / 1e6  # of the median


def peer(options, name, threads):
    environment = dict(os.environ, OPENBLAS_NUM_THREADS=str(threads), OMP_NUM_THREADS=str(threads),
                       MKL_NUM_THREADS=str(threads), BLIS_NUM_THREADS=str(threads))
    command = [options.python, "-c", NUMPY, *map(str, (ROWS, DIM, K, options.calls)), name]
    return float(subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", help="the benchmark program nearest_bench")
    parser.add_argument("--threads", type=int, action="append", help="may be repeated (1 and all)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--calls", type=int, default=20, help="timed calls of a round")
    parser.add_argument("--without-gensim", action="store_true")
    parser.add_argument("--python", default="/usr/bin/python3", help="a Python that has numpy and gensim")
    options = parser.parse_args()

    print(subprocess.run([options.python, "-c", ABOUT], check=True, capture_output=True, text=True).stdout, end="")
    pairs = [("dot", "numpy")] + ([] if options.without_gensim else [("cosine", "gensim")])
    for threads in options.threads or sorted({1, len(os.sched_getaffinity(0))}):
        for similarity, name in pairs:
            ours, theirs = [], []
            for _ in range(options.rounds):
                ours.append(windrow(options.program, similarity, threads))
                theirs.append(peer(options, name, threads))
            ratios = [t / o for o, t in zip(ours, theirs)]
            print(f"{similarity}, {threads} threads: windrow {statistics.median(ours):.2f} ms, "
                  f"{name} {statistics.median(theirs):.2f} ms, {statistics.median(ratios):.1f} times faster "
                  f"({min(ratios):.1f} to {max(ratios):.1f})", flush=True)


if __name__ == "__main__":
    sys.exit(main())

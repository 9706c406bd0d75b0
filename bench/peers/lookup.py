#!/usr/bin/env python3
"""Compares Windrow's lookups with torch's and numpy's on one table file, in alternation.

    windrow create big.safetensors --rows 10000000 --dim 64
    bench/peers/lookup.py build/tools/windrow big.safetensors --threads 2

Sums of 4096 bags of 32 uniform ids, and gathers of as many ids. Nanoseconds per id, medians, and how many times faster
Windrow is. All read the same mapping of the same file; torch and numpy get a reused output where they take one. Debian's
torch is weaker than a vendor's build: it has no FBGEMM and no AVX-512. On a busy machine only the ratios mean something.
"""

import argparse
import json
import statistics
import subprocess
import time

import numpy as np
import torch

BAGS, BAG = 4096, 32
BATCHES = 16


def rows_of(path):
    """The rows of a Windrow table, mapped."""
    with open(path, "rb") as file:
        size = int.from_bytes(file.read(8), "little")
        weight = json.loads(file.read(size))["weight"]
    begin = 8 + size + weight["data_offsets"][0]
    return np.memmap(path, np.float32, "c", begin, tuple(weight["shape"]))


def median_ns(call, batches):
    times = []
    for ids in batches:
        start = time.perf_counter()
        call(ids)
        times.append((time.perf_counter() - start) / (BAGS * BAG) * 1e9)
    return statistics.median(times)


def windrow(command, table, op, threads):
    output = subprocess.run(
        [command, "bench", table, "--op", op, "--threads", str(threads), "--json"],
        check=True, capture_output=True, text=True,
    ).stdout
    return json.loads(output)["ns_per_id_median"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("windrow", help="the command")
    parser.add_argument("table", help="a Windrow table")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()

    torch.set_num_threads(options.threads)
    rows = rows_of(options.table)
    weights = torch.from_numpy(rows)
    offsets = torch.arange(0, BAGS * BAG, BAG)
    out = np.empty((BAGS * BAG, rows.shape[1]), np.float32)
    peers = {
        ("pool", "torch"): lambda ids: torch.nn.functional.embedding_bag(torch.from_numpy(ids), weights, offsets, mode="sum"),
        ("gather", "torch"): lambda ids: torch.index_select(weights, 0, torch.from_numpy(ids), out=torch.from_numpy(out)),
        ("gather", "numpy"): lambda ids: np.take(rows, ids, axis=0, out=out, mode="clip"),
    }
    random = np.random.default_rng(1)
    ours, theirs = {}, {}
    for _ in range(options.rounds):
        for op in ("pool", "gather"):
            ours.setdefault(op, []).append(windrow(options.windrow, options.table, op, options.threads))
        for key, call in peers.items():
            batches = [random.integers(0, len(rows), BAGS * BAG) for _ in range(BATCHES)]
            theirs.setdefault(key, []).append(median_ns(call, batches))
    for (op, peer), times in theirs.items():
        mine, other = statistics.median(ours[op]), statistics.median(times)
        print(f"{op}, {options.threads} threads: windrow {mine:.1f} ns/id, {peer} {other:.1f} ns/id, "
              f"{other / mine:.1f} times faster")


if __name__ == "__main__":
    main()

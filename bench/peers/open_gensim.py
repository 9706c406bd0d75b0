#!/usr/bin/env python3
"""From a file to the first word vector: Windrow beside gensim, in alternation.

    bench/peers/open_gensim.py build/tools/windrow build/bench/open_bench

Makes 1,000,000 x 300 float32 vectors once as a Windrow table and once as gensim saves them, and measures, all in the
page cache: opening the table and looking one token up (in a running process, and as a whole command), and gensim's
KeyedVectors.load with and without mmap. Medians.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

GENSIM = """
import sys, time
from gensim.models import KeyedVectors
begin = time.perf_counter()
vectors = KeyedVectors.load(sys.argv[1], mmap=sys.argv[2] or None)
vectors["token12345"]
print(time.perf_counter() - begin)
"""


def make_files(folder, rows, dim, python):
    make = f"""
import numpy as np
from gensim.models import KeyedVectors
values = np.random.default_rng(1).standard_normal(({rows}, {dim}), np.float32)
names = ["token%d" % i for i in range({rows})]
np.save("{folder}/v.npy", values)
open("{folder}/names", "w").write("\\n".join(names) + "\\n")
vectors = KeyedVectors({dim})
vectors.add_vectors(names, values)
vectors.save("{folder}/v.kv")
"""
    subprocess.run([python, "-c", make], check=True)


def in_process(program):
    output = subprocess.run([program, "--benchmark_filter=open.token", "--benchmark_format=json"], check=True,
                            capture_output=True, text=True).stdout
    return json.loads(output)["benchmarks"][0]["real_time"] * 1e-6


def command(windrow, table):
    begin = time.perf_counter()
    subprocess.run([windrow, "lookup", table, "--token", "token12345"], check=True, capture_output=True)
    return time.perf_counter() - begin


def gensim(python, path, mmap):
    return float(subprocess.run([python, "-c", GENSIM, path, mmap], check=True, capture_output=True, text=True).stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("windrow", help="the command")
    parser.add_argument("program", help="the benchmark program open_bench")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--dim", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--python", default="/usr/bin/python3", help="a Python that has numpy and gensim")
    options = parser.parse_args()

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_files(folder, options.rows, options.dim, options.python)
        table = folder / "v.safetensors"
        subprocess.run([options.windrow, "convert", folder / "v.npy", table, "--vocabulary", folder / "names"],
                       check=True, stdout=subprocess.DEVNULL)
        jobs = {
            "windrow, in a process": lambda: in_process(options.program),
            "windrow lookup, the command": lambda: command(options.windrow, table),
            "gensim load(mmap='r')": lambda: gensim(options.python, folder / "v.kv", "r"),
            "gensim load()": lambda: gensim(options.python, folder / "v.kv", ""),
        }
        times = {job: [] for job in jobs}
        for _ in range(options.rounds):
            for job, run in jobs.items():
                times[job].append(run())
        for job, seconds in times.items():
            print(f"{job:30} {1000 * statistics.median(seconds):10.3f} ms")


if __name__ == "__main__":
    sys.exit(main())

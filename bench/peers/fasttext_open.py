#!/usr/bin/env python3
"""From a fastText model to the first vector of a word that it does not know: Windrow beside fastText and gensim.

    bench/peers/fasttext_open.py build/tools/windrow

Writes a model of 100,000 words, 200,000 buckets and 100 values once, byte by byte, and converts it to a table. Then, in
alternation, each starts, opens its file from the page cache, and gives the vector of one unknown word: `windrow embed
--unknown subwords`, `fasttext print-word-vectors`, and gensim's load_facebook_vectors, of which only loading and the
vector count, not the start of Python. All must give the same vector. Medians, and the most memory that each held.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

WORD = "unrememberable"

GENSIM = """
import sys, time
from gensim.models.fasttext import load_facebook_vectors
begin = time.perf_counter()
vectors = load_facebook_vectors(sys.argv[1])
vector = vectors[sys.argv[2]]
print(time.perf_counter() - begin)
print(" ".join(map(str, vector)))
"""


def write_model(path, words, buckets, dim, python):
    """A skip-gram model as FastText::saveModel writes it; numpy is in the other Python."""
    make = f"""
import numpy as np, struct
random = np.random.default_rng(1)
with open({str(path)!r}, "wb") as file:
    file.write(struct.pack("<2i12id", 793712314, 12, {dim}, 5, 5, 1, 5, 1, 2, 2, {buckets}, 3, 6, 100, 1e-4))
    file.write(struct.pack("<3i2q", {words}, {words}, 0, 1000000, -1))
    for w in range({words}):
        file.write(b"word%d" % (w * 7919) + bytes(1) + struct.pack("<qb", {words} - w, 0))
    for rows in ({words} + {buckets}, {words}):
        file.write(bytes(1) + struct.pack("<2q", rows, {dim}))
        for begin in range(0, rows, 10000):
            count = min(10000, rows - begin)
            file.write(random.standard_normal((count, {dim}), np.float32).tobytes())
"""
    subprocess.run([python, "-c", make], check=True)


def run(command, word=None):
    """Seconds, the output, and the most memory held, in MB."""
    begin = time.perf_counter()
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    process.stdin.write(word + "\n" if word else "")
    process.stdin.close()
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{command[0]} ended with {process.returncode}")
    return time.perf_counter() - begin, output, usage.ru_maxrss / 1024


def windrow(options, table):
    seconds, output, memory = run([options.windrow, "embed", table, "--unknown", "subwords"], WORD)
    return seconds, [float(value) for value in output.split()], memory


def fasttext(options, model):
    seconds, output, memory = run([options.fasttext, "print-word-vectors", model], WORD)
    return seconds, [float(value) for value in output.split()[1:]], memory


def gensim(options, model):
    _, output, memory = run([options.python, "-c", GENSIM, model, WORD])
    seconds, vector = output.splitlines()
    return float(seconds), [float(value) for value in vector.split()], memory


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("windrow", help="the command")
    parser.add_argument("--words", type=int, default=100_000)
    parser.add_argument("--buckets", type=int, default=200_000)
    parser.add_argument("--dim", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--fasttext", default="fasttext", help="fastText's command")
    parser.add_argument("--python", default="/usr/bin/python3", help="a Python that has numpy and gensim")
    options = parser.parse_args()

    with tempfile.TemporaryDirectory() as name:
        model, table = Path(name) / "model.bin", Path(name) / "model.safetensors"
        write_model(model, options.words, options.buckets, options.dim, options.python)
        seconds, _, memory = run([options.windrow, "convert", model, table])
        size = model.stat().st_size / 1e6
        print(f"{size:.0f} MB; converted once in {seconds:.2f} s, with {memory:.0f} MB of memory\n")
        jobs = {
            "windrow embed": lambda: windrow(options, table),
            "fasttext print-word-vectors": lambda: fasttext(options, model),
            "gensim load_facebook_vectors": lambda: gensim(options, model),
        }
        results = {job: [] for job in jobs}
        for _ in range(options.rounds):
            for job, measure in jobs.items():
                results[job].append(measure())
        wanted = results["windrow embed"][0][1]
        for job, runs in results.items():
            for _, vector, _ in runs:
                if len(vector) != options.dim or any(abs(a - b) > 1e-4 for a, b in zip(vector, wanted)):
                    sys.exit(f"{job} gives another vector")
            seconds = statistics.median(run[0] for run in runs)
            print(f"{job:30} {1000 * seconds:10.1f} ms {max(run[2] for run in runs):8.0f} MB")


if __name__ == "__main__":
    sys.exit(main())

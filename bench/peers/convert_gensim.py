#!/usr/bin/env python3
"""From a text of word vectors to vectors that can be used: Windrow beside gensim, in alternation.

    bench/peers/convert_gensim.py build/tools/windrow

Makes 400,000 x 100 vectors with six decimals, as word2vec's text and as GloVe's, and measures, from the page cache:
`windrow convert` to a table, the whole command with its writing and sync, and gensim's load_word2vec_format, which ends
in memory, without the start of Python and its imports. Medians; a ratio is the median of the rounds' ratios. Peak memory
is that of the process (ru_maxrss), which the page cache is no part of.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MAKE = """
import sys
import numpy as np
rows, dim = map(int, sys.argv[2:4])
random = np.random.default_rng(1)
with open(sys.argv[1] + "/v.txt", "w") as text, open(sys.argv[1] + "/v.glove", "w") as glove:
    text.write(f"{rows} {dim}\\n")
    for begin in range(0, rows, 10_000):
        count = min(10_000, rows - begin)
        lines = "".join(f"token{begin + i} " + " ".join(["%.6f"] * dim) % tuple(row) + "\\n"
                        for i, row in enumerate(random.standard_normal((count, dim)) * 0.3))
        text.write(lines)
        glove.write(lines)
"""

GENSIM = """
import sys, time
from gensim.models import KeyedVectors
begin = time.perf_counter()
vectors = KeyedVectors.load_word2vec_format(sys.argv[1], no_header=sys.argv[2] == "glove")
seconds = time.perf_counter() - begin
assert len(vectors) == int(sys.argv[3])
print(seconds)
"""


def windrow(command, source, target):
    """Seconds, and megabytes at the peak."""
    begin = time.perf_counter()
    child = subprocess.Popen([command, "convert", source, target], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - begin
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        raise subprocess.CalledProcessError(child.returncode, child.args)
    return seconds, usage.ru_maxrss / 1000


def gensim(python, path, kind, rows):
    command = [python, "-c", GENSIM, path, kind, str(rows)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("windrow", help="the command")
    parser.add_argument("--rows", type=int, default=400_000)
    parser.add_argument("--dim", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", help="where the files go (that of temporary files)")
    parser.add_argument("--python", default="/usr/bin/python3", help="a Python that has numpy and gensim")
    options = parser.parse_args()

    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        subprocess.run([options.python, "-c", MAKE, name, str(options.rows), str(options.dim)], check=True)
        for kind, source in (("word2vec", folder / "v.txt"), ("glove", folder / "v.glove")):
            subprocess.run(["cat", source], stdout=subprocess.DEVNULL, check=True)  # into the page cache
            ours, theirs, peaks = [], [], []
            for _ in range(options.rounds):
                seconds, peak = windrow(options.windrow, source, folder / "v.safetensors")
                ours.append(seconds)
                peaks.append(peak)
                theirs.append(gensim(options.python, source, kind, options.rows))
            ratios = [t / o for o, t in zip(ours, theirs)]
            print(f"{kind} text, {options.rows} x {options.dim}, {source.stat().st_size / 1e6:.0f} MB: "
                  f"windrow {statistics.median(ours):.2f} s with {max(peaks):.0f} MB, "
                  f"gensim {statistics.median(theirs):.2f} s, {statistics.median(ratios):.1f} times faster "
                  f"({min(ratios):.1f} to {max(ratios):.1f})", flush=True)


if __name__ == "__main__":
    sys.exit(main())

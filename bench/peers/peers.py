#!/usr/bin/env python3
"""Compares Windrow's lookups with torch's, numpy's and gensim's, and prints a table in Markdown.

    /usr/bin/python3 bench/peers/peers.py build                      # build: where meson built, with -Dbench=enabled
    /usr/bin/python3 bench/peers/peers.py build --rows 1000000 --dim 128 --threads 1 --jobs sum,gather

All read the same file through a mapping of their own, warm: every page was read before. All get the same ids: 4096 bags
of 32 uniform ids a call, drawn once and written to a file. They take turns: in every round each job runs one stretch of
calls in Windrow and one in the peer, in changing order, at places of the ids that are half a cycle apart, so that nobody
finds rows in the cache which the other has just read. First the results of both are compared. Windrow's side is the
program `replay`, in a process of its own; the peers run in this one. Where a peer can write into memory it is given
(`out=`), it is. Where gensim is missing its jobs are left out. It is asked for 32 keys at a time, and
Windrow then looks up the same keys in its vocabulary.

The ratio is the median of the rounds' ratios, with the smallest and the largest. Debian's torch is weaker than a
vendor's build: it lacks FBGEMM's kernels and AVX-512. torch's result from f16 rows is f16, Windrow's here f32.
"""

import argparse
import datetime
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

import numpy as np
import torch
from torch.nn.functional import embedding_bag

try:
    import gensim
except ImportError:
    gensim = None  # its jobs are left out

BAGS, BAG = 4096, 32
BATCHES = 32  # of the main cycle of ids
KEY_BATCH, KEY_DIM = 4096, 100  # gensim's side takes microseconds a key
PAUSE = 0.02  # seconds after a stretch: threads of the last one spin for a while before they sleep


@dataclass
class Job:
    name: str  # as --jobs names it
    title: str
    op: str  # Windrow's
    table: str  # which file
    peer: str
    call: Callable  # of a batch's number; returns the result
    tolerance: float = 1e-5  # of the largest expected value


class Windrow:
    """replay on one table; see replay.cc for what it understands."""

    def __init__(self, build, *arguments):
        self.process = subprocess.Popen([build / "bench/replay", *map(str, arguments)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True, bufsize=1)

    def ask(self, *words):
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        answer = self.process.stdout.readline()
        if not answer:
            sys.exit("peers: replay ended early")
        return answer

    def times(self, op, threads, first, count):
        return [float(word) for word in self.ask("time", op, threads, first, count).split()]

    def result(self, op, number, folder):
        path = folder / "result"
        self.ask("save", op, 1, number, path)
        return np.fromfile(path, np.float32)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def rows_of(path):
    """The rows of a Windrow table, mapped."""
    with open(path, "rb") as file:
        size = int.from_bytes(file.read(8), "little")
        weight = json.loads(file.read(size))["weight"]
    return np.memmap(path, np.float32, "c", 8 + size + weight["data_offsets"][0], tuple(weight["shape"]))


def read_through(rows):
    """Brings every page of a mapping into memory and into this process."""
    for first in range(0, len(rows), 100_000):
        rows[first:first + 100_000].view(np.uint8).max()


def converted(source, path, dtype, columns, convert):
    """A .npy file of the rows in another form, mapped."""
    if not path.exists():
        target = np.lib.format.open_memmap(path, "w+", dtype, (len(source), columns))
        for first in range(0, len(source), 100_000):
            target[first:first + 100_000] = convert(source[first:first + 100_000])
        target.flush()
        del target
    return np.load(path, mmap_mode="c")


def table_with_keys(build, path, rows, random):
    """A table with tokens, as `windrow convert` makes it from word2vec's binary format."""
    if not path.exists():
        binary = path.with_suffix(".bin")
        with open(binary, "wb") as file:
            file.write(b"%d %d\n" % (rows, KEY_DIM))
            for first in range(0, rows, 10_000):
                block = random.random((min(10_000, rows - first), KEY_DIM), np.float32) - np.float32(0.5)
                file.write(b"".join(b"key%d %s\n" % (first + k, row.tobytes()) for k, row in enumerate(block)))
        subprocess.run([build / "tools/windrow", "convert", binary, path], check=True, stdout=subprocess.DEVNULL)
        binary.unlink()
    return rows_of(path)


def lookup_jobs(f32, f16, int8, ids):
    weight = {name: torch.from_numpy(rows) for name, rows in (("f32", f32), ("f16", f16), ("int8", int8))}
    offsets = torch.arange(0, BAGS * BAG, BAG)
    halves = torch.full((BAGS * BAG,), 0.5)
    out = np.empty((BAGS * BAG, f32.shape[1]), np.float32)
    torch_ids = torch.from_numpy(ids)

    def bags(table="f32", **how):
        return lambda k: embedding_bag(torch_ids[k], weight[table], offsets, **how)

    def int8_bags(k):
        return torch.ops.quantized.embedding_bag_byte_rowwise_offsets(weight["int8"], torch_ids[k], offsets, mode=0)

    def select(k):
        return torch.index_select(weight["f32"], 0, torch_ids[k], out=torch.from_numpy(out))

    bag = "EmbeddingBag"
    return [
        Job("sum", "sum of 32", "sum", "f32", f"torch {bag}", bags(mode="sum")),
        Job("sum", "sum of 32", "sum", "f32", "numpy m[ids], reshape, sum",
            lambda k: f32[ids[k]].reshape(BAGS, BAG, -1).sum(1)),
        Job("mean", "mean of 32", "mean", "f32", f"torch {bag}", bags(mode="mean")),
        Job("max", "max of 32", "max", "f32", f"torch {bag}", bags(mode="max")),
        Job("weighted", "weighted sum of 32", "weighted", "f32", f"torch {bag}",
            bags(mode="sum", per_sample_weights=halves)),
        Job("padding", "sum of 32, padding id", "padding", "f32", f"torch {bag}", bags(mode="sum", padding_idx=0)),
        Job("f16", "sum of 32, f16 rows", "sum", "f16", f"torch {bag}", bags("f16", mode="sum"), tolerance=1e-2),
        Job("int8", "sum of 32, int8 rows", "sum", "int8", "torch embedding_bag_byte", int8_bags, tolerance=1e-4),
        Job("gather", "gather", "gather", "f32", "torch index_select(out=)", select),
        Job("gather", "gather", "gather", "f32", 'numpy take(out=, mode="clip")',
            lambda k: np.take(f32, ids[k], axis=0, out=out, mode="clip")),
        Job("gather", "gather", "gather", "f32", "numpy m[ids]", lambda k: f32[ids[k]]),
    ]


def gensim_jobs(rows, ids):
    vectors = gensim.models.KeyedVectors(KEY_DIM)
    vectors.vectors = rows
    vectors.index_to_key = [f"key{k}" for k in range(len(rows))]
    vectors.key_to_index = {key: k for k, key in enumerate(vectors.index_to_key)}
    calls = [[[f"key{k}" for k in bag] for bag in batch.reshape(-1, BAG)] for batch in ids]
    return [
        Job("gensim", "32 keys to rows", "find_gather", "keys", "gensim kv[keys]",
            lambda k: np.concatenate([vectors[keys] for keys in calls[k]])),
        Job("gensim", "mean of 32 keys", "find_mean", "keys", "gensim get_mean_vector",
            lambda k: np.stack([vectors.get_mean_vector(keys, pre_normalize=False) for keys in calls[k]])),
    ]


def peer_times(job, numbers, ids_each):
    times = []
    for number in numbers:
        start = time.perf_counter()
        job.call(number)
        times.append((time.perf_counter() - start) / ids_each * 1e9)
    return times


def compare(job, windrow, threads, cycle, ids_each, options):
    """(Windrow's ns/id, the peer's, ratio, smallest, largest)."""
    torch.set_num_threads(threads)
    calls = min(options.calls, cycle // 2)
    ours, theirs = [], []
    for turn in range(options.rounds):
        first = turn * calls % cycle

        def run_ours():
            windrow.times(job.op, threads, first + cycle - 1, 1)
            ours.append(statistics.median(windrow.times(job.op, threads, first, calls)))

        def run_theirs():
            there = [(first + cycle // 2 + k) % cycle for k in range(calls)]
            peer_times(job, [(there[0] - 1) % cycle], ids_each)
            theirs.append(statistics.median(peer_times(job, there, ids_each)))

        for run in (run_ours, run_theirs) if turn % 2 == 0 else (run_theirs, run_ours):
            run()
            time.sleep(PAUSE)
    ratios = [t / o for o, t in zip(ours, theirs)]
    return statistics.median(ours), statistics.median(theirs), statistics.median(ratios), min(ratios), max(ratios)


def cpu_model():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith(("model name", "CPU part")):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=Path, help="the build folder")
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--dim", type=int, default=64)
    parser.add_argument("--keys", type=int, default=1_000_000, help="rows of the table with tokens")
    parser.add_argument("--threads", help="such as 1,2 (1 and all)")
    parser.add_argument("--jobs", help="such as sum,gather (all): sum, mean, max, weighted, padding, f16, int8, gather, gensim")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--calls", type=int, default=8, help="timed calls of a stretch")
    parser.add_argument("--residency", default="warm", help="how Windrow holds its pages: warm (4 KiB) or huge (2 MiB)")
    parser.add_argument("--folder", type=Path, help="where the tables are made and left for the next time; else $TMPDIR")
    options = parser.parse_args()
    cpus = len(os.sched_getaffinity(0))
    threads = [int(t) for t in options.threads.split(",")] if options.threads else sorted({1, cpus})
    wanted = options.jobs.split(",") if options.jobs else None

    with tempfile.TemporaryDirectory(prefix="windrow-peers-") as scratch:
        folder = options.folder or Path(scratch)
        folder.mkdir(exist_ok=True)
        scratch = Path(scratch)
        random = np.random.default_rng(1)
        ids = random.integers(0, options.rows, (BATCHES, BAGS * BAG))
        np.save(scratch / "ids.npy", ids)
        stem = f"{options.rows}x{options.dim}"
        paths = {"f32": folder / f"{stem}.safetensors", "f16": folder / f"{stem}.f16.npy",
                 "int8": folder / f"{stem}.int8.npy", "keys": folder / f"keys{options.keys}.safetensors"}
        if not paths["f32"].exists():
            subprocess.run([options.build / "tools/windrow", "create", paths["f32"], "--rows", str(options.rows), "--dim",
                            str(options.dim)], check=True, stdout=subprocess.DEVNULL)
        f32 = rows_of(paths["f32"])
        f16 = converted(f32, paths["f16"], np.float16, options.dim, lambda block: block.astype(np.float16))
        int8 = converted(f32, paths["int8"], np.uint8, options.dim + 8, lambda block:
                         torch.ops.quantized.embedding_bag_byte_prepack(torch.from_numpy(block)).numpy())
        jobs = lookup_jobs(f32, f16, int8, ids)
        key_ids = random.integers(0, options.keys, (16, KEY_BATCH))
        if gensim and (wanted is None or "gensim" in wanted):
            np.save(scratch / "key_ids.npy", key_ids)
            keys = table_with_keys(options.build, paths["keys"], options.keys, random)
            jobs += gensim_jobs(keys, key_ids)
            read_through(keys)
        jobs = [job for job in jobs if wanted is None or job.name in wanted]
        for name, rows in (("f32", f32), ("f16", f16), ("int8", int8)):
            if any(job.table == name for job in jobs):
                read_through(rows)

        print(f"{datetime.date.today()}, {cpu_model()}, {cpus} CPUs, Linux {'.'.join(platform.release().split('.')[:2])}; "
              f"{options.rows:,} x {options.dim} (gensim: {options.keys:,} x {KEY_DIM}), "
              f"pages read before, residency {options.residency} in Windrow; "
              f"torch {torch.__version__}, numpy {np.__version__}, gensim {gensim.__version__ if gensim else 'absent'}; "
              f"{options.rounds} rounds, medians\n\n`{' '.join(['bench/peers/peers.py', *sys.argv[1:]])}`\n")
        print("| job | threads | Windrow | peer | | times faster | range |\n|---|---|---|---|---|---|---|", flush=True)
        for job in jobs:
            extra = [job.table] if job.table == "int8" else []
            ids_file = scratch / ("key_ids.npy" if job.table == "keys" else "ids.npy")
            cycle, ids_each = (key_ids if job.table == "keys" else ids).shape
            windrow = Windrow(options.build, paths[job.table], ids_file, BAG, options.residency, *extra)
            expected = np.asarray(job.call(0), np.float32).ravel()
            np.testing.assert_allclose(windrow.result(job.op, 0, scratch), expected, rtol=0,
                                       atol=job.tolerance * np.abs(expected).max(), err_msg=f"{job.title}, {job.peer}")
            for count in [1] if job.table == "keys" else threads:
                mine, other, ratio, least, most = compare(job, windrow, count, cycle, ids_each, options)
                unit = "ns/key" if job.table == "keys" else "ns/id"
                print(f"| {job.title} | {count} | {mine:.1f} {unit} | {job.peer} | {other:.1f} {unit} | {ratio:.1f} | "
                      f"{least:.1f} to {most:.1f} |", flush=True)
            windrow.close()


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Compares Windrow's training step with torch's on one machine, in alternation.

    bench/peers/step.py build/bench/step_bench --threads 2

Nanoseconds per id, medians, and how many times faster Windrow is. On a busy machine only the ratio means something.
"""

import argparse
import json
import statistics
import subprocess
from pathlib import Path


def windrow(program, optimizer, threads):
    name = f"step/{optimizer}/f32/sum/rows:1000000/dim:128/ids:131072/bag:32/uniform/4KiB/threads:{threads}/"
    output = subprocess.run(
        [program, f"--benchmark_filter={name}", "--benchmark_format=json", "--benchmark_repetitions=5"],
        check=True, capture_output=True, text=True,
    ).stdout
    runs = [run for run in json.loads(output)["benchmarks"] if run["run_type"] == "iteration"]
    return statistics.median(1e9 / run["items_per_second"] for run in runs)


def torch(python, optimizer, threads):
    script = Path(__file__).with_name("step_torch.py")
    command = [python, script, "--optimizer", optimizer, "--threads", str(threads)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", help="the benchmark program step_bench")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--optimizer", choices=["sgd", "adagrad"], action="append")
    parser.add_argument("--python", default="/usr/bin/python3", help="a Python that has torch")
    options = parser.parse_args()

    for optimizer in options.optimizer or ["sgd", "adagrad"]:
        ours, theirs = [], []
        for _ in range(options.rounds):
            ours.append(windrow(options.program, optimizer, options.threads))
            theirs.append(torch(options.python, optimizer, options.threads))
        ratio = statistics.median(t / o for t, o in zip(theirs, ours))
        print(f"{optimizer}, {options.threads} threads: windrow {statistics.median(ours):.0f} ns/id, "
              f"torch {statistics.median(theirs):.0f} ns/id, {ratio:.1f} times faster")


if __name__ == "__main__":
    main()

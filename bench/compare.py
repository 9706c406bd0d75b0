#!/usr/bin/env python3
"""Compares two builds by one benchmark program each, run in alternation on one machine.

    bench/compare.py base/bench/lookup_bench head/bench/lookup_bench --filter 'pool_sum/f32' --rounds 10
    bench/compare.py base/bench/step_bench head/bench/step_bench --json result.json -- --benchmark_min_time=0.5
    bench/compare.py result.json

Each round runs both programs, and the next one in the other order, so that a machine that slows down is fair to both.
Benchmarks are paired by name. The table has the medians, the median of the rounds' ratios head / base (below 1: head is
faster), and the spread: the ratios' quartiles. A ratio counts as a difference (`<` faster, `>` slower) only when both
quartiles lie on one side of 1 and it is further from 1 than --least. A file that --json wrote holds every round; given
instead of the programs it is shown again.
"""

import argparse
import json
import statistics
import subprocess
import sys

NANOSECONDS = {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}


def times_of(report):
    """{name: time} of Google Benchmark's JSON: its counter ns/id where it has one, else nanoseconds a run."""
    times = {}
    for run in report["benchmarks"]:
        if run.get("run_type", "iteration") != "iteration" or run.get("error_occurred"):
            continue
        time = run.get("ns/id", run["real_time"] * NANOSECONDS[run["time_unit"]])
        times.setdefault(run["name"], []).append(time)
    return {name: statistics.median(values) for name, values in times.items()}


def run_once(program, pattern, more):
    command = [program, "--benchmark_format=json", f"--benchmark_filter={pattern}", *more]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"compare: {' '.join(command)} ended with status {done.returncode}\n{done.stderr}")
    try:
        return times_of(json.loads(done.stdout))
    except (ValueError, KeyError) as error:
        sys.exit(f"compare: {' '.join(command)} did not print benchmark results as JSON: {error!r}")


def run_rounds(base, head, options):
    """A list of {"base": {name: time}, "head": {name: time}}."""
    rounds = []
    for number in range(options.rounds):
        order = [("base", base), ("head", head)]
        if number % 2:
            order.reverse()
        rounds.append({side: run_once(program, options.filter, options.more) for side, program in order})
        print(f"round {number + 1} of {options.rounds}", file=sys.stderr)
    return rounds


def quartiles(values):
    if len(values) == 1:
        return values[0], values[0]
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return low, high


def compare(rounds, least=0.0):
    """One dict for each name that both sides have in every round, in their order."""
    rows = []
    for name in rounds[0]["base"]:
        if not all(name in one[side] for one in rounds for side in ("base", "head")):
            continue
        base = [one["base"][name] for one in rounds]
        head = [one["head"][name] for one in rounds]
        ratios = [h / b for b, h in zip(base, head)]
        ratio = statistics.median(ratios)
        low, high = quartiles(ratios)
        verdict = ""
        if abs(ratio - 1) > least:
            verdict = "<" if high < 1 else ">" if low > 1 else ""
        rows.append({"name": name, "base": statistics.median(base), "head": statistics.median(head),
                     "ratio": ratio, "low": low, "high": high, "verdict": verdict})
    return rows


def unpaired(rounds):
    names = {side: set().union(*(one[side] for one in rounds)) for side in ("base", "head")}
    return sorted(names["base"] - names["head"]), sorted(names["head"] - names["base"])


def table(rows):
    header = ("benchmark", "base", "head", "ratio", "spread", "")
    lines = [(row["name"], f"{row['base']:.4g}", f"{row['head']:.4g}", f"{row['ratio']:.3f}",
              f"{row['low']:.3f} to {row['high']:.3f}", row["verdict"]) for row in rows]
    widths = [max(len(line[k]) for line in [header, *lines]) for k in range(len(header))]
    return "\n".join("  ".join(cell.ljust(width) if k == 0 else cell.rjust(width)
                               for k, (cell, width) in enumerate(zip(line, widths))).rstrip()
                     for line in [header, *lines])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0],
                                     usage="%(prog)s [options] BASE HEAD [-- ARGUMENTS OF BOTH] | %(prog)s RESULT.json")
    parser.add_argument("files", nargs="+", help="two benchmark programs, or a file that --json wrote")
    parser.add_argument("--filter", default=".", help="which benchmarks, a regular expression")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--least", type=float, default=0.02, help="the smallest difference that counts (0.02)")
    parser.add_argument("--json", help="write every round into this file")
    arguments = sys.argv[1:]
    split = arguments.index("--") if "--" in arguments else len(arguments)
    options = parser.parse_args(arguments[:split])
    options.more = arguments[split + 1:]
    if options.rounds < 1:
        parser.error("--rounds must be 1 or more")

    if len(options.files) == 1:
        with open(options.files[0], encoding="utf-8") as file:
            result = json.load(file)
        rounds = result["rounds"]
    elif len(options.files) == 2:
        rounds = run_rounds(*options.files, options)
        result = {"base": options.files[0], "head": options.files[1], "filter": options.filter,
                  "arguments": options.more, "rounds": rounds}
    else:
        parser.error("needs two programs, or one file")
    rows = compare(rounds, options.least)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump({**result, "comparison": rows}, file, indent=1)
    print(f"base: {result['base']}\nhead: {result['head']}\n{len(rounds)} rounds, medians; ns/id where a benchmark "
          "counts it, else ns\n")
    print(table(rows))
    for side, names in zip(("base", "head"), unpaired(rounds)):
        if names:
            print(f"\nin {side} only: {', '.join(names)}")
    return 0 if rows else 1


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Looks whether the tests reach every line and every branch of the code that keeps journals and puts tables right.

usage: coverage_test.py BUILD-FOLDER

The build is one by clang with -fprofile-instr-generate -fcoverage-mapping. What its tests do not reach is printed, unless
it stands in NOT_TAKEN with a reason; a reason for what is reached after all is a failure, too.
"""

import collections
import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile

SOURCES = ["src/format/" + name for name in ("meta_slot.cc", "undo_journal.cc")] + [
    "src/table/" + name for name in ("checksum_map.cc", "row_images.cc")] + [
    "src/train/" + name for name in (
        "apply_delta.cc", "before_change.cc", "checkpoint.cc", "checkpoint_delta.cc", "incarnation.cc", "journal.cc",
        "journal_reader.cc", "locked_table.cc", "recover.cc", "rollback_log.cc", "row_patcher.cc", "undo.cc")]

# Fewer crashes than in the tests themselves: which branches they take no longer changes.
RUNS = [
    ["tests/train_test", "~[.],[crash]"],
    ["tests/format_test"],
    ["tests/faults/faults_test"],
] + [[f"tests/fuzz/{name}_fuzz", f"tests/fuzz/corpus/{name}"] for name in ("delta", "meta_slot", "undo_journal")]
CRASH_SEEDS = "2000"

# file: {condition, and what it never is: why}
NOT_TAKEN = {
    "src/train/before_change.cc": {
        "!reserved is never true": "a step too large to sort has 2^32 ids or more, on a table of 2^32 rows"},
    "src/train/checkpoint.cc": {
        "!tensors is never true": "the trainer would not have been opened: the header is the same, and so is the slot"},
    "src/train/journal_reader.cc": {
        "true is never looked at": "a constant"},
}


def tool(name):
    """The tool of the clang that is there, whichever its version."""
    versioned = sorted(glob.glob(f"/usr/bin/{name}-[0-9]*"), key=lambda path: int(path.rsplit("-", 1)[1]))
    return shutil.which(name) or (versioned or [name])[-1]


def run_tests(root, build, profiles):
    """Whether all went well."""
    env = {**os.environ, "LLVM_PROFILE_FILE": os.path.join(profiles, "%p.profraw"), "WINDROW_CRASH_SEEDS": CRASH_SEEDS}
    good = True
    for program, *arguments in RUNS:
        done = subprocess.run([os.path.join(build, program), *arguments], cwd=root, env=env, capture_output=True, text=True)
        if done.returncode != 0:
            print(f"{program} failed:\n{done.stdout[-4000:]}{done.stderr[-4000:]}")
            good = False
    return good


def export(build, profiles, form):
    merged = os.path.join(profiles, "all.profdata")
    if not os.path.exists(merged):
        subprocess.run([tool("llvm-profdata"), "merge", "-o", merged, *glob.glob(os.path.join(profiles, "*.profraw"))],
                       check=True)
    programs = [os.path.join(build, run[0]) for run in RUNS]
    objects = [word for program in programs[1:] for word in ("-object", program)]
    return subprocess.run([tool("llvm-cov"), "export", "-format=" + form, "-instr-profile", merged, programs[0], *objects],
                          check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout


def source_of(root, build, path):
    """The path below the root of one of SOURCES, or None."""
    name = os.path.relpath(os.path.normpath(os.path.join(build, path)), root)
    return name if name in SOURCES else None


def lines_not_reached(root, build, lcov):
    source = None
    for line in lcov.splitlines():
        if line.startswith("SF:"):
            source = source_of(root, build, line[3:])
        elif source and line.startswith("DA:") and line.endswith(",0"):
            yield f"{source}:{line[3:].split(',')[0]}: no test reaches this line"


def text_of(lines, begin_line, begin_column, end_line, end_column):
    if begin_line == end_line:
        return lines[begin_line - 1][begin_column - 1:end_column - 1]
    parts = [lines[begin_line - 1][begin_column - 1:], *lines[begin_line:end_line - 1], lines[end_line - 1][:end_column - 1]]
    return " ".join(part.strip() for part in parts)


def branches_not_taken(root, build, coverage):
    """(source, line, "CONDITION is never ..."). A template, or a file that two programs have, stands there more than once."""
    for file in coverage["data"][0]["files"]:
        source = source_of(root, build, file["filename"])
        if not source:
            continue
        with open(os.path.join(root, source)) as text:
            lines = text.read().split("\n")
        counts = collections.defaultdict(lambda: [0, 0])
        for *place, is_true, is_false, _, _, _ in file["branches"]:
            counts[tuple(place)][0] += is_true
            counts[tuple(place)][1] += is_false
        for place, (is_true, is_false) in sorted(counts.items()):
            if not is_true or not is_false:
                never = "true" if is_false else "false" if is_true else "looked at"
                yield source, place[0], f"{text_of(lines, *place)} is never {never}"


def main():
    build = os.path.abspath(sys.argv[1])
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    subprocess.run(["ninja", "-C", build, *(run[0] for run in RUNS)], check=True)
    with tempfile.TemporaryDirectory() as profiles:
        good = run_tests(root, build, profiles)
        found = list(lines_not_reached(root, build, export(build, profiles, "lcov")))
        left = {(source, text) for source, texts in NOT_TAKEN.items() for text in texts}
        for source, line, text in branches_not_taken(root, build, json.loads(export(build, profiles, "text"))):
            if text in NOT_TAKEN.get(source, {}):
                left.discard((source, text))
            else:
                found.append(f"{source}:{line}: {text}")
    found += [f"{source}: {text}: has a reason, and is not so" for source, text in sorted(left)]
    print("\n".join(found))
    print(f"{len(SOURCES)} files: {len(found)} lines and branches that no test reaches, "
          f"{sum(map(len, NOT_TAKEN.values()))} more with a reason")
    sys.exit(0 if good and not found else 1)


if __name__ == "__main__":
    main()

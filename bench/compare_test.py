#!/usr/bin/env python3
"""Tests of compare.py, on programs that print made-up times."""

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import compare  # noqa: E402

SCRIPT = Path(__file__).with_name("compare.py")

# Counts its runs in a file, and takes `factor` times as long for `sum`.
PROGRAM = """#!{python}
import json, sys
from pathlib import Path
log = Path({log!r})
turn = len(log.read_text().split()) if log.exists() else 0
with log.open("a") as file: file.write({side!r} + " ")
assert any(a.startswith("--benchmark_filter=") for a in sys.argv)
names = {names!r}
print(json.dumps({{"benchmarks": [
    {{"name": n, "run_type": "iteration", "real_time": 2.0, "time_unit": "us", **c}} for n, c in names.items()]}}))
"""


class CompareTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.root = Path(self.folder.name)

    def program(self, side, names):
        path = self.root / side
        path.write_text(PROGRAM.format(python=sys.executable, log=str(self.root / "log"), side=side, names=names))
        path.chmod(0o755)
        return str(path)

    def run_script(self, *arguments):
        return subprocess.run([sys.executable, str(SCRIPT), *arguments], capture_output=True, text=True, check=False)

    def test_programs_alternate_and_names_are_paired(self):
        base = self.program("base", {"sum": {"ns/id": 10.0}, "gone": {}, "plain": {}})
        head = self.program("head", {"plain": {}, "sum": {"ns/id": 5.0}, "new": {}})
        saved = self.root / "result.json"
        done = self.run_script(base, head, "--rounds", "4", "--json", str(saved))
        self.assertEqual(done.returncode, 0, done.stderr)
        order = (self.root / "log").read_text().split()
        self.assertEqual(order, ["base", "head", "head", "base"] * 2)
        self.assertRegex(done.stdout, r"sum +10 +5 +0\.500 +0\.500 to 0\.500 +<")
        self.assertRegex(done.stdout, r"plain +2000 +2000 +1\.000")
        self.assertIn("in base only: gone", done.stdout)
        self.assertIn("in head only: new", done.stdout)
        self.assertEqual(len(json.loads(saved.read_text())["rounds"]), 4)
        again = self.run_script(str(saved))
        self.assertEqual(again.stdout, done.stdout)

    def test_a_failure_is_reported(self):
        base = self.program("base", {"sum": {}})
        broken = self.root / "broken"
        broken.write_text("#!/bin/sh\necho no memory >&2\nexit 3\n")
        broken.chmod(0o755)
        done = self.run_script(base, str(broken), "--rounds", "1")
        self.assertEqual(done.returncode, 1)
        self.assertIn("status 3", done.stderr)
        self.assertIn("no memory", done.stderr)

    def test_noise_is_no_difference(self):
        rounds = [{"base": {"a": 10.0}, "head": {"a": h}} for h in (8.0, 9.0, 12.0, 13.0, 9.5)]
        self.assertEqual(compare.compare(rounds)[0]["verdict"], "")
        rounds = [{"base": {"a": 10.0}, "head": {"a": h}} for h in (12.0, 13.0, 11.0)]
        self.assertEqual(compare.compare(rounds)[0]["verdict"], ">")
        rounds = [{"base": {"a": 100.0}, "head": {"a": 101.0}}] * 3
        self.assertEqual(compare.compare(rounds, least=0.02)[0]["verdict"], "")

    def test_repetitions_count_by_their_median(self):
        runs = [{"name": "a", "run_type": "iteration", "real_time": t, "time_unit": "ns"} for t in (1, 2, 9)]
        runs.append({"name": "a_mean", "run_type": "aggregate", "real_time": 4, "time_unit": "ns"})
        self.assertEqual(compare.times_of({"benchmarks": runs}), {"a": 2})


if __name__ == "__main__":
    unittest.main()

"""What the tests of the examples share: a folder, the program, and a reader of tables."""

import json
import struct
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path


def read_table(path):
    """Token -> vector, by the layout in FORMAT.md."""
    data = path.read_bytes()
    (length,) = struct.unpack_from("<Q", data)
    header = json.loads(data[8 : 8 + length])

    def tensor(name):
        begin, end = header[name]["data_offsets"]
        return data[8 + length + begin : 8 + length + end]

    rows, dim = header["weight"]["shape"]
    values = struct.unpack(f"<{rows * dim}f", tensor("weight"))
    bounds = struct.unpack(f"<{rows + 1}q", tensor("vocab.offsets"))
    tokens = [tensor("vocab.bytes")[a:b].decode() for a, b in zip(bounds, bounds[1:])]
    return {token: values[row * dim : (row + 1) * dim] for row, token in enumerate(tokens)}


class ExampleCase(unittest.TestCase):
    program = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="windrow-example-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def run_program(self, *arguments, status=0):
        command = [self.program, *map(str, arguments)]
        result = subprocess.run(command, capture_output=True, text=True, cwd=self.folder)
        self.assertEqual(result.returncode, status, result.stdout + result.stderr)
        if status == 0:
            self.assertEqual(result.stderr, "", "progress is for terminals")
        return result.stdout if status == 0 else result.stderr

    def files(self):
        return sorted(path.name for path in self.folder.iterdir())


def main():
    """X_test.py PROGRAM [unittest's arguments]"""
    ExampleCase.program = Path(sys.argv.pop(1)).resolve()
    unittest.main()

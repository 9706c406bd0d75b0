#!/usr/bin/env python3
"""Tests run_examples.py: what must pass passes, and an example that is wrong is noticed, with its line."""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

RUNNER = Path(__file__).with_name("run_examples.py")


def run(document, *options):
    with tempfile.TemporaryDirectory(prefix="windrow-readme-") as folder:
        path = Path(folder) / "document.md"
        path.write_text(document, encoding="utf-8")
        result = subprocess.run([sys.executable, str(RUNNER), "--document", str(path), *options],
                                capture_output=True, text=True)
        return result.returncode, result.stdout + result.stderr


class Runner(unittest.TestCase):
    def passes(self, document, summary):
        code, text = run(document)
        self.assertEqual(code, 0, text)
        self.assertIn(summary, text)

    def fails(self, document, message):
        code, text = run(document)
        self.assertEqual(code, 1, text)
        self.assertIn(message, text)

    def test_shell_blocks_share_a_folder(self):
        self.passes("```sh\necho hello > a\n```\nand\n```sh\ncat a\n```\n<!-- output -->\n```text\nhello\n```\n",
                    "2 examples ran, 1 outputs")

    def test_a_program_is_compiled_and_run(self):
        self.passes('```cpp\n#include <cstdio>\nint main() { std::puts("3.5"); }\n```\n\n<!-- output -->\n\n'
                    "```text\n3.5\n```\n", "1 examples ran, 1 outputs")

    def test_a_c_program_is_compiled_as_c(self):
        self.passes('```c\n#include <stdio.h>\nint main(void) { int class = 7; printf("%d\\n", class); return 0; }\n```\n'
                    "<!-- output -->\n```text\n7\n```\n", "1 examples ran, 1 outputs")

    def test_fragments_and_other_languages_are_left_alone(self):
        self.passes("```cpp\nno code\n```\n```text\nnothing\n```\n```sh\ntrue\n```\n", "1 examples ran, 0 outputs")

    def test_a_block_marked_not_run_is_skipped(self):
        self.passes("<!-- not run -->\n```sh\nfalse\n```\n```sh\ntrue\n```\n", "1 examples ran")

    def test_the_mark_counts_for_one_block_only(self):
        self.fails("<!-- not run -->\n```sh\nfalse\n```\n```sh\nfalse\n```\n", "document.md:5: exit code 1")

    def test_an_indented_block_is_run(self):
        self.passes("- item\n\n  ```sh\n  cat <<END\n  text\n  END\n  ```\n\n  <!-- output -->\n  ```text\n"
                    "  text\n  ```\n", "1 examples ran, 1 outputs")

    def test_any_command_that_fails_is_noticed(self):
        self.fails("```sh\nfalse\ntrue\n```\n", "document.md:1: exit code 1")
        self.fails("```sh\nfalse | true\n```\n", "document.md:1: exit code 1")

    def test_another_output_is_noticed(self):
        self.fails("```sh\necho 1.25\n```\n<!-- output -->\n```text\n1.26\n```\n", "-1.26\n+1.25")

    def test_a_program_that_does_not_compile_or_fails_is_noticed(self):
        self.fails("text\n```cpp\nint main() { return unknown; }\n```\n", "document.md:2: exit code 1")
        self.fails("```cpp\nint main() { return 7; }\n```\n", "document.md:1: exit code 7")

    def test_an_output_without_an_example_is_noticed(self):
        self.fails("```sh\ntrue\n```\n<!-- not run -->\n```sh\ntrue\n```\n<!-- output -->\n```text\n```\n",
                   "directly follow")

    def test_a_document_without_examples_is_noticed(self):
        self.fails("nothing here\n", "no example was run")
        self.fails("```sh\ntrue\n", "never closed")


if __name__ == "__main__":
    unittest.main()

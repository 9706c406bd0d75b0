#!/usr/bin/env python3
"""Executes the examples of a Markdown document, so that they stay true.

  run_examples.py --document FILE [--include FOLDER] [--library FILE] [--path FOLDER]... -- COMPILER...

Fenced blocks, in the order of the document, all in one temporary folder (so one may use what an earlier one wrote):

  ```cpp    with `int main`: compiled against the library and run; any other is a fragment and is left alone
  ```c      likewise, as C
  ```sh     run by bash, which stops at the first command that fails; the folders of --path come first on PATH
  ```text   after a line `<!-- output -->`: exactly what the block before it printed to standard output

Every example must exit with 0. A block after a line `<!-- not run -->` is skipped.
"""

import argparse
import difflib
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

FENCE = re.compile(r"^(?P<indent> *)(?P<ticks>`{3,})(?P<language>\w*)")
SECONDS_PER_EXAMPLE = 120


@dataclass
class Block:
    language: str
    text: str
    line: int  # of the opening fence, from 1
    note: str  # the last line with text before the fence


class Failure(Exception):
    pass


def blocks_of(document):
    blocks, lines, note, i = [], document.splitlines(), "", 0
    while i < len(lines):
        fence = FENCE.match(lines[i])
        if not fence:
            note = lines[i].strip() or note
            i += 1
            continue
        begin = i + 1
        end = begin
        while end < len(lines) and lines[end].strip() != fence["ticks"]:
            end += 1
        if end == len(lines):
            raise Failure(f"line {begin}: this block is never closed")
        indent = len(fence["indent"])
        text = "".join(line[indent:] + "\n" for line in lines[begin:end])
        blocks.append(Block(fence["language"], text, begin, note))
        note, i = "", end + 1
    return blocks


def run(command, folder, environment):
    try:
        result = subprocess.run(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=SECONDS_PER_EXAMPLE)
    except subprocess.TimeoutExpired:
        raise Failure(f"still running after {SECONDS_PER_EXAMPLE} seconds")
    if result.returncode != 0:
        raise Failure(f"exit code {result.returncode}\n{result.stdout}{result.stderr}")
    return result.stdout


def run_program(block, folder, environment, arguments):
    source, program = folder / f"example_{block.line}.{block.language}", folder / f"example_{block.line}"
    source.write_text(block.text, encoding="utf-8")
    language = ["-x", "c", "-std=c11"] if block.language == "c" else ["-x", "c++", "-std=c++20"]
    command = [*arguments.compiler, *language, "-Wall", "-Wextra", "-Werror", "-o", program, source, "-x", "none"]
    if arguments.include:
        command += ["-I", arguments.include]
    if arguments.library:
        command += [arguments.library, f"-Wl,-rpath,{Path(arguments.library).parent}"]
    run(command, folder, environment)
    return run([program], folder, environment)


def check_output(block, printed):
    if printed is None:
        raise Failure("an output must directly follow an example that is run")
    if printed != block.text:
        difference = difflib.unified_diff(block.text.splitlines(), printed.splitlines(), "document", "printed",
                                          lineterm="")
        raise Failure("the output is another\n" + "\n".join(difference))


def run_document(arguments, folder):
    """Runs everything and returns how many examples ran and how many outputs were compared."""
    environment = dict(os.environ)
    environment["PATH"] = os.pathsep.join([*arguments.path, environment["PATH"]])
    examples = outputs = 0
    printed = None  # by the block before, if it was run
    for block in blocks_of(Path(arguments.document).read_text(encoding="utf-8")):
        try:
            if block.note == "<!-- not run -->":
                printed = None
            elif block.language == "sh":
                printed = run(["bash", "-euo", "pipefail", "-c", block.text], folder, environment)
                examples += 1
            elif block.language in ("c", "cpp") and re.search(r"\bint main\b", block.text):
                printed = run_program(block, folder, environment, arguments)
                examples += 1
            elif block.language == "text" and block.note == "<!-- output -->":
                check_output(block, printed)
                outputs += 1
            else:
                printed = None
        except Failure as failure:
            raise Failure(f"{arguments.document}:{block.line}: {failure}")
    if examples == 0:
        raise Failure(f"{arguments.document}: no example was run")
    return examples, outputs


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--document", required=True)
    parser.add_argument("--include")
    parser.add_argument("--library")
    parser.add_argument("--path", action="append", default=[])
    parser.add_argument("compiler", nargs="*", default=["c++"])
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="windrow-readme-") as folder:
        try:
            examples, outputs = run_document(arguments, Path(folder))
        except Failure as failure:
            sys.exit(str(failure))
    print(f"{examples} examples ran, {outputs} outputs were compared: ok")


if __name__ == "__main__":
    main()

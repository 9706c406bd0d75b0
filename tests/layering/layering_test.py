#!/usr/bin/env python3
"""Checks which part of the source may use which: `layering_test.py REPOSITORY` prints every breach, or "ok".

Dependencies run downward only: tools -> lookup, train -> delta -> table -> io -> format -> base, and table, lookup,
train -> kernels -> base. What exists once, exists in one place: OpenMP in src/base/parallel.cc, Highway in
src/kernels, system calls on files in src/io. The library never prints, ends the process or throws.
"""

import re
import sys
from pathlib import Path

ABOVE_TABLE = {"table", "io", "format", "kernels", "base"}
MAY_USE = {  # room: the rooms of src it may include, besides itself
    "base": set(),
    "format": {"base"},
    "io": {"format", "base"},
    "kernels": {"base"},
    "table": {"io", "format", "kernels", "base"},
    "lookup": ABOVE_TABLE,
    "delta": ABOVE_TABLE,
    "train": ABOVE_TABLE | {"delta"},
    "c_api": ABOVE_TABLE | {"lookup", "delta", "train"},
    "python": ABOVE_TABLE | {"lookup", "delta", "train"},
}

CODE_SUFFIXES = {".h", ".cc"}

# Comments go; string and character literals go too where only code counts. A quote after a letter or digit
# separates digits (1'000).
TOKENS = re.compile(
    r"""(?P<comment>//[^\n]*|/\*.*?\*/)"""
    r"""|(?P<literal>R"(?P<tag>[^(\s]*)\(.*?\)(?P=tag)"|"(?:\\.|[^"\\\n])*"|(?<![0-9A-Za-z_])'(?:\\.|[^'\\\n])+')""",
    re.DOTALL,
)
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*[<"]([^>"]+)[>"]', re.MULTILINE)

FILE_HEADERS = re.compile(r"fcntl\.h|unistd\.h|sys/(?!types\.h).*|fstream|filesystem|dirent\.h|linux/.*")
FILE_CALLS = re.compile(
    r"(?<![\w>])::(open|openat|close|read|pread|preadv|write|pwrite|pwritev|mmap|munmap|mremap|madvise|msync|mincore"
    r"|rename|renameat2?|unlink|unlinkat|link|linkat|fsync|fdatasync|syncfs|fcntl|flock|stat|fstat|ftruncate"
    r"|truncate|fallocate|posix_fadvise|syscall)\s*\(|\b(fopen|fdopen|freopen|tmpfile|mkstemp|std::rename)\s*\("
)
PRINTING_HEADERS = re.compile(r"iostream|print|syslog\.h")
PRINTING = re.compile(r"\b(v?f?printf|puts|fputs|putchar|perror|std::c(out|err|log))\b")
ENDING = re.compile(r"\b(abort|_?exit|_Exit|quick_exit|terminate|HWY_ABORT|HWY_ASSERT)\s*\(")
THROWING = re.compile(r"\bthrow\b")
OPENMP = re.compile(r"#\s*pragma\s+omp\b|\bomp_\w+\s*\(")
HIGHWAY = re.compile(r"\bHWY_\w+|\bhwy::")
FLAGS_THAT_BREAK_PROMISES = re.compile(r"-march=native|-mtune=native|-ffast-math|-Ofast")

problems = []


def report(path, text, position, message):
    line = text.count("\n", 0, position) + 1
    problems.append(f"{path}:{line}: {message}")


def code_of(text, literals):
    """The text without comments, and without literals unless they are asked for; line numbers stay."""

    def blank(match):
        keep = literals and not match.group("comment")
        return match.group() if keep else re.sub(r"[^\n]", " ", match.group())

    return TOKENS.sub(blank, text)


def check_includes(path, room, text):
    top = room if room in ("include", "tools") else "src"
    for match in INCLUDE.finditer(text):
        header = match.group(1)
        first = header.split("/")[0]

        def breach(message):
            report(path, text, match.start(), f"includes {header}: {message}")

        if top == "src" and first in MAY_USE and first != room and first not in MAY_USE[room]:
            breach(f"{room} may use {', '.join(sorted(MAY_USE[room])) or 'no other room'} only")
        if top == "include" and (first in MAY_USE or first in ("hwy", "nlohmann", "omp.h", "xxhash.h")):
            breach("public headers include only the standard library, tl/expected.hpp and each other")
        if first == "omp.h" and path.as_posix() != "src/base/parallel.cc":
            breach("OpenMP is used in src/base/parallel.cc only")
        if first == "hwy" and room != "kernels":
            breach("Highway is used in src/kernels only")
        if top != "tools" and room != "io" and FILE_HEADERS.fullmatch(header):
            breach("files are read and written in src/io only")
        if top != "tools" and PRINTING_HEADERS.fullmatch(header):
            breach("the library never prints")


def check_code(path, room, text):
    rules = [(HIGHWAY, room != "kernels", "Highway is used in src/kernels only")]
    if path.as_posix() != "src/base/parallel.cc":
        rules.append((OPENMP, True, "OpenMP is used in src/base/parallel.cc only"))
    if room != "tools":
        rules += [
            (FILE_CALLS, room != "io", "files are read and written in src/io only"),
            (PRINTING, True, "the library never prints"),
            (ENDING, True, "the library never ends the process"),
            (THROWING, True, "the library never throws: return a Result"),
        ]
    for pattern, applies, message in rules:
        if applies:
            for match in pattern.finditer(text):
                report(path, text, match.start(), f"{match.group().strip()}: {message}")


def check_file(root, path, room):
    text = (root / path).read_text(encoding="utf-8")
    check_includes(path, room, code_of(text, literals=True))
    check_code(path, room, code_of(text, literals=False))


def files_below(root, folder):
    return [p.relative_to(root) for p in sorted((root / folder).rglob("*")) if p.is_file()]


def main():
    root = Path(sys.argv[1])
    checked = 0
    for folder in ("src", "include", "tools"):
        for path in files_below(root, folder):
            if path.suffix not in CODE_SUFFIXES:
                continue
            room = path.parts[1] if folder == "src" else folder
            if folder == "src" and room not in MAY_USE:
                problems.append(f"{path}: unknown room {room}: add it to MAY_USE, with what it may use")
                continue
            check_file(root, path, room)
            checked += 1

    # Build files must not raise the baseline or loosen the arithmetic.
    for path in [Path("meson.build")] + [p for d in ("src", "tools", "tests", "bench") for p in files_below(root, d)]:
        if path.name == "meson.build":
            text = (root / path).read_text(encoding="utf-8")
            for match in FLAGS_THAT_BREAK_PROMISES.finditer(text):
                report(path, text, match.start(), f"{match.group()} would change results from machine to machine")

    # A header that is not listed would be neither installed nor tested.
    listed = (root / "include/windrow/meson.build").read_text(encoding="utf-8")
    for path in files_below(root, "include"):
        if path.suffix == ".h" and f"'{path.name}'" not in listed:
            problems.append(f"{path}: not listed in include/windrow/meson.build")

    for problem in problems:
        print(problem)
    if checked == 0:
        print(f"no source files found under {root}")
    if problems or checked == 0:
        return 1
    print(f"{checked} files: ok")
    return 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Installs the build into a temporary folder, then builds and runs a small program with what lies there.

  install_test.py --build FOLDER --prefix PREFIX --program FILE [--command NAME] -- COMPILER...
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path


def run(*command, **options):
    result = subprocess.run([str(part) for part in command], text=True, stdout=subprocess.PIPE, **options)
    print(result.stdout, end="", flush=True)
    if result.returncode != 0:
        sys.exit(f"exit code {result.returncode}: {' '.join(str(part) for part in command)}")
    return result.stdout


def only_file(folder, name):
    found = list(folder.rglob(name))
    if len(found) != 1:
        sys.exit(f"expected one installed {name}, found {found}")
    return found[0]


def check_manual(stage, command, environment):
    """Completions and a manual page per verb: what the installed command says of itself."""

    def said(*words):
        return subprocess.run([str(command), *words], env=environment, text=True, stdout=subprocess.PIPE, check=True).stdout

    expected = {f"{folder}/{file}": said("completions", shell) for shell, folder, file in [
        ("bash", "bash-completion/completions", "windrow"),
        ("zsh", "zsh/site-functions", "_windrow"),
        ("fish", "fish/vendor_completions.d", "windrow.fish")]}
    help_text = said("--help")
    verbs = re.findall(r"^  ([a-z][a-z-]*) ", help_text[help_text.index("\nSubcommands:"):help_text.index("\nEXAMPLES")], re.MULTILINE)
    expected["man1/windrow.1"] = said("man")
    expected.update((f"man1/windrow-{verb}.1", said("man", verb)) for verb in verbs)
    for name, text in expected.items():
        found = [path for path in stage.rglob(Path(name).name) if path.as_posix().endswith(name)]
        if len(found) != 1:
            sys.exit(f"expected one installed {name}, found {found}; verbs are listed in tools/manual/meson.build")
        if found[0].read_text(encoding="utf-8") != text:
            sys.exit(f"{found[0]} is not what the command says")
    pages = {path.name for path in stage.rglob("windrow*.1")}
    if pages != {Path(name).name for name in expected if name.startswith("man1/")}:
        sys.exit(f"manual pages of verbs that there are not: {sorted(pages)}")


def main():
    parser = argparse.ArgumentParser()
    for option in ("--build", "--prefix", "--program"):
        parser.add_argument(option, required=True)
    parser.add_argument("--command", default="")
    parser.add_argument("compiler", nargs="+")
    arguments = parser.parse_args()

    with tempfile.TemporaryDirectory(prefix="windrow-install-") as work:
        work = Path(work)
        stage = work / "stage"
        # --no-rebuild: the build folder is left as it is.
        run("meson", "install", "-C", arguments.build, "--no-rebuild", "--quiet", "--destdir", stage)
        prefix = stage / Path(arguments.prefix).relative_to("/")

        package = only_file(stage, "windrow.pc")
        environment = dict(os.environ, PKG_CONFIG_PATH=str(package.parent))
        # The .pc file names the prefix; here it lies below the stage.
        flags = run("pkg-config", f"--define-variable=prefix={prefix}", "--cflags", "--libs", "windrow",
                    env=environment).split()

        program = work / "program"
        run(*arguments.compiler, "-std=c++20", "-Wall", "-Wextra", "-Werror", arguments.program, "-o", program, *flags)
        environment["LD_LIBRARY_PATH"] = str(package.parent.parent)
        run(program, cwd=work, env=environment)

        if arguments.command:
            version = run(only_file(prefix / "bin", arguments.command), "--version", env=environment)
            expected = run("pkg-config", "--modversion", "windrow", env=environment).strip()
            if expected not in version:
                sys.exit(f"the command says {version!r}, but the installed version is {expected}")
            check_manual(stage, prefix / "bin" / arguments.command, environment)


if __name__ == "__main__":
    main()

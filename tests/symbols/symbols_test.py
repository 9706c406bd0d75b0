#!/usr/bin/env python3
"""Checks what the shared library exports: `symbols_test.py LIBRARY HEADER...`.

Users get what the public headers declare in namespace windrow, the windrow_ functions for C, and nothing else. Weak symbols of the C++ standard
library and of tl::expected may be there: every program that uses their templates has its own, equal copy.
"""

import re
import subprocess
import sys
from pathlib import Path

# Itanium mangling: an optional kind (T: type info, name or vtable; GV: guard; Z: a static inside a function), then
# the nested name with the qualifiers of a member function, or one of the abbreviations of std (St, Sa, Ss, ...).
OURS = re.compile(r"_Z(?:T[ISV]|GV)?N[KVrRO]*7windrow(?P<length>\d+)(?P<rest>\w+)")
WEAK_TEMPLATES = re.compile(r"_Z(?:T[ISV]|GV)?Z?(?:N[KVrRO]*)?(?:S[tabsiod]|2tl|9__gnu_cxx)")
WEAK_KINDS = set("WwVvu")


def main():
    library, headers = sys.argv[1], sys.argv[2:]
    declared = set(re.findall(r"\w+", " ".join(Path(h).read_text(encoding="utf-8") for h in headers)))
    listing = subprocess.run(["nm", "-D", "--defined-only", library], check=True, capture_output=True, text=True)

    exported, wrong = 0, []
    for line in listing.stdout.splitlines():
        kind, symbol = line.split()[-2:]
        ours = OURS.match(symbol)
        if ours:
            name = ours["rest"][: int(ours["length"])]
            if name in declared and name != "detail":
                exported += 1
                continue
        elif symbol.startswith("windrow_") and symbol in declared:  # the calls for C
            exported += 1
            continue
        elif kind in WEAK_KINDS and WEAK_TEMPLATES.match(symbol):
            continue
        wrong.append(symbol)

    if wrong:
        print(f"{library} exports what no public header declares:")
        names = subprocess.run(["c++filt"], input="\n".join(wrong), capture_output=True, text=True).stdout
        print(names)
        return 1
    if exported == 0:
        print(f"{library} exports nothing: is WINDROW_API missing?")
        return 1
    print(f"{exported} symbols: ok")
    return 0


if __name__ == "__main__":
    sys.exit(main())

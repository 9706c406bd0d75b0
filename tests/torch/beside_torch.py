"""What the tests beside torch share: torch itself, without which the program is skipped (exit code 77), and the command,
which is the program's first argument."""

import json
import subprocess
import sys
from pathlib import Path

# The interpreter that runs the tests may be another than the system's, whose packages are meant.
try:
    import numpy as np
    import torch
except ImportError:
    if sys.executable != "/usr/bin/python3" and Path("/usr/bin/python3").exists():
        sys.exit(subprocess.run(["/usr/bin/python3", *sys.argv]).returncode)
    print("torch is not installed: skipped")
    sys.exit(77)

WINDROW = sys.argv[1]


def windrow(*arguments):
    """What the command prints."""
    return subprocess.run([WINDROW, *map(str, arguments)], check=True, capture_output=True, text=True).stdout


def save_safetensors(path, tensors):
    """`tensors`: by name the type, as safetensors calls it, and the array."""
    header, data = {}, b""
    for name, (dtype, array) in tensors.items():
        end = len(data) + array.nbytes
        header[name] = {"dtype": dtype, "shape": list(array.shape), "data_offsets": [len(data), end]}
        data += array.tobytes()
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)

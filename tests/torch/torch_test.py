#!/usr/bin/env python3
"""Compares the command with torch, bit by bit: `torch_test.py WINDROW`. Skipped (exit code 77) without torch.

Tables are written by torch's own packing and read in place; torch's embedding_bag on the unpacked rows is the
expected value. Weighted sums are compared with torch's padding path, which rounds products and sums separately as
Windrow does; its fast path fuses them.
"""

import json
import subprocess
import sys
import tempfile
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

ROWS, DIM, BAGS = 5000, 24, 400
WINDROW = sys.argv[1]
random = np.random.default_rng(7)
wrong = 0


def windrow(*arguments):
    subprocess.run([WINDROW, *map(str, arguments)], check=True, stdout=subprocess.DEVNULL)


def write_safetensors(path, name, dtype, array):
    header = json.dumps({name: {"dtype": dtype, "shape": list(array.shape), "data_offsets": [0, array.nbytes]}})
    path.write_bytes(len(header).to_bytes(8, "little") + header.encode() + array.tobytes())


def compare(what, expected, path):
    global wrong
    got = np.load(path)
    same = got.shape == expected.shape and np.array_equal(got.view(np.uint32), expected.view(np.uint32))
    print(f"{what}: {'equal' if same else 'DIFFERENT'}")
    wrong += not same


def main(folder):
    rows = torch.from_numpy(random.standard_normal((ROWS, DIM), np.float32))
    lengths = random.integers(0, 40, BAGS)
    ids = random.integers(1, ROWS, int(lengths.sum()))
    ids[ids == 17] = 18  # row 17 is torch's padding in weighted sums, and must not be used
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    weights = random.standard_normal(len(ids)).astype(np.float32)
    for name, array in {"ids": ids, "offsets": offsets, "weights": weights}.items():
        np.save(folder / f"{name}.npy", array)

    packed = {kind: getattr(torch.ops.quantized, f"embedding_bag_{bits}_prepack")(rows)
              for kind, bits in {"int8": "byte", "int4": "4bit", "int2": "2bit"}.items()}
    unpack = {"int8": torch.ops.quantized.embedding_bag_byte_unpack,
              "int4": torch.ops.quantized.embedding_bag_4bit_unpack,
              "int2": torch.ops.quantized.embedding_bag_2bit_unpack}
    tables = {"F32": (rows.numpy(), rows), "F16": (rows.half().numpy(), rows.half().float()),
              "BF16": (rows.bfloat16().view(torch.int16).numpy(), rows.bfloat16().float())}
    for kind, stored in packed.items():
        tables[kind] = (stored.numpy(), unpack[kind](stored))
    out = folder / "out.npy"
    files = ["--ids", folder / "ids.npy", "--offsets", folder / "offsets.npy", "-o", out]
    bag = torch.nn.functional.embedding_bag
    for kind, (stored, floats) in tables.items():
        table = folder / f"{kind}.safetensors"
        quantised = kind in packed
        write_safetensors(table, "rows", "U8" if quantised else kind, stored)
        reading = ["--stored-as", kind] if quantised else []
        windrow("gather", table, *reading, "--ids", folder / "ids.npy", "-o", out)
        compare(f"{kind} gather", floats.numpy()[ids], out)
        arguments = (torch.from_numpy(ids), floats, torch.from_numpy(offsets))
        for mode in ("sum", "mean", "max"):
            windrow("pool", table, *reading, *files, "--mode", mode)
            compare(f"{kind} {mode}", bag(*arguments, mode=mode, include_last_offset=True).numpy(), out)
        windrow("pool", table, *reading, *files, "--weights", folder / "weights.npy")
        weighted = bag(*arguments, mode="sum", per_sample_weights=torch.from_numpy(weights), include_last_offset=True,
                       padding_idx=17)
        compare(f"{kind} weighted sum", weighted.numpy(), out)
        padding = int(ids[0])
        windrow("pool", table, *reading, *files, "--mode", "mean", "--padding-id", padding)
        compare(f"{kind} mean with padding", bag(*arguments, mode="mean", include_last_offset=True,
                                                 padding_idx=padding).numpy(), out)

    # Quantised by Windrow: the bytes of torch's packing.
    np.save(folder / "rows.npy", rows.numpy())
    for kind, stored in packed.items():
        table = folder / f"own-{kind}.safetensors"
        windrow("convert", folder / "rows.npy", table, "--row-format", kind)
        with open(table, "rb") as file:
            size = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(size))
            file.seek(8 + size + header["weight"]["data_offsets"][0])
            same = file.read(stored.numpy().nbytes) == stored.numpy().tobytes()
        print(f"{kind} packing: {'equal' if same else 'DIFFERENT'}")
        global wrong
        wrong += not same


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="windrow-torch-") as work:
        main(Path(work))
    print(f"{wrong} different" if wrong else "ok")
    sys.exit(1 if wrong else 0)

#!/usr/bin/env python3
"""Writes the files of this folder again; README.md says what each one is. Needs numpy."""

import json
import pathlib
import struct

import numpy as np
from numpy.lib import format as npy_format

FOLDER = pathlib.Path(__file__).resolve().parent
ROWS = np.arange(12, dtype="<f4").reshape(3, 4) / 8 - 0.5


def write_version(name, array, version):
    with open(FOLDER / name, "wb") as file:
        npy_format.write_array(file, array, version=version)


def write_safetensors(name, tensors, metadata, padding):
    header, data = {"__metadata__": metadata}, b""
    dtypes = {"float32": "F32", "float16": "F16", "int64": "I64", "uint8": "U8"}
    for key, array in tensors.items():
        raw = array.tobytes()
        header[key] = {
            "dtype": dtypes[array.dtype.name],
            "shape": list(array.shape),
            "data_offsets": [len(data), len(data) + len(raw)],
        }
        data += raw
    text = json.dumps(header, separators=(",", ":")).encode() + b" " * padding
    (FOLDER / name).write_bytes(struct.pack("<Q", len(text)) + text + data)


np.save(FOLDER / "f4_3x4.npy", ROWS)
np.save(FOLDER / "f4_12.npy", ROWS.ravel())
np.save(FOLDER / "f4_3x4_fortran.npy", np.asfortranarray(ROWS))
np.save(FOLDER / "f4_3x4_big_endian.npy", ROWS.astype(">f4"))
np.save(FOLDER / "f4_0x4.npy", ROWS[:0])
np.save(FOLDER / "f8_scalar.npy", np.float64(1.5))
np.save(FOLDER / "i8_5.npy", np.arange(5, dtype="<i8"))
np.save(FOLDER / "records.npy", np.zeros(2, dtype=[("id", "<i4"), ("x", "<f4")]))
np.save(FOLDER / "objects.npy", np.array([None, "a"], dtype=object), allow_pickle=True)
write_version("f4_3x4_v2.npy", ROWS, (2, 0))
write_version("f4_3x4_v3.npy", ROWS, (3, 0))

write_safetensors(
    "rows_and_ids.safetensors",
    {"rows": ROWS, "ids": np.array([2, 0, 1], dtype="<i8"), "odd": np.arange(3, dtype="u1"), "half": ROWS.astype("<f2")},
    {"format": "pt", "made by": "numpy \u00e9"},
    padding=3,
)

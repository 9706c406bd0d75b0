#!/usr/bin/env python3
"""Compares the command with torch, bit by bit: `torch_test.py WINDROW`. Skipped (exit code 77) without torch.

Tables are written by torch's own packing and read in place; torch's embedding_bag on the unpacked rows is the
expected value. Weighted sums are compared with torch's padding path, which rounds products and sums separately as
Windrow does; its fast path fuses them. Gradients and steps: see the functions that compare them.
"""

import json
import sys
import tempfile
from pathlib import Path

from beside_torch import np, save_safetensors, torch, windrow

ROWS, DIM, BAGS = 5000, 24, 400
random = np.random.default_rng(7)
wrong = 0


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
        save_safetensors(table, {"rows": ("U8" if quantised else kind, stored)})
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

    per_occurrence_gradients(folder)
    optimisers(folder)


def read_tensor(path, name):
    with open(path, "rb") as file:
        size = int.from_bytes(file.read(8), "little")
        tensor = json.loads(file.read(size))[name]
        begin, end = tensor["data_offsets"]
        file.seek(8 + size + begin)
        return np.frombuffer(file.read(end - begin), np.float32).reshape(tensor["shape"])


def create(path, rows, optimizer, *options):
    np.save(path.with_suffix(".npy"), rows)
    windrow("convert", path.with_suffix(".npy"), path)
    if optimizer != "sgd" or "--momentum" in options:
        windrow("add-state", path, "--optimizer", optimizer, *options)


def per_occurrence_gradients(folder):
    """torch's sparse gradient holds one row per used position. Added up in their order (index_add_), they are what a
    step of SGD with learning rate 1 takes off a table of zeros."""
    table, rows, dim = folder / "gradient.safetensors", 300, 7
    lengths = random.integers(0, 20, 200)
    ids = random.integers(1, rows, int(lengths.sum()))
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    weights = random.standard_normal(len(ids)).astype(np.float32)
    grads = random.standard_normal((len(lengths), dim), np.float32)
    for name, array in {"ids": ids, "offsets": offsets, "weights": weights, "grads": grads}.items():
        np.save(folder / f"{name}.npy", array)
    padding = int(ids[0])
    for what, mode, weighted, padded in (("sum", "sum", False, False), ("mean", "mean", False, False),
                                         ("weighted sum", "sum", True, False),
                                         ("mean with padding", "mean", False, True)):
        parameter = torch.zeros(rows, dim, requires_grad=True)
        pooled = torch.nn.functional.embedding_bag(
            torch.from_numpy(ids), parameter, torch.from_numpy(offsets), mode=mode, sparse=True,
            include_last_offset=True,
            per_sample_weights=torch.from_numpy(weights) if weighted else None, padding_idx=padding if padded else None)
        pooled.backward(torch.from_numpy(grads))
        merged = torch.zeros(rows, dim).index_add_(0, parameter.grad._indices()[0], parameter.grad._values())
        create(table, np.zeros((rows, dim), np.float32), "sgd")
        windrow("step", table, "--ids", folder / "ids.npy", "--offsets", folder / "offsets.npy", "--grad",
                folder / "grads.npy", "--optimizer", "sgd", "--lr", 1, "--mode", mode,
                *(["--weights", folder / "weights.npy"] if weighted else []),
                *(["--padding-id", padding] if padded else []))
        np.save(folder / "out.npy", read_tensor(table, "weight"))
        compare(f"gradient of {what}", (0 - merged).numpy(), folder / "out.npy")


def close(what, expected, got, tolerance):
    global wrong
    difference = float(np.max(np.abs(expected - got)))
    print(f"{what}: within {difference:.2g}{'' if difference <= tolerance else ', TOO FAR'}")
    wrong += difference > tolerance


def optimisers(folder):
    """Ten steps with repeated ids. SparseAdam and the sums of Adagrad are equal to the bit, from merged gradients; the
    last product of SGD and Adagrad torch fuses into the sum: half a unit in the last place of a weight for each step,
    and one for each occurrence where torch's SGD does not merge. Momentum is compared where every row is in every
    gradient, since torch's moves the others too; each velocity keeps roundings for some ten steps."""
    table, rows, dim, steps = folder / "steps.safetensors", 40, 6, 10
    start = random.standard_normal((rows, dim), np.float32)
    cases = (
        ("sgd", "sgd", lambda p: torch.optim.SGD(p, lr=0.05), ["--lr", 0.05], [], {}, False),
        ("adagrad", "adagrad", lambda p: torch.optim.Adagrad(p, lr=0.1, lr_decay=0.02),
         ["--lr", 0.1, "--lr-decay", 0.02], [], {"sum": "sum"}, False),
        ("sparse adam", "adam", lambda p: torch.optim.SparseAdam(p, lr=0.01), ["--lr", 0.01], [],
         {"exp_avg": "exp_avg", "exp_avg_sq": "exp_avg_sq"}, True),
        ("momentum", "sgd", lambda p: torch.optim.SGD(p, lr=0.02, momentum=0.9), ["--lr", 0.02, "--momentum", 0.9],
         ["--momentum", 0.9], {}, False),
    )
    for what, name, make_optimizer, options, state_options, states, exact in cases:
        create(table, start, name, *state_options)
        parameter = torch.nn.Parameter(torch.from_numpy(start.copy()))
        optimizer = make_optimizer([parameter])
        most = 0
        for _ in range(steps):
            ids = random.integers(0, rows, 90)
            if what == "momentum":
                ids = random.permutation(np.concatenate([np.arange(rows), ids]))
            grads = random.standard_normal((len(ids), dim), np.float32)
            most += int(np.bincount(ids).max())
            np.save(folder / "ids.npy", ids)
            np.save(folder / "grads.npy", grads)
            windrow("step", table, "--ids", folder / "ids.npy", "--grad", folder / "grads.npy", "--optimizer", name,
                    *options)
            if what == "sgd":  # one step for each occurrence
                parameter.grad = torch.sparse_coo_tensor(torch.from_numpy(ids)[None], torch.from_numpy(grads),
                                                         start.shape)
            else:  # in position order, which coalesce() does not keep
                merged = torch.zeros(start.shape).index_add_(0, torch.from_numpy(ids), torch.from_numpy(grads))
                unique = torch.from_numpy(np.unique(ids))
                parameter.grad = merged if what == "momentum" else torch.sparse_coo_tensor(
                    unique[None], merged[unique], start.shape)._coalesced_(True)
            optimizer.step()
        got, expected = read_tensor(table, "weight"), parameter.detach().numpy()
        if exact:
            close(what, expected, got, 0)
        else:
            close(what, expected, got, 3 * most * 2.0**-24 * np.max(np.abs(expected)))
        for ours, theirs in states.items():
            state = optimizer.state[parameter][theirs].numpy()
            close(f"{what}, {ours}", state, read_tensor(table, f"optimizer.{ours}"), 0)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="windrow-torch-") as work:
        main(Path(work))
    print(f"{wrong} different" if wrong else "ok")
    sys.exit(1 if wrong else 0)

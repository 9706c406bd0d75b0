#!/usr/bin/env python3
"""Writes tests/data/torch_steps.safetensors: sequences of steps that torch took.

Needs numpy and torch (1.13.1 of Debian was used).

STEPS steps on a table of ROWS x DIM, each of IDS ids, many of them twice. That is no more than 16 entries, up to which
torch's coalesce() keeps equal ids in the order of their positions. Expected are the weights and the state at the end.
"""

import json
import pathlib

import numpy as np
import torch

ROWS, DIM, STEPS, IDS = 12, 5, 50, 14
FILE = pathlib.Path(__file__).resolve().parent.parent / "data" / "torch_steps.safetensors"


def sparse(ids, grads):
    return torch.sparse_coo_tensor(torch.from_numpy(ids)[None], torch.from_numpy(grads), (ROWS, DIM))


def dense(ids, grads):
    return torch.zeros(ROWS, DIM).index_add_(0, torch.from_numpy(ids), torch.from_numpy(grads))


def train(make_optimizer, weights, ids, grads, gradient):
    rows = torch.nn.Parameter(torch.from_numpy(weights.copy()))
    optimizer = make_optimizer([rows])
    for step in range(STEPS):
        rows.grad = gradient(ids[step], grads[step])
        optimizer.step()
    state = {name: value.numpy() for name, value in optimizer.state[rows].items()
             if torch.is_tensor(value) and value.dim() == 2}
    return rows.detach().numpy(), state


def main():
    random = np.random.default_rng(5)
    weights = random.uniform(-1, 1, (ROWS, DIM)).astype(np.float32)
    grads = random.uniform(-1, 1, (STEPS, IDS, DIM)).astype(np.float32)
    ids = random.integers(0, ROWS - 1, (STEPS, IDS))  # the last row is never touched
    every_row = np.stack([random.permutation(np.concatenate([np.arange(ROWS), random.integers(0, ROWS, IDS - ROWS)]))
                          for _ in range(STEPS)])
    tensors = {"weights": weights, "ids": ids, "ids_every_row": every_row, "grads": grads}

    def add(name, make_optimizer, of_ids, gradient):
        tensors[name], state = train(make_optimizer, weights, of_ids, grads, gradient)
        tensors.update({f"{name}.{key}": value for key, value in state.items()})

    add("sgd", lambda p: torch.optim.SGD(p, lr=0.05), ids, sparse)
    add("adagrad", lambda p: torch.optim.Adagrad(p, lr=0.1, lr_decay=0.02, initial_accumulator_value=0.1), ids, sparse)
    add("adam", lambda p: torch.optim.SparseAdam(p, lr=0.01), ids, sparse)
    # torch's momentum moves rows that are not in the gradient too: the same where every row is in every gradient.
    add("momentum", lambda p: torch.optim.SGD(p, lr=0.02, momentum=0.9), every_row, dense)
    add("nesterov", lambda p: torch.optim.SGD(p, lr=0.02, momentum=0.9, nesterov=True), every_row, dense)

    kinds = {"float32": "F32", "int64": "I64"}
    header, data = {}, b""
    for name, array in tensors.items():
        begin = len(data)
        data += np.ascontiguousarray(array).tobytes()
        header[name] = {"dtype": kinds[str(array.dtype)], "shape": list(array.shape),
                        "data_offsets": [begin, len(data)]}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    FILE.write_bytes(len(text).to_bytes(8, "little") + text + data)


if __name__ == "__main__":
    main()

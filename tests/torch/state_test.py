#!/usr/bin/env python3
"""Goes on with a run of torch, from the state that its optimiser saved: `state_test.py WINDROW`. Skipped (exit code 77)
without torch.

torch takes some steps on an embedding with sparse gradients; weights and state become a table (`convert`, `add-state
--from`). Then both take one more step with the same gradient, and the rows must agree but for rounding: torch's own
order of operations differs in the last place.
"""

import json
import sys
import tempfile
from pathlib import Path

from beside_torch import np, save_safetensors, torch, windrow

ROWS, DIM, STEPS = 200, 24, 7
random = np.random.default_rng(11)


def check(name, make_optimizer, options, folder):
    table = torch.nn.Embedding(ROWS, DIM, sparse=True)
    optimizer = make_optimizer(table.parameters())

    def step(ids, gradient):
        optimizer.zero_grad()
        table(torch.from_numpy(ids)).backward(torch.from_numpy(gradient))
        optimizer.step()

    def draw(count):
        ids = random.permutation(ROWS)[:count]  # without repeats, which torch adds up in another order
        return ids, random.standard_normal((count, DIM)).astype(np.float32)

    for _ in range(STEPS):
        step(*draw(50))
    (state,) = optimizer.state_dict()["state"].values()
    arrays = {f"state.0.{key}": np.ascontiguousarray(torch.as_tensor(value).to_dense().numpy())
              for key, value in state.items()}
    types = {np.dtype("float32"): "F32", np.dtype("int64"): "I64"}
    tensors = {name: (types[array.dtype], array) for name, array in arrays.items()}
    save_safetensors(folder / "state.safetensors", tensors)
    np.save(folder / "rows.npy", table.weight.detach().numpy())
    path = folder / f"{name}.safetensors"
    windrow("convert", folder / "rows.npy", path)
    windrow("add-state", path, "--optimizer", name, *options, "--from", folder / "state.safetensors")
    steps = json.loads(windrow("info", path, "--json"))["step_count"]

    ids, gradient = draw(60)
    step(ids, gradient)
    np.save(folder / "ids.npy", ids)
    np.save(folder / "gradient.npy", gradient)
    windrow("step", path, "--ids", folder / "ids.npy", "--grad", folder / "gradient.npy", "--optimizer", name, *options)
    np.save(folder / "all.npy", np.arange(ROWS))
    windrow("gather", path, "--ids", folder / "all.npy", "-o", folder / "got.npy")
    got, expected = np.load(folder / "got.npy"), table.weight.detach().numpy()
    good = steps == STEPS and np.allclose(got, expected, rtol=2e-6, atol=2e-7)
    print(f"{name}: {'agree' if good else 'DIFFERENT'}, after {steps} steps; largest difference",
          np.abs(got - expected).max())
    return good


def main(folder):
    torch.manual_seed(3)
    checks = [
        ("adam", lambda p: torch.optim.SparseAdam(list(p), lr=0.01), ("--lr", "0.01")),
        ("adagrad", lambda p: torch.optim.Adagrad(p, lr=0.1, lr_decay=0.5), ("--lr", "0.1", "--lr-decay", "0.5")),
    ]
    return 0 if all([check(*each, folder) for each in checks]) else 1


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        sys.exit(main(Path(folder)))

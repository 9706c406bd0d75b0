#!/usr/bin/env python3
"""Times torch's exact sparse step: backward of an EmbeddingBag and one step of its optimiser.

The shape is that of bench/step_bench.cc: 1,000,000 x 128 float32, 131,072 uniform ids in bags of 32. The forward pass
is not timed: Windrow's step has none. Prints the median in nanoseconds per id.

    /usr/bin/python3 bench/peers/step_torch.py --optimizer adagrad --threads 2

Debian's torch has neither FBGEMM's kernels nor AVX-512; a vendor's build is faster.
"""

import argparse
import statistics
import time

import torch

ROWS, DIM, IDS, BAG, BATCHES = 1_000_000, 128, 131_072, 32, 4


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--optimizer", choices=["sgd", "adagrad"], default="adagrad")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=8)
    options = parser.parse_args()

    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    bag = torch.nn.EmbeddingBag(ROWS, DIM, mode="sum", sparse=True)
    kinds = {"sgd": torch.optim.SGD, "adagrad": torch.optim.Adagrad}
    optimizer = kinds[options.optimizer](bag.parameters(), lr=0.01)
    offsets = torch.arange(0, IDS, BAG)
    batches = [torch.randint(0, ROWS, (IDS,)) for _ in range(BATCHES)]
    grads = torch.rand(IDS // BAG, DIM) * 1e-3

    times = []
    for step in range(options.steps + 2):
        out = bag(batches[step % BATCHES], offsets)
        start = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        out.backward(grads)
        optimizer.step()
        times.append((time.perf_counter() - start) * 1e9 / IDS)
    print(f"{statistics.median(times[2:]):.1f}")


if __name__ == "__main__":
    main()

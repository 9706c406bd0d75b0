#!/usr/bin/env python3
"""Kills a trainer again and again, and looks whether the table is that of its last checkpoint.

usage: kill_test.py CRASH_TRAINER [KILLS]

Half of the kills come at a random time, half before a random call of the file system. After each, and after a second one
in the middle of putting the table right, what the table holds must be what the stream of steps gives at the table's tag,
and the tag no older than the last one that was printed.
"""

import os
import random
import signal
import subprocess
import sys
import tempfile
import time


def run(arguments):
    return subprocess.run(arguments, capture_output=True, text=True)


def main():
    trainer = sys.argv[1]
    kills = int(os.environ.get("WINDROW_KILLS", sys.argv[2] if len(sys.argv) > 2 else "200"))
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}, {kills} kills")
    rng = random.Random(seed)
    oracle = {}
    put_back = 0
    with tempfile.TemporaryDirectory() as folder:
        table = os.path.join(folder, "t.safetensors")
        steps = 0
        printed = 0
        kill = 0
        while kill < kills:
            durability = rng.choice(["process", "power"])
            steps += rng.choice([5, 40, 400])
            arguments = [trainer, table, "--seed", str(seed), "--steps", str(steps), "--checkpoint-every",
                         str(rng.choice([3, 10, 25])), "--durability", durability]
            by_call = rng.random() < 0.5
            if by_call:
                arguments += ["--die-at", str(rng.randrange(1, rng.choice([40, 400])))]
            process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            if not by_call:
                time.sleep(rng.random() * 0.03)
                process.send_signal(signal.SIGKILL)
            out, err = process.communicate()
            if process.returncode not in (0, -signal.SIGKILL):
                sys.exit(f"seed {seed}: the trainer failed: {err}")
            kill += process.returncode != 0
            if out.split():
                printed = int(out.split()[-1])
            if not os.path.exists(table):
                continue
            # Once more while it is being put right.
            second = run([trainer, table, "--hash", "--die-at", str(rng.randrange(1, 40))])
            kill += second.returncode == -signal.SIGKILL
            looked = run([trainer, table, "--hash"])
            if looked.returncode != 0:
                if printed == 0 and ".tmp-" in "".join(os.listdir(folder)):
                    continue
                sys.exit(f"seed {seed}: the table cannot be opened: {looked.stderr}")
            tag, found = looked.stdout.split(" ")
            tag = int(tag or 0)
            if tag < printed:
                sys.exit(f"seed {seed}: the table is at {tag}, but {printed} was on the disk")
            if tag not in oracle:
                oracle[tag] = run([trainer, os.path.join(folder, "o"), "--seed", str(seed), "--oracle", str(tag)]).stdout.strip() \
                    if tag else None
            if oracle[tag] is not None and found.strip() != oracle[tag]:
                sys.exit(f"seed {seed}: at {tag} the table is {found.strip()}, and must be {oracle[tag]}")
            put_back += 1
            steps = tag
    print(f"{kills} kills, {put_back} openings, each at a checkpoint")


if __name__ == "__main__":
    main()

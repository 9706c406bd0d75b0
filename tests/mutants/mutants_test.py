#!/usr/bin/env python3
"""Breaks the crash protocol in one place after another, and looks whether the simulated crashes notice.

usage: mutants_test.py BUILD-FOLDER [NAME...]

Each mutant is a change of one place in a file of the library. The file is compiled with it and linked with the tests
in front of the library, and then the TESTS of train_test must fail. A mutant whose place is no longer there is a
failure too: it must move along with the protocol.
"""

import os
import shlex
import subprocess
import sys
import tempfile

TESTS = "crashes: at kP*,delta: whenever*,delta: whichever*,checkpoint: an older copy*"
SEEDS = ("4000", "40000")  # the second where the first do not notice

# name: (file, what stands there, what the mutant has instead), or several of these
MUTANTS = {
    "journal not synced before rows change": (
        "src/train/rollback_log.cc", "if (synced_) {", "if (false) {"),
    "older epoch undone first": (
        "src/train/undo.cc", "{left.committed_epoch % 2, (left.committed_epoch + 1) % 2}",
        "{(left.committed_epoch + 1) % 2, left.committed_epoch % 2}"),
    "table not synced after undo": (
        "src/train/undo.cc", "if (auto synced = table.file->sync(); !synced) return pass(synced);", ""),
    "epoch numbers used again": [
        ("src/train/journal.cc", ".epoch = epoch_,", ".epoch = epoch_ % 2,"),
        ("src/train/journal_reader.cc", "if (!*chunk || (*chunk)->epoch != epoch ||",
         "if (!*chunk || (*chunk)->epoch != epoch % 2 ||")],
    "incarnations used again": (
        "src/train/before_change.cc", ".number = system->random64()", ".number = 7"),
    "journal of any epoch taken": (
        "src/train/undo.cc", "if (*epoch > left.committed_epoch + 2) {", "if (false) {"),
    "checksums not refreshed by undo": (
        "src/train/undo.cc", "if (auto refreshed = restorer.refresh_checksums(); !refreshed) return pass(refreshed);", ""),
    "journals removed before the clean slot of undo": (
        "src/train/undo.cc", "if (auto written = write_slot(table, slot); !written) return pass(written);",
        "remove_journals(system, table); "
        "if (auto written = write_slot(table, slot); !written) return pass(written);"),
    "epoch of a chunk not looked at": (
        "src/train/journal_reader.cc", "if (!*chunk || (*chunk)->epoch != epoch || (*chunk)->seq != found.size()",
        "if (!*chunk || (*chunk)->seq != found.size()"),
    "clean flag before the data": (
        "src/train/checkpoint.cc", "if (closing || options.durability", "if (!closing && options.durability"),
    "table not synced at a checkpoint": (
        "src/train/checkpoint.cc", "if (closing || options.durability != Durability::kProcess) {", "if (closing) {"),
    "journals removed before the clean flag": (
        "src/train/checkpoint.cc", "if (auto done = end_now(checkpoint, true); !done) return done;",
        "if (log) remove_journals(*system, file); if (auto done = end_now(checkpoint, true); !done) return done;"),
    "one slot only": (
        "src/train/checkpoint.cc", "++slot.generation;\n  slot.committed_epoch = checkpoint.epoch;",
        "slot.generation += 2;\n  slot.committed_epoch = checkpoint.epoch;"),
    "live epoch committed": (
        "src/train/checkpoint.cc", "slot.committed_epoch = checkpoint.epoch;", "slot.committed_epoch = epoch;"),
    "step count of the end of a checkpoint": (
        "src/train/checkpoint.cc", "static_cast<uint64_t>(checkpoint.step_count)", "static_cast<uint64_t>(step_count)"),
    "step count not rolled back": (
        "src/train/checkpoint.cc", "step_count = committed.step_count;", ""),
    "rollback begins another epoch": (
        "src/train/checkpoint.cc", "step_count = committed.step_count;",
        "step_count = committed.step_count; ++epoch; log->begin_next();"),
    "no unclean slot": (
        "src/train/incarnation.cc", "slot.clean = false;", "slot.clean = true;"),
    "journals not synced when made": (
        "src/train/journal.cc", "if (auto on_disk = journal.file_->sync(); !on_disk) return pass(on_disk);", ""),
    "folder not synced": (
        "src/train/rollback_log.cc",
        "if (auto named = system.sync_folder_of(table_path); !named) return pass(named);", ""),
    "rows of an epoch forgotten by the next but one": (
        "src/train/rollback_log.cc", "touches_[epoch_ % 2].clear();", ""),
    "slot that was found not brought to the disk": (
        "src/train/trainer_open.cc", "auto settled = write_slot(*file, MetaSlot(*file->slot)); !settled",
        "auto settled = Result<void>(); !settled"),
    "rows of a delta not kept": (
        "src/train/apply_delta.cc",
        "auto kept = log->keep_new(delta.rows(), images, mapping.data, 1);", "auto kept = Result<void>();"),
    "table not synced under a delta": (
        "src/train/apply_delta.cc", "return table.file->sync();", "return {};"),
    "journals removed before the slot of a delta": (
        "src/train/apply_delta.cc", "if (auto written = write_slot(table, slot); !written) return written;",
        "remove_journals(system, table); if (auto written = write_slot(table, slot); !written) return written;"),
    "rows of a delta put back although its slot may be written": (
        "src/train/apply_delta.cc", "if (!committed) return pass(committed);",
        "if (!committed) { (void)undo_unfinished(system, *table); return pass(committed); }"),
}


def commands(build, target):
    listed = subprocess.run(["ninja", "-C", build, "-t", "commands", target], check=True, capture_output=True, text=True)
    return [line for line in listed.stdout.splitlines() if line and not line.startswith("ninja:")]


def compile_command(lines, path, source, out):
    """The command that compiles the file at `path`, for another source and object."""
    line = next(line for line in lines if line.endswith("-c ../" + path) or f"-c ../{path} " in line)
    words, kept = shlex.split(line), []
    while words:
        word = words.pop(0)
        if word in ("-o", "-MF", "-MQ", "-c"):
            words.pop(0)
        elif word != "-MD":
            kept.append(word)
    # Files beside it are included from where it stood.
    return kept + ["-w", "-iquote", os.path.join("..", os.path.dirname(path)), "-c", source, "-o", out]


def link_command(lines, mutants, out):
    line = next(line for line in reversed(lines) if " -o tests/train_test " in line)
    words = shlex.split(line)
    at = words.index("-o")
    return words[:at] + ["-o", out, *mutants] + words[at + 2:]


def fails(program, build, seeds):
    """Whether the tests that must notice fail."""
    run = subprocess.run([program, TESTS], cwd=build, capture_output=True, text=True,
                         env={**os.environ, "WINDROW_CRASH_SEEDS": seeds})
    return run.returncode != 0


def main():
    build = os.path.abspath(sys.argv[1])
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    wanted = sys.argv[2:] or list(MUTANTS)
    lines = commands(build, "tests/train_test")
    missed = []
    with tempfile.TemporaryDirectory() as folder:
        for name in wanted:
            changes = MUTANTS[name] if isinstance(MUTANTS[name], list) else [MUTANTS[name]]
            objects = []
            for path, old, new in changes:
                with open(os.path.join(root, path)) as file:
                    text = file.read()
                if text.count(old) != 1:
                    missed.append(f"{name}: its place in {path} is there {text.count(old)} times")
                    break
                stem = os.path.join(folder, f"mutant{len(objects)}")
                with open(stem + ".cc", "w") as file:
                    file.write(text.replace(old, new))
                subprocess.run(compile_command(lines, path, stem + ".cc", stem + ".o"), cwd=build, check=True)
                objects.append(stem + ".o")
            if len(objects) < len(changes):
                continue
            program = os.path.join(folder, "train_test")
            subprocess.run(link_command(lines, objects, program), cwd=build, check=True)
            is_noticed = any(fails(program, build, seeds) for seeds in SEEDS)
            print(f"{'noticed' if is_noticed else 'missed'}: {name}", flush=True)
            if not is_noticed:
                missed.append(f"{name}: not noticed in {SEEDS[-1]} simulated runs")
    for text in missed:
        print(text)
    print(f"{len(wanted) - len(missed)} mutants noticed, {len(missed)} not")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()

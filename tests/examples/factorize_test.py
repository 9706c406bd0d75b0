#!/usr/bin/env python3
"""Runs the example `factorize` on logs of made-up users: factorize_test.py PROGRAM."""

import json

from example_case import ExampleCase, main, read_table

# A log in which two groups of users like two groups of items: (user, item, rating, time).
LIKES = [
    (user, item, 1 + (user + item) % 5, 1000 * item + user)
    for user in range(40)
    for item in range(30)
    if user % 2 == item % 2 and (user * 7 + item * 3) % 4
]

WANTED = ("users", "items", "train", "test", "malformed", "low", "repeated")


class FactorizeTest(ExampleCase):
    def write(self, text, name="log"):
        (self.folder / name).write_bytes(text.encode())

    def write_likes(self, line, head="", end="\n"):
        self.write(head + "".join(line.format(*like) + end for like in LIKES))

    def train(self, *options):
        return json.loads(self.run_program("log", "--json", *options))

    def generate(self):
        made = ("--gen-users", 1500, "--gen-items", 600, "--gen-interactions", 90000, "--seed", 5)
        self.run_program("--generate", "log", "--truth", "truth", *made)

    def test_what_is_learnt_comes_near_what_the_log_was_drawn_from(self):
        self.generate()
        for options in (
            ("--loss", "bpr"),
            ("--loss", "logistic", "--split", "random"),
            ("--noise", "popularity", "--split", "leave-last"),
            ("--optimizer", "rowwise_adagrad", "--split", "global"),
        ):
            with self.subTest(options=options):
                summary = self.train("--truth", "truth", "--epochs", 4, "--dim", 32, *options)
                truth, popularity = summary["truth"], summary["popularity"]
                self.assertGreater(truth["auc"], 0.85)
                self.assertGreater(summary["auc"], truth["auc"] - 0.04)
                self.assertGreater(summary["auc"], popularity["auc"] + 0.1)
                self.assertGreater(summary["recall"], truth["recall"] * 0.75)
                self.assertGreater(summary["recall"], popularity["recall"] * 1.5)
                self.assertEqual(len(summary["epochs"]), 4)

    def test_the_result_depends_on_the_seed_and_not_on_the_threads(self):
        self.generate()

        def result(*options):
            summary = self.train("--epochs", 1, "--dim", 8, *options)
            tables = [read_table(self.folder / f"{side}.safetensors") for side in ("users", "items")]
            return [summary["auc"], summary["recall"], *tables]

        one = result("--threads", 1)
        self.assertEqual(one, result("--threads", 3))
        self.assertNotEqual(one, result("--threads", 1, "--seed", 2))

    def test_a_generated_log_is_the_same_for_the_same_seed(self):
        self.generate()
        before = (self.folder / "log").read_bytes()
        self.generate()
        self.assertEqual(before, (self.folder / "log").read_bytes())

    def test_the_form_of_a_log_is_detected(self):
        expected = None
        for line, head, end, form in (
            ("u{0}\ti{1}\t{2}\t{3}", "", "\n", "tabs, no header: user, item, rating, time"),
            ("u{0}::i{1}::{2}::{3}", "", "\n", "::, no header: user, item, rating, time"),
            ("u{0}  i{1} {2} {3}", "", "\r\n", "spaces, no header: user, item, rating, time"),
            ('"u{0}",i{1},{2},{3}', "userId,movieId,rating,timestamp\r\n", "\r\n",
             "commas, a header: user, item, rating, time"),
            ('{3};"i{1}";u{0}', "\ufefftime;item;user\n", "\n", "semicolons, a header: time, item, user"),
        ):
            with self.subTest(form=form):
                self.write_likes(line, head, end)
                summary = self.train("--epochs", 1)
                self.assertEqual(summary["format"], form)
                self.assertEqual(summary["split"], "temporal")
                self.assertEqual(list(read_table(self.folder / "users.safetensors")), [f"u{u}" for u in range(40)])
                counts = [summary[name] for name in WANTED]
                expected = expected or counts
                self.assertEqual(counts, expected)

    def test_names_are_tokens_of_any_kind(self):
        rows = ['"Smith, ""Jo""",The End', "Zoë,7", "Zoë,The End", "9,7"]
        rows += [f"{user},{item}" for user in range(6) for item in "abcd"]
        self.write("\n".join(rows))
        summary = self.train("--test-share", 0.3, "--epochs", 1)
        self.assertEqual((summary["format"], summary["split"]), ("commas, no header: user, item", "random"))
        self.assertEqual(list(read_table(self.folder / "users.safetensors"))[:3], ['Smith, "Jo"', "Zoë", "9"])
        self.assertEqual(list(read_table(self.folder / "items.safetensors"))[:2], ["The End", "7"])

    def test_low_ratings_repetitions_and_malformed_lines_are_left_out(self):
        self.write_likes("{0} {1} {2} {3}")
        whole = self.train("--epochs", 1)
        high = self.train("--epochs", 1, "--min-rating", 4)
        self.assertEqual(high["low"], sum(like[2] < 4 for like in LIKES))
        self.assertEqual(high["train"] + high["test"], len(LIKES) - high["low"])
        with (self.folder / "log").open("a") as log:
            log.write("0 2 5 1\n1\n0 4 many 7\n\n0 4 3 now\n")
        wrong = f"log: line {len(LIKES) + 2}: too few fields"
        self.assertIn(wrong, self.run_program("log", status=1))
        lenient = self.train("--epochs", 1, "--lenient")
        self.assertEqual((lenient["malformed"], lenient["repeated"]), (3, 1))
        self.assertEqual(lenient["train"] + lenient["test"], whole["train"] + whole["test"])

    def test_people_read_an_epoch_a_line_and_tables_stand_in_the_folder(self):
        self.write_likes("{0},{1},{3}")
        text = self.run_program("log", "-o", "model", "--epochs", 3, "--optimizer", "adam", "--l2", 0)
        for expected in ("popularity      AUC", "epoch 3         AUC", "recall@20", "interactions/s"):
            self.assertIn(expected, text)
        self.assertEqual(sorted(path.name for path in (self.folder / "model").iterdir()),
                         ["items.safetensors", "users.safetensors"])
        users = read_table(self.folder / "model" / "users.safetensors")
        self.assertEqual({row[-1] for row in users.values()}, {1.0}, "what makes an item's last value a bias")

    def test_failures_leave_one_line_and_no_file(self):
        def fails(*options):
            message = self.run_program("log", *options, status=1)
            self.assertEqual(message.count("\n"), 1, message)
            return message

        self.assertIn("log: cannot open", fails())
        for text, options, expected in (
            ("", (), "empty"),
            ("word\n", (), "line 1"),
            ("u i\n", (), "of 1 interactions"),
            ("u i\nu j\nv i\n", ("--split", "temporal"), "no times"),
            ("u i\nu j\nv i\n", ("--min-rating", "3"), "no column of ratings"),
            ('"u,i\n', (), "line 1"),
            ("u,i\n,j\n", (), "line 2: an empty user"),
            ('u,i\n"v,j\n', (), "line 2: a quote"),
        ):
            self.write(text)
            self.assertIn(expected, fails(*options))
        self.write_likes("{0},{1},{3}")
        self.assertIn("a smaller --lr", fails("--optimizer", "sgd", "--lr", "1e30"))
        self.assertIn("log", fails("--items", "log/items"))
        self.assertIn("truth", fails("--truth", "truth"))
        self.assertEqual(self.files(), ["log"])

    def test_wrong_usage_is_exit_code_2(self):
        for wrong in ([], ["log", "--generate", "x"], ["log", "--dim", "1"], ["log", "--loss", "none"],
                      ["log", "--split", "none"], ["log", "--users", "a", "--items", "a"], ["log", "--no-such-option"]):
            self.assertIn("--help", self.run_program(*wrong, status=2))
        self.assertIn("EXAMPLES", self.run_program("--help"))


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Runs the example `skipgram` on small texts of its own: skipgram_test.py PROGRAM."""

import json
import math
import random

from example_case import ExampleCase, main, read_table

TOPICS = (
    "bread butter cheese pepper salt soup spoon sugar tea toast".split(),
    "anchor boat captain deck harbour mast oar port sailor tide".split(),
)

# Two synsets in the form of WordNet's data.noun and data.adj, below a licence of two lines.
DATABASE = """  1 This software and database is being provided to you, the LICENSEE, by
  2 Princeton University under the following license.
00001740 03 n 02 Entity 0 living_thing 0 003 ~ 00001930 n 0000 ~ 00002137 n 0000 | that which is perceived; "it's there"
00002098 00 a 01 unable(p) 0 002 = 05200169 n 0000 ! 00001740 a 0101 | not having the means
"""


def write_topics(path, sentences=3000):
    """Sentences, each about one of two topics."""
    choose = random.Random(7)
    lines = (" ".join(choose.choices(choose.choice(TOPICS), k=8)).capitalize() + "." for _ in range(sentences))
    path.write_text("\n".join(lines) + "\n")


def cosine(a, b):
    return sum(x * y for x, y in zip(a, b)) / math.hypot(*a) / math.hypot(*b)


class SkipgramTest(ExampleCase):
    def test_words_of_a_topic_are_closer_than_words_of_two(self):
        write_topics(self.folder / "text")
        summary = json.loads(self.run_program("text", "-o", "words.safetensors", "--dim", 16, "--json"))
        self.assertEqual((summary["words"], summary["tokens"], summary["sentences"]), (20, 24000, 3000))
        self.assertNotIn("auc", summary, "a text does not know synonyms")
        vectors = read_table(self.folder / "words.safetensors")
        self.assertEqual(set(vectors), set(sum(TOPICS, [])))
        within = [cosine(vectors[a], vectors[b]) for topic in TOPICS for a in topic for b in topic if a < b]
        across = [cosine(vectors[a], vectors[b]) for a in TOPICS[0] for b in TOPICS[1]]
        self.assertGreater(min(within), max(across))
        self.assertEqual(self.files(), ["text", "words.safetensors"])

    def test_the_result_depends_on_the_seed_and_not_on_the_threads(self):
        write_topics(self.folder / "text", 600)

        def train(*options):
            self.run_program("text", "-o", "words.safetensors", "--neighbours", "near.safetensors", *options)
            return read_table(self.folder / "words.safetensors"), read_table(self.folder / "near.safetensors")

        one = train("--threads", 1)
        self.assertEqual(one, train("--threads", 3))
        self.assertNotEqual(one, train("--threads", 1, "--seed", 2))

    def test_rows_are_words_by_descending_count_without_rare_ones(self):
        (self.folder / "text").write_text("b a c\nA don't, b! a new_york\nnew_york don't 'c' d")
        self.run_program("text", "--min-count", 2)
        self.assertEqual(list(read_table(self.folder / "words.safetensors")), ["a", "b", "c", "don't", "new_york"])

    def test_lines_of_wordnet_give_lemmas_and_gloss(self):
        (self.folder / "data").write_text(DATABASE)
        summary = json.loads(self.run_program("data", "--min-count", 1, "--json"))
        self.assertEqual((summary["sentences"], summary["tokens"]), (2, 13))
        tokens = read_table(self.folder / "words.safetensors")
        self.assertEqual(set(tokens), set("entity living_thing that which is perceived it's there "
                                          "unable not having the means".split()))
        (self.folder / "data").write_text(DATABASE + "not a synset\n")
        self.assertIn("data: line 5: not a synset", self.run_program("data", status=1))

    def test_words_that_share_a_synset_are_scored(self):
        # big = large: both stand among the same words. The last synset only makes another lemma.
        line = "00000000 00 a {:02x} {} 000 | {}\n"
        lines = [line.format(2, "big 0 large 0", "of great size")]
        lines += [line.format(1, "small 0", "the big house of great size"), line.format(1, "red 0", "wine and blood"),
                  line.format(1, "small 0", "the large house of great size")] * 100
        lines += [line.format(1, "wine 0", "red as blood")] * 100
        (self.folder / "data").write_text("".join(lines))
        summary = json.loads(self.run_program("data", "--sample", 0, "--epochs", 20, "--json"))
        self.assertEqual(summary["pairs"], 1)
        self.assertGreater(summary["auc"], 0.5)
        self.assertIn("AUC", self.run_program("data"))

    def test_failures_leave_one_line_and_no_file(self):
        self.assertIn("missing: cannot open", self.run_program("missing", status=1))
        (self.folder / "empty").write_text("")
        (self.folder / "short").write_text("too few words")
        self.assertIn("of 0 words", self.run_program("empty", status=1))
        self.assertIn("--min-count", self.run_program("short", status=1))
        self.assertEqual(self.files(), ["empty", "short"])
        self.assertIn("nowhere", self.run_program("short", "--min-count", 1, "-o", "nowhere/words", status=1))

    def test_wrong_usage_is_exit_code_2(self):
        for wrong in ([], ["text", "--dim", "0"], ["text", "--no-such-option"], ["text", "--epochs", "many"]):
            self.assertIn("--help", self.run_program(*wrong, status=2))
        self.assertIn("EXAMPLES", self.run_program("--help"))


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Writes the word2vec files of this folder again; README.md says what each one is. Needs numpy and gensim."""

import pathlib

import numpy as np
from gensim.models import KeyedVectors

FOLDER = pathlib.Path(__file__).resolve().parent
TOKENS = ["</s>", "the", "caf\u00e9", "10", "a\u00a0b"]
ROWS = (np.arange(20, dtype="<f4").reshape(5, 4) - 7) / np.float32(3)

vectors = KeyedVectors(4)
vectors.add_vectors(TOKENS, ROWS)
vectors.save_word2vec_format(FOLDER / "gensim.txt", binary=False, sort_attr=None)
vectors.save_word2vec_format(FOLDER / "gensim.bin", binary=True, sort_attr=None)

# As word2vec.c writes them: a line feed behind every vector, a space behind every number.
with open(FOLDER / "word2vec_c.bin", "wb") as file:
    file.write(b"5 4\n")
    for token, row in zip(TOKENS, ROWS):
        file.write(token.encode() + b" " + row.tobytes() + b"\n")
with open(FOLDER / "word2vec_c.txt", "wb") as file:
    file.write(b"5 4\n")
    for token, row in zip(TOKENS, ROWS):
        file.write(token.encode() + b" " + b"".join(b"%f " % x for x in row) + b"\n")

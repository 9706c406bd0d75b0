#!/usr/bin/env python3
"""Trains gensim's Word2Vec on what tools/examples/skipgram trains on, and scores it in the same way.

    bench/peers/skipgram_gensim.py [--dim 64] [--epochs 5] [--workers 2] [--neighbours dog,red] [--json]

The corpus is WordNet as Debian's wordnet-base installs it. Needs python3-gensim and python3-numpy. Words per second
count every token of the corpus, rare ones included, once an epoch; reading the corpus and counting its words are
left out of the time, here and there.
"""

import argparse
import collections
import itertools
import json
import logging
import re
import time

import numpy

FILES = ("data.adj", "data.adv", "data.noun", "data.verb")
WORD = re.compile(rb"[a-z0-9_\x80-\xff]+(?:'[a-z0-9_\x80-\xff]+)*")
MIN_PAIR_COUNT = 20
RANDOM_PAIRS = 200_000


def read_synsets(folder):
    """Per synset: its lemmas, and the sentence made of them and the words of its gloss."""
    for name in FILES:
        with open(f"{folder}/{name}", "rb") as file:
            for line in file:
                if line.startswith(b"  "):  # the licence
                    continue
                data, _, gloss = line.lower().partition(b"|")
                fields = data.split()
                lemmas = [re.sub(rb"\([a-z]+\)$", b"", lemma)  # an adjective's position: "galore(ip)"
                          for lemma in fields[4 : 4 + 2 * int(fields[3], 16) : 2]]
                yield lemmas, [word.decode("latin-1") for word in lemmas + WORD.findall(gloss)]


def splitmix64(state):
    """Steele, Lea, Flood: Fast splittable pseudorandom number generators (2014)."""
    mask = 2**64 - 1
    while True:
        state = (state + 0x9E3779B97F4A7C15) & mask
        z = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        yield z ^ (z >> 31)


def quality(synsets, counts, vectors, rank):
    """The probability that two words of one synset are closer than two random words (the area under the curve)."""
    lemmas = [{rank[word] for word in (lemma.decode("latin-1") for lemma in synset)
               if "_" not in word and counts[word] >= MIN_PAIR_COUNT and word in rank} for synset in synsets]
    pairs = numpy.array(sorted({pair for synset in lemmas for pair in itertools.combinations(sorted(synset), 2)}))
    words = sorted(set().union(*lemmas))
    draws = (words[(value >> 32) * len(words) >> 32] for value in splitmix64(1))
    random = []
    while len(random) < RANDOM_PAIRS:
        a, b = next(draws), next(draws)
        if a != b:
            random.append((a, b))
    unit = vectors / numpy.linalg.norm(vectors, axis=1, keepdims=True)
    cosines = lambda pairs: numpy.einsum("ij,ij->i", unit[pairs[:, 0]], unit[pairs[:, 1]])
    negative = numpy.sort(cosines(numpy.array(random)))
    positive = cosines(pairs)
    below = numpy.searchsorted(negative, positive, "left") + numpy.searchsorted(negative, positive, "right")
    return below.mean() / (2 * len(negative)), len(pairs)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", default="/usr/share/wordnet")
    parser.add_argument("--dim", type=int, default=64)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--neighbours", default="", metavar="WORDS", help="print the nearest words of these")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()

    logging.disable()
    from gensim.models import Word2Vec

    synsets, sentences = zip(*read_synsets(options.folder))
    tokens = sum(map(len, sentences))
    counts = collections.Counter(itertools.chain.from_iterable(sentences))
    model = Word2Vec(sg=1, negative=5, window=5, sample=1e-3, min_count=5, vector_size=options.dim, alpha=0.025,
                     workers=options.workers, seed=options.seed)
    model.build_vocab(sentences)
    start = time.perf_counter()
    model.train(sentences, total_examples=len(sentences), epochs=options.epochs)
    seconds = time.perf_counter() - start

    kept = sorted((word for word in counts if counts[word] >= 5), key=lambda word: (-counts[word], word))
    vectors = numpy.array([model.wv[word] for word in kept])
    auc, pairs = quality(synsets, counts, vectors, {word: row for row, word in enumerate(kept)})
    result = {"sentences": len(sentences), "words": len(kept), "tokens": tokens, "epochs": options.epochs,
              "seconds": round(seconds, 3), "words_per_second": round(tokens * options.epochs / seconds),
              "pairs": pairs, "auc": round(float(auc), 4)}
    print(json.dumps(result) if options.json else "\n".join(f"{name:>17} {value}" for name, value in result.items()))
    for word in filter(None, options.neighbours.split(",")):
        print(f"{word}: " + ", ".join(other for other, _ in model.wv.most_similar(word, topn=8)))


if __name__ == "__main__":
    main()

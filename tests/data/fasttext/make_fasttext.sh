#!/bin/bash
# Makes the files of this folder anew with Debian's fasttext 0.9.2; the results differ in their random bits.
set -euo pipefail
cd "$(dirname "$0")"
/usr/bin/python3 - <<'END'
import random
random.seed(1)
words = "the cat dog sat mat ran house garden über straße кот собака дом 猫 犬 naïve".split()
with open("text", "w") as text:
    for _ in range(300):
        text.write(" ".join(random.choice(words) for _ in range(12)) + "\n")
with open("labelled", "w") as text:
    for i in range(200):
        label = "__label__a " if i % 2 else "__label__b "
        text.write(label + " ".join(random.choice(words) for _ in range(6)) + "\n")
END
fasttext skipgram -input text -output skipgram -dim 5 -bucket 50 -minCount 1 -epoch 3 -thread 1 -lr 0.2
fasttext supervised -input labelled -output supervised -dim 6 -bucket 0 -epoch 3 -thread 1
fasttext supervised -input labelled -output pruned -dim 4 -minn 2 -maxn 4 -bucket 400 -epoch 3 -thread 1
fasttext quantize -input labelled -output pruned -qnorm -dsub 2 -cutoff 300 -thread 1
printf 'cat\nStraße\nстол\n猫\nunknown\n</s>\nq\n' > words
printf 'the cat sat\nüber unknown </s> 猫\n\n' > lines
fasttext print-word-vectors skipgram.bin < words > skipgram.words
fasttext print-sentence-vectors skipgram.bin < lines > skipgram.lines
fasttext print-word-vectors pruned.ftz < words > pruned.words
fasttext print-word-vectors supervised.bin < words > supervised.words
rm text labelled words lines supervised.vec pruned.vec pruned.bin

"""A question that leans on the one before: "thế còn huyện?" keeps its topic."""

from __future__ import annotations

from knowledge.lexicon import Lexicon
from knowledge.reading import Reading, read


def in_topic(reading: Reading, after: str, lexicon: Lexicon) -> Reading:
    """“thế còn huyện?” after another question: that question with its subject exchanged."""
    tokens = reading.tokens
    rest = tokens
    leaning = False
    for marker, keys in lexicon.language.follow_up:
        if reading.keys and not keys <= reading.keys:
            continue
        if rest[: len(marker)] == marker:
            rest, leaning = rest[len(marker) :], True
        # One word at the end is too little: "tập thể" is no "tập, thế".
        if len(marker) > 1 and len(rest) > len(marker) and rest[-len(marker) :] == marker:
            rest, leaning = rest[: -len(marker)], True
    if not leaning and len(tokens) > 2:
        return reading
    groups = {lexicon.groups.get(name) for name in read(" ".join(rest), lexicon).concepts} - {None}
    if not leaning and not groups:
        # "hum wa", a name, a slip: nothing in it could take the place of something asked before.
        return reading
    earlier = read(after, lexicon)
    merged = list(earlier.tokens)
    at = 0
    while at < len(merged):
        pair = " ".join(merged[at : at + 2])
        near = (*lexicon.phrases.get(pair, ()), *lexicon.phrases.get(merged[at], ()))
        for words, name, _ in near:
            exchanged = lexicon.groups.get(name) in groups and lexicon.groups[name] != "question"
            if exchanged and tuple(merged[at : at + len(words)]) == words:
                del merged[at : at + len(words)]
                at -= 1
                break
        at += 1
    return read(" ".join([*merged, *rest]), lexicon)

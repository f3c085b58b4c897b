"""What reading every phrasing of a plan pack comes to: its lexicon and its two indexes.

Done once for a pack as it stands; `knowledge.compiled` keeps the result for the next start.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from knowledge import clause_search, search, workdays
from knowledge.compiled import Learned
from knowledge.lexicon import Band, Lexicon, doubt, language, lines, read_concepts, vocabulary
from knowledge.pack import Clause, Family, concepts
from knowledge.reading import read, tokens_of
from knowledge.text import fold


def _words(clause: Clause, lexicon: Lexicon) -> tuple[str, ...]:
    text = f"{clause.heading} {clause.summary} {clause.detail}"
    return tuple(token[0] for token in tokens_of(text, lexicon, mend=False))


def learn(
    glossary: Mapping[str, Any],
    clauses: Mapping[str, Clause],
    families: Mapping[str, Family],
    country: str,
    first: int,
    last: int,
) -> Learned:
    """Learn a pack whose years are `first` to `last`, in a country whose public holidays count."""
    words = language()
    phrases, exact, groups = read_concepts(glossary["concepts"])
    phrases = doubt(
        phrases,
        [line for family in families.values() if family.kind == "answer" for line in family.ask],
        [line for family in families.values() if family.kind == "unknown" for line in family.ask],
    )
    unless = {
        f"@{name}": concepts(others.split())
        for name, others in glossary.get("outside_unless", {}).items()
    }
    short = dict(words.short)
    for line in lines(glossary.get("short", "")):
        left, _, right = line.partition("=")
        short[fold(left)] = tuple(tuple(fold(part).split()) for part in right.split("|"))
    bands = tuple(
        Band(
            name,
            {fold(unit): float(scale) for unit, scale in raw["units"].items()},
            tuple(float(edge) for edge in raw["edges"].split()),
        )
        for name, raw in glossary.get("bands", {}).items()
    )
    blank = Lexicon(words, short, phrases, exact, groups, unless, bands, {}, {}, {})
    readings = {
        name: [read(line, blank, mend=False) for line in family.ask]
        for name, family in families.items()
    }
    prose = {
        name: read(f"{family.text} {family.more}", blank, mend=False)
        for name, family in families.items()
    }
    corpus = [r.tokens for found in readings.values() for r in found]
    corpus += [r.tokens for r in prose.values()]
    corpus += [words_ for found in phrases.values() for words_, _, _ in found]
    known, after, before = vocabulary(corpus)
    for word in (*words.stop, *words.english, *lines(glossary.get("places", ""))):
        for token in tokens_of(word, blank, mend=False):
            known.setdefault(token[0], 1)
    lexicon = replace(blank, known=known, after=after, before=before)
    return Learned(
        lexicon,
        search.build(readings, prose, words.stop, groups),
        clause_search.build({name: _words(clauses[name], lexicon) for name in clauses}),
        # Two years on: a plan may be prolonged, and deadlines fall into the year after.
        {year: workdays.public_days(country, year) for year in range(first, last + 3)},
    )

"""Keeps what was learnt from a plan pack, so that the next start need not learn it again.

As Python keeps `.pyc` files: in `__pycache__` beside the sources, under a name that holds a digest
of everything it was made from, written whole or not at all. Where it cannot be read or written the
pack is learnt anew; nothing else changes.
"""

from __future__ import annotations

import hashlib
import marshal
import os
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from knowledge.clause_search import ClauseIndex
from knowledge.lexicon import Band, Lexicon, Phrase, language
from knowledge.search import Index, Phrasings

_MADE_BY = ("clause_search", "compiled", "lexicon", "plan", "reading", "search", "spelling", "text")
"""Modules of this package whose change makes an old file worthless."""
_BROKEN = (OSError, ValueError, TypeError, EOFError)


@dataclass(frozen=True, slots=True)
class Learned:
    """What reading all phrasings of a pack comes to."""

    lexicon: Lexicon
    index: Index
    clause_index: ClauseIndex


def learned(folder: Path, sources: Iterable[Path], learn: Callable[[], Learned]) -> Learned:
    """What `learn` returns, from the file kept for these sources if there is one."""
    here = Path(__file__).parent
    made_of = [here / "vietnamese.yaml", *(here / f"{name}.py" for name in _MADE_BY), *sources]
    digest = hashlib.sha256(sys.version.encode())
    for path in made_of:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    kept = folder / "__pycache__" / f"learned-{digest.hexdigest()[:32]}"
    try:
        return _unpack(marshal.loads(kept.read_bytes()))  # noqa: S302  (our own file, as .pyc is)
    except _BROKEN:
        result = learn()
    _keep(kept, marshal.dumps(_pack(result)))
    return result


def _keep(kept: Path, data: bytes) -> None:
    try:
        kept.parent.mkdir(exist_ok=True)
        for old in kept.parent.glob("learned-*"):
            old.unlink(missing_ok=True)
        with tempfile.NamedTemporaryFile(dir=kept.parent, prefix="learned-", delete=False) as file:
            file.write(data)
        os.replace(file.name, kept)
    except OSError:
        return


def _pack(made: Learned) -> tuple[Any, ...]:
    lexicon, index = made.lexicon, made.index
    return (
        (
            lexicon.short,
            {
                first: tuple((p.tokens, p.concept, p.group, p.keys) for p in found)
                for first, found in lexicon.phrases.items()
            },
            lexicon.exact,
            lexicon.groups,
            lexicon.unless,
            tuple((band.name, band.units, band.edges) for band in lexicon.bands),
            lexicon.known,
            lexicon.after,
            lexicon.before,
        ),
        (
            index.names,
            index.postings,
            index.weights,
            index.unseen,
            tuple((found.scales, found.keys, found.places) for found in index.examples),
            index.stop,
            index.slots,
            index.spoken,
            index.core,
        ),
        made.clause_index.postings,
    )


def _unpack(kept: Any) -> Learned:
    (short, phrases, exact, groups, unless, bands, known, after, before), index, postings = kept
    names, found, weights, unseen, examples, stop, slots, spoken, core = index
    return Learned(
        Lexicon(
            language(),
            short,
            {first: tuple(Phrase(*phrase) for phrase in found) for first, found in phrases.items()},
            exact,
            groups,
            unless,
            tuple(Band(*band) for band in bands),
            known,
            after,
            before,
        ),
        Index(
            names,
            found,
            weights,
            unseen,
            tuple(Phrasings(*phrasings) for phrasings in examples),
            stop,
            slots,
            spoken,
            core,
        ),
        ClauseIndex(postings),
    )

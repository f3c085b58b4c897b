"""Keeps what was learnt from a plan pack, so that the next start need not learn it again.

As Python keeps `.pyc` files: in `__pycache__` beside the sources, under a name that holds a digest
of everything it was made from, written whole or not at all. Where it cannot be read or written the
pack is learnt anew; nothing else changes.
"""

from __future__ import annotations

import gc
import hashlib
import marshal
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, overload

from knowledge.clause_search import ClauseIndex
from knowledge.lexicon import Band, Lexicon, Phrase, language
from knowledge.search import Index, Phrasings
from knowledge.workdays import Years

_MADE_BY = (
    "clause_search",
    "compiled",
    "learning",
    "lexicon",
    "pack",
    "reading",
    "search",
    "spelling",
    "text",
    "workdays",
)
"""Modules of this package whose change makes an old file worthless."""
_FORGOTTEN = 3600.0
"""Seconds after which a file of another version is no longer anybody's."""
_BROKEN = (OSError, ValueError, TypeError, EOFError)


@dataclass(frozen=True, slots=True)
class Learned:
    """What reading all phrasings of a pack comes to."""

    lexicon: Lexicon
    index: Index
    clause_index: ClauseIndex
    days_off: Years


def learned(folder: Path, sources: Iterable[Path], learn: Callable[[], Learned]) -> Learned:
    """What `learn` returns, from the file kept for these sources if there is one."""
    here = Path(__file__).parent
    made_of = [here / "vietnamese.yaml", *(here / f"{name}.py" for name in _MADE_BY), *sources]
    # Public holidays come from that package and are worked out but once.
    digest = hashlib.sha256(f"{sys.version} {version('holidays')}".encode())
    for path in made_of:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    kept = folder / "__pycache__" / f"learned-{digest.hexdigest()[:32]}"
    try:
        return _read(kept)
    except _BROKEN:
        result = learn()
    _keep(kept, marshal.dumps(_pack(result)))
    return result


def _read(kept: Path) -> Learned:
    # Nothing of what is read can be garbage, and looking for it doubles the time.
    collecting = gc.isenabled()
    gc.disable()
    try:
        return _unpack(marshal.loads(kept.read_bytes()))  # noqa: S302  (our own file, as .pyc is)
    finally:
        if collecting:
            gc.enable()


def _keep(kept: Path, data: bytes) -> None:
    try:
        kept.parent.mkdir(exist_ok=True)
        for old in kept.parent.glob("learned-*"):
            # A younger one may be another process's, still being written.
            if time.time() - old.stat().st_mtime > _FORGOTTEN:
                old.unlink(missing_ok=True)
        with tempfile.NamedTemporaryFile(dir=kept.parent, prefix="learned-", delete=False) as file:
            file.write(data)
        os.chmod(file.name, 0o644)
        os.replace(file.name, kept)
    except OSError:
        return


class _Kept(Sequence[Phrasings]):
    """Phrasings of families, each unpacked when a question first comes near it: few ever are."""

    def __init__(self, packed: Sequence[bytes]) -> None:
        self._packed = packed
        self._made: dict[int, Phrasings] = {}

    def __len__(self) -> int:
        return len(self._packed)

    @overload
    def __getitem__(self, at: int) -> Phrasings: ...

    @overload
    def __getitem__(self, at: slice) -> Sequence[Phrasings]: ...

    def __getitem__(self, at: int | slice) -> Phrasings | Sequence[Phrasings]:
        if isinstance(at, slice):
            return [self[one] for one in range(*at.indices(len(self)))]
        found = self._made.get(at)
        if found is None:
            kept = marshal.loads(self._packed[at])  # noqa: S302  (our own file, as .pyc is)
            found = self._made[at] = Phrasings(*kept)
        return found

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]  # equal by content, as lists are


def _pack(made: Learned) -> tuple[Any, ...]:
    lexicon, index = made.lexicon, made.index
    # A number that is one object is written, and made when read, but once.
    numbers: dict[float, float] = {}
    return (
        (
            lexicon.short,
            {
                first: tuple((p.tokens, p.concept, p.group, p.keys, p.doubtful) for p in found)
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
            {name: numbers.setdefault(weight, weight) for name, weight in index.weights.items()},
            index.unseen,
            tuple(
                marshal.dumps((one.scales, one.keys, dict(one.places))) for one in index.examples
            ),
            index.stop,
            index.slots,
            index.spoken,
            index.core,
            index.foreseen,
        ),
        (made.clause_index.clauses, made.clause_index.postings),
        made.days_off,
    )


def _unpack(kept: Any) -> Learned:
    words, index, clauses, days_off = kept
    short, phrases, exact, groups, unless, bands, known, after, before = words
    names, found, weights, unseen, examples, stop, slots, spoken, core, foreseen = index
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
            _Kept(examples),
            stop,
            slots,
            spoken,
            core,
            foreseen,
        ),
        ClauseIndex(*clauses),
        days_off,
    )

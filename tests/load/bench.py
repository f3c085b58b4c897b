"""`make bench`: our turns against a bare server and the usual bot, side by side in one run.

Absolute figures are printed for whoever knows the machine; what counts are the ratios. Contenders
take turns within each round and the order moves on with the round, so that a slow minute of the
machine falls on all. A turn counts when its 200 arrives. "Page open" means the person's browser
listens and acknowledges meanwhile, as in life: the usual bot's echo is delivered within its turn.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from math import nan
from pathlib import Path

import uvloop

from tests.load import botapi, first_answer, kinds, planning, sending, slowest
from tests.load.contenders import (
    CONNECTIONS,
    HOOK_CONNECTIONS,
    PACE,
    Contender,
    Hooks,
    Ours,
    Webhooks,
    bare,
    ours,
    unsaid,
    usual,
    webhooks,
)
from tests.load.server import cores

FEW, MANY = 1_000, 1_000_000


async def bench(rounds: int, seconds: float, few: int, many: int, texts: int) -> int:
    """Measure and print; 1 when the figures are worthless, else 0."""
    print(await asyncio.to_thread(slowest.report, texts))
    print(await asyncio.to_thread(kinds.report, 2 * rounds) + "\n")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="chungsuc-bench-")))
        (folder / "terminal").mkdir()
        started = await asyncio.to_thread(first_answer.several, folder / "terminal", rounds)
        pair = cores()
        here, there = pair if pair is not None else (None, None)
        stub, stub_url = await botapi.start()
        stack.callback(stub.close)
        a = await bare(stack, here)
        b = await usual(stack, folder, stub_url, here)
        small = await ours(stack, folder / "small", few, here)
        full = await ours(stack, folder / "full", many, here)
        hooks = await webhooks(stack, folder / "hooks", stub_url, here, a, b)
        field = [a, b, small.question, small.form, *small.unheard(), full.question, full.form]
        everybody = [*field, *hooks.flat_out, *hooks.paced]
        with _generator(there):
            for number in range(rounds):
                first = number % len(everybody)
                for one in everybody[first:] + everybody[:first]:
                    await one.measure(seconds)
        print(f"{rounds} interleaved rounds of {seconds:g} s, medians")
        print(f"server on core {here}, load on core {there}, load average {os.getloadavg()[0]:.1f}")
        print(f"\n{CONNECTIONS} connections:")
        print(_table(field, a, b))
        print(_webhooks(hooks))
        print(_against(small, full))
        print(_starts(started))
        print(
            "resident memory of run: "
            f"{small.ready_mb:.0f} MB ready (aim < 150), "
            f"{small.server.resident_mb():.0f} MB after the load, "
            f"{full.server.resident_mb():.0f} MB with {many:,} stored; "
            f"(a) {a.server.resident_mb():.0f} MB, (b) {b.server.resident_mb():.0f} MB"
        )
        invalid = wrong(everybody, (small, full, *hooks.programs))
    for sentence in invalid:
        print(f"INVALID: {sentence}", file=sys.stderr)
    return 1 if invalid else 0


@contextmanager
def _generator(core: int | None) -> Iterator[None]:
    """Load from this core alone, without pauses of our own that would be taken for the server's."""
    before = os.sched_getaffinity(0) if core is not None else None
    if core is not None:
        os.sched_setaffinity(0, {core})
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()
        if before is not None:
            os.sched_setaffinity(0, before)


def _ratio(one: Contender, to: Contender) -> float:
    """Median over the rounds of how many times as many turns a second."""
    pairs = zip(one.samples, to.samples, strict=True)
    # Where nothing was answered there is nothing to compare with, which is told at the end.
    return statistics.median(mine.per_second / (its.per_second or nan) for mine, its in pairs)


def _table(field: Sequence[Contender], a: Contender, b: Contender) -> str:
    wide = max(len(one.name) for one in field)
    lines = [f"{'':{wide}}  turns/s    min–max        × (a)   × (b)   p50 ms   p99 ms   CPU ms"]
    for one in field:
        rates = [sample.per_second for sample in one.samples]
        p50, p99 = (
            statistics.median(sample.percentile(share) for sample in one.samples)
            for share in (0.5, 0.99)
        )
        cpu_ms = statistics.median(one.cpu_ms)
        spread = f"{min(rates):,.0f}–{max(rates):,.0f}"
        lines.append(
            f"{one.name:{wide}}  {statistics.median(rates):7,.0f}  {spread:>13}  "
            f"{_ratio(one, a):7.3f}  {_ratio(one, b):6.2f}  {p50:7.1f}  {p99:7.1f}  {cpu_ms:7.2f}"
        )
    return "\n".join(lines) + "\n"


def _webhooks(hooks: Webhooks) -> str:
    a, b = hooks.flat_out[:2]
    return (
        f"{HOOK_CONNECTIONS} connections flat out (aim: × (b) ≥ 1.5, p99 ≤ 100 ms):\n"
        f"{_table(hooks.flat_out, a, b)}"
        "CPU is all a turn costs, its answer's way to the platform included\n\n"
        f"{PACE:g} turns a second, latencies from when each was due (aim: p50 and p99 ≤ 30 ms):\n"
        f"{_table(hooks.paced, a, b)}"
    )


def _against(small: Ours, full: Ours) -> str:
    def cpu(one: Contender, to: Contender) -> float:
        return statistics.median(one.cpu_ms) / statistics.median(to.cpu_ms)

    question, form = (small.question, full.question), (small.form, full.form)
    return (
        f"cost of a turn with {full.stored:,} stored against {small.stored:,} (aim ≤ 1.2): "
        f"question {_ratio(*question):.2f} in time, {cpu(*reversed(question)):.2f} in CPU; "
        f"form step {_ratio(*form):.2f} in time, {cpu(*reversed(form)):.2f} in CPU"
    )


def _starts(started: Sequence[float]) -> str:
    first, *later = started
    return (
        f"python -m bot chat to the first answer: {statistics.median(later):.2f} s "
        f"(aim < 1.5), on an empty folder {first:.2f} s"
    )


def wrong(field: Sequence[Contender], programs: Sequence[Ours | Hooks]) -> list[str]:
    """What makes the figures worthless: refused requests, steps that were no steps of a report,
    answers nobody heard."""
    found = [sentence for one in field for sentence in one.wrong()]
    for program in programs:
        if (astray := program.astray()) != 0:
            found.append(f"{astray} reports of the load went astray in {program.url}")
        if lost := unsaid(program.url):
            found.append(f"{lost} answers were never sent from {program.url}")
    return found


def main() -> int:
    """Read the command line and measure."""
    reader = argparse.ArgumentParser(prog="python -m tests.load.bench")
    reader.add_argument("--rounds", type=int, default=7, help="interleaved rounds")
    reader.add_argument("--seconds", type=float, default=2.0, help="of each measurement")
    reader.add_argument("--few", type=int, default=FEW, help="contributions in the small store")
    reader.add_argument("--many", type=int, default=MANY, help="contributions in the full store")
    reader.add_argument("--texts", type=int, default=slowest.TEXTS, help="asked for the slowest")
    reader.add_argument("--reminders", type=int, default=0, help="only plan so many, and send")
    told = reader.parse_args()
    if told.reminders:
        line, right = planning.report("sqlite", told.reminders, 0)
        print(line)
        sent, kept = uvloop.run(sending.report(300, 30.0))
        print(sent)
        return 0 if right and kept else 1
    return uvloop.run(bench(told.rounds, told.seconds, told.few, told.many, told.texts))


if __name__ == "__main__":
    sys.exit(main())

"""Who may do what, tried in the real conversation for every cell and held to rules of its own.

The rules stand in `tests/policy/rules.py`: what the officials' guide says, not what the program
reads.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

import pytest

import handlers
from handlers import policy
from handlers.turn import World
from storage import contributions, grants
from storage.database import Database
from storage.schema import decisions
from tests.conftest import Fresh
from tests.policy import reports, rules, steering, telling
from tests.policy.trial import HA, Attempt, Trial
from tests.stage import staged

PARTS = (reports, telling, steering)
ATTEMPTS: dict[str, Attempt] = {name: one for part in PARTS for name, one in part.ATTEMPTS.items()}
ASKING = {"may", "holding", "allows"}
"""The functions of `handlers.policy` that answer whether somebody may."""


@contextmanager
def trying(url: str, world: World, part: ModuleType) -> Iterator[Trial]:
    """A store in which the actions of a part can be tried."""
    database = Database(url)
    with staged(database, world) as stage:
        trial = Trial(stage)
        part.prepare(trial)
        yield trial
    database.dispose()


@pytest.mark.parametrize("action", rules.RULES)
def test_every_cell_of_the_policy(action: str, fresh_url: Fresh, world: World) -> None:
    cells = list(rules.cells(action))
    part = next(one for one in PARTS if action in one.ATTEMPTS)
    with trying(fresh_url("sqlite"), world, part) as trial:
        wrong = [one for one in cells if trial.did(one, ATTEMPTS[action]) != rules.may(one)]
    assert wrong == []


def test_the_cells_are_many_and_of_both_sorts() -> None:
    counted = {action: list(rules.cells(action)) for action in rules.RULES}
    assert sum(map(len, counted.values())) > 12_000
    nobodys = {action for action, cells in counted.items() if not any(map(rules.may, cells))}
    given_by_the_operator = ("department_officer", "province_officer", "admin")
    assert nobodys == {
        f"{verb} {role}"
        for verb in ("begin to invite", "invite", "find", "begin to dismiss", "dismiss")
        for role in given_by_the_operator
    }


# nothing is left out


def _calls(node: ast.AST, where: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """(module, name) of what is called; `where` tells from which module a bare name comes."""
    for one in ast.walk(node):
        match one:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=module), attr=name)):
                yield module, name
            case ast.Call(func=ast.Name(id=name)):
                yield where.get(name, ""), name


def _names(module: str, tree: ast.Module) -> dict[str, str]:
    """From which module of the conversations each name of one comes."""
    own = {one.name: module for one in ast.walk(tree) if isinstance(one, ast.FunctionDef)}
    imported = {
        name.name: (one.module or "").rpartition(".")[2]
        for one in ast.walk(tree)
        if isinstance(one, ast.ImportFrom)
        for name in one.names
    }
    return imported | own


def _places_that_ask() -> set[tuple[str, str]]:
    """Every function of the conversations that asks for a right, by itself or through another."""
    calls: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for path in Path(handlers.__file__).parent.glob("*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        where = _names(path.stem, tree)
        for one in ast.walk(tree):
            if isinstance(one, ast.FunctionDef) and path.stem != "policy":
                calls[path.stem, one.name] = set(_calls(one, where))
    asking = {("policy", name) for name in ASKING}
    while more := {one for one, called in calls.items() if called & asking} - asking:
        asking |= more
    return {one for one in asking if one[0] != "policy"}


@contextmanager
def _noted(monkeypatch: pytest.MonkeyPatch) -> Iterator[set[tuple[str, str]]]:
    """Who stands behind each question for a right."""
    noted: set[tuple[str, str]] = set()
    real = policy.allows

    def allows(*asked: Any) -> bool:
        frame: FrameType | None = sys._getframe(1)
        while frame is not None:
            module = str(frame.f_globals.get("__name__", ""))
            if module.startswith("handlers."):
                noted.add((module.rpartition(".")[2], frame.f_code.co_name))
            frame = frame.f_back
        return real(*asked)

    with monkeypatch.context() as patched:
        patched.setattr(policy, "allows", allows)
        yield noted


def test_every_place_that_asks_for_a_right_is_tried(
    fresh_url: Fresh, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with _noted(monkeypatch) as noted:
        for part in PARTS:
            with trying(fresh_url("sqlite"), world, part) as trial:
                for one in (cell for action in part.ATTEMPTS for cell in rules.cells(action)):
                    if rules.may(one) or (one.place, one.at) == (rules.COMMUNE, rules.BEFORE):
                        trial.did(one, ATTEMPTS[one.action])
        with trying(fresh_url("sqlite"), world, telling) as trial:
            # Who has two communes is asked which.
            trial.stage.officer(HA, "commune_officer", rules.SIBLING)
            trial.say("số liệu của xã")
    asking = _places_that_ask()
    assert len(asking) > 40
    left = sorted(asking - noted)
    assert not left, left


# a right that ends


def test_revoked_counts_from_the_next_press(database: Database, world: World) -> None:
    with staged(database, world) as stage:
        trial = Trial(stage)
        reports.prepare(trial)
        one = contributions.get(stage.tx(), trial.ids["report", rules.COMMUNE])
        stage.say(HA, f"mở {one.code}")
        stage.press(HA, "Xác nhận đúng")
        grants.revoke(stage.tx(), trial.grant.id, by="operator")
        [said] = stage.press(HA, "Ghi nhận")
        assert "Không tìm thấy" in said
        assert trial.count(decisions) == 0

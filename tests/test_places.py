"""Places as people type them, before and after the units changed on 2025-07-01."""

from __future__ import annotations

import random
import re
import unicodedata
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.place_names import bare_name
from knowledge.places import Found, Unit, load
from knowledge.text import fold

PLACES = load()
BEFORE, AFTER = date(2025, 6, 30), date(2025, 7, 1)
LETTERS = "abcdeghiklmnopqrstuvxyăâđêôơưáàảãạấầậéèẻẹếềíìóòốồộớờúùứừ"


def told(text: str, on: date) -> str:
    """What was found, short: names joined by "|", asked ones with "?" in front."""
    found = PLACES.find(text, on)
    names = " | ".join(unit.name for unit in found.units)
    return f"? {names}" if found.result == "ask" else names or found.result


def meant(unit: Unit, on: date) -> Unit:
    return unit if on == BEFORE else PLACES.successor(unit)


@pytest.mark.parametrize(
    ("text", "before", "after"),
    [
        ("Bình Lư", "Xã Bình Lư", "Xã Bình Lư"),
        ("xã Bình Lư huyện Tam Đường tỉnh Lai Châu", "Xã Bình Lư", "Xã Bình Lư"),
        ("Bình Lư - Tam Đường", "Xã Bình Lư", "Xã Bình Lư"),
        ("x. bình lư, h. tam đường", "Xã Bình Lư", "Xã Bình Lư"),
        ("binh lu", "Xã Bình Lư", "Xã Bình Lư"),
        ("binhf luw", "Xã Bình Lư", "Xã Bình Lư"),
        ("Bìnhlư", "Xã Bình Lư", "Xã Bình Lư"),
        ("Xã NậmM anh", "? Xã Nậm Mạ | Xã Nậm Manh", "? Xã Nậm Mạ | Xã Nậm Hàng"),
        ("Nậm Mạ anh", "Xã Nậm Mạ", "Xã Nậm Mạ"),
        ("na mtam", "? Xã Nậm Tăm | Xã Nà Tăm", "? Xã Nậm Tăm | Xã Bản Bo"),
        ("em ở bản Nà Khằm, xã Bản Bo ạ", "Xã Bản Bo", "Xã Bản Bo"),
        ("mường than, than uyên", "Xã Mường Than", "? Xã Mường Than | Xã Than Uyên"),
        ("xã Mường Than", "Xã Mường Than", "? Xã Mường Than | Xã Than Uyên"),
        ("xã Mường Than cũ", "Xã Mường Than", "Xã Than Uyên"),
        ("xã Mường Than mới", "Xã Mường Than", "Xã Mường Than"),
        ("Phúc Than", "Xã Phúc Than", "Xã Mường Than"),
        ("Mường Tè", "? Thị trấn Mường Tè | Xã Mường Tè", "? Xã Mường Tè | Xã Bum Tở"),
        ("thị trấn Mường Tè", "Thị trấn Mường Tè", "Xã Bum Tở"),
        ("tt. muong te", "Thị trấn Mường Tè", "Xã Bum Tở"),
        ("xã Mường Tè", "Xã Mường Tè", "Xã Mường Tè"),
        ("Than Uyên", "Thị trấn Than Uyên", "Xã Than Uyên"),
        ("xã Than Uyên", "? Thị trấn Than Uyên", "Xã Than Uyên"),
        ("huyện Than Uyên", "Huyện Than Uyên", "unknown"),
        ("Tân Uyên", "Thị trấn Tân Uyên", "Xã Tân Uyên"),
        ("nam cha", "? Xã Nậm Chà | Xã Nậm Cha", "? Xã Mường Mô | Xã Nậm Tăm"),
        ("Nậm Chà", "Xã Nậm Chà", "Xã Mường Mô"),
        ("Nậm Cha", "Xã Nậm Cha", "Xã Nậm Tăm"),
        ("nậm chã", "? Xã Nậm Chà | Xã Nậm Cha", "? Xã Mường Mô | Xã Nậm Tăm"),
        ("nam cha, sin ho", "Xã Nậm Cha", "Xã Nậm Tăm"),
        ("Noong Hẻo", "Xã Noong Hẻo", "Xã Pu Sam Cáp"),
        ("pa u", "Xã Pa Ủ", "Xã Pa Ủ"),
        ("Ma Li Pho", "Xã Ma Ly Pho", "Xã Phong Thổ"),
        ("pa khóa", "Xã Pa Khoá", "Xã Pu Sam Cáp"),
        ("Hua Bun", "Xã Hua Bun", "Xã Hua Bum"),
        ("p. Đông Phong", "Phường Đông Phong", "Phường Tân Phong"),
        ("phuong tan phong, tp lai chau", "Phường Tân Phong", "Phường Tân Phong"),
        ("San Thàng", "Xã San Thàng", "Phường Tân Phong"),
        ("xin xuối hồ", "Xã Sin Suối Hồ", "Xã Sin Suối Hồ"),
        ("lậm hàng", "Xã Nậm Hàng", "Xã Nậm Hàng"),
        ("thành phố Lai Châu", "Thành phố Lai Châu", "unknown"),
        ("tỉnh Lai Châu", "Tỉnh Lai Châu", "Tỉnh Lai Châu"),
        ("sì lở", "? Xã Sì Lở Lầu", "? Xã Sì Lở Lầu"),
        ("Bình Lư, huyện Than Uyên", "? Xã Bình Lư", "? Xã Bình Lư"),
        ("xã Tam Đường", "? Thị trấn Tam Đường", "? Xã Bình Lư"),
        ("Mường", "unknown", "unknown"),
        ("Sa Pa", "unknown", "unknown"),
        ("Tả Phìn, Sa Pa, Lào Cai", "unknown", "unknown"),
        ("tỉnh Lào Cai", "unknown", "unknown"),
        ("xã Bình Lư và xã Bản Bo", "unknown", "unknown"),
        ("không biết", "unknown", "unknown"),
        ("", "unknown", "unknown"),
    ],
)
def test_table(text: str, before: str, after: str) -> None:
    assert (told(text, BEFORE), told(text, AFTER)) == (before, after)


def test_all_units_are_there() -> None:
    old, new = PLACES.communes(BEFORE), PLACES.communes(AFTER)
    assert len(old) == 106
    assert len(new) == 38
    assert sum(unit.level == "ward" for unit in new) == 2
    assert len({unit.district for unit in old}) == 8
    assert {PLACES.successor(unit) for unit in old} == set(new)


def test_the_day_of_the_change_decides() -> None:
    assert PLACES.find("San Thàng", BEFORE).units[0].era == "old"
    assert PLACES.find("San Thàng", AFTER).units[0].era == "new"


def test_an_old_name_is_remembered_beside_the_new_unit() -> None:
    found = PLACES.find("xã Nùng Nàng", AFTER)
    assert found.typed is not None
    assert found.typed.name == "Xã Nùng Nàng"
    assert found.units[0].name == "Phường Tân Phong"
    assert PLACES.find("Bình Lư", AFTER).typed is None
    district = PLACES.find("huyện Tam Đường", AFTER)
    assert district.result == "unknown"
    assert district.typed is not None


def test_parents_and_successors() -> None:
    old = PLACES.find("Bình Lư", BEFORE).units[0]
    district = PLACES.parent(old)
    assert district is not None
    assert (district.name, district.level) == ("Huyện Tam Đường", "district")
    province = PLACES.parent(district)
    assert province is not None
    assert (province.level, PLACES.parent(province)) == ("province", None)
    new = PLACES.successor(old)
    assert PLACES.successor(new) == new
    assert PLACES.parent(new) == PLACES.get("new:12")
    assert PLACES.successor(district) == PLACES.get("new:12")
    assert PLACES.get(old.key) == old


def test_new_units_reuse_codes_but_not_keys() -> None:
    old, new = PLACES.get("old:3408"), PLACES.get("new:3408")
    assert (old.name, new.name) == ("Phường Đông Phong", "Phường Tân Phong")


@pytest.mark.parametrize("on", [BEFORE, AFTER])
def test_every_old_unit_is_found_by_its_names(on: date) -> None:
    for unit in PLACES.communes(BEFORE):
        for text in (unit.name, bare_name(unit.name), fold(unit.name), fold(bare_name(unit.name))):
            for form in (text, text.upper(), unicodedata.normalize("NFD", text)):
                found = PLACES.find(form, on)
                assert meant(unit, on) in found.units, form
                assert found.result in ("unit", "ask"), form
                assert found.exact or found.result == "ask", form


def test_every_new_unit_is_found_by_its_names() -> None:
    for unit in PLACES.communes(AFTER):
        for text in (unit.name, bare_name(unit.name), fold(unit.name)):
            assert unit in PLACES.find(text, AFTER).units


def test_a_district_beside_the_name_is_understood() -> None:
    for unit in PLACES.communes(BEFORE):
        if unit.name != "Thị trấn Mường Tè":
            district = bare_name(unit.district or "")
            for form in (f"{unit.name}, {unit.district}", f"{unit.name} - {district}"):
                assert PLACES.find(form, BEFORE).units == (unit,)
                assert PLACES.find(fold(unit.name) + ", " + fold(district), BEFORE).units == (unit,)


def slip(text: str, random: random.Random) -> str:
    at = random.randrange(len(text))
    letter = random.choice(LETTERS)
    head, rest = text[:at], text[at + 1 :]
    swapped = head + rest[:1] + text[at] + rest[1:]
    return random.choice([head + rest, head + letter + text[at:], head + letter + rest, swapped])


def is_another_name(text: str) -> bool:
    """Whether a slip happened to make just another unit's name, or the Telex for it: "Taan" is
    how "Tân" is typed."""
    names = {fold(bare_name(unit.name)) for unit in PLACES.communes(BEFORE)}
    bare = fold(bare_name(text))
    return bare in names or re.sub(r"([aeod])\1", r"\1", bare) in names


@given(st.sampled_from(PLACES.communes(BEFORE)), st.randoms(use_true_random=False))
def test_one_slip_never_leads_silently_to_another_unit(unit: Unit, random: random.Random) -> None:
    for name in (bare_name(unit.name), fold(bare_name(unit.name)), unit.name):
        text = slip(name, random)
        for on in (BEFORE, AFTER):
            found = PLACES.find(text, on)
            right = found.result != "unit" or found.units == (meant(unit, on),)
            assert right or is_another_name(text), text


@given(st.text(max_size=200), st.dates())
def test_no_text_raises(text: str, on: date) -> None:
    found = PLACES.find(text, on)
    assert isinstance(found, Found)
    assert (found.result == "unknown") == (not found.units)
    assert len(found.units) <= 3

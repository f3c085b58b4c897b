"""Goods in kind (hiện vật): what and how much of it, with its value where it is known."""

from __future__ import annotations

from handlers.kinds._answers import named_thing

KIND = named_thing("goods", 4, weighs="in_kind_vnd")

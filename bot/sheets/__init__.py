"""A commune's facts in a workbook (.xlsx): the template to fill in, and reading it back.

    data = facts_template(places, plan, awards, on=today)
    sheet = read_facts(data, places, plan, awards, on=today)

`words` holds columns and sentences, `facts` what is read, `xlsx` the file format with its limits,
`cells` and `units` what one cell means, `rules` what two of them mean together. Nothing is guessed:
what is not understood comes back as a problem with its place, and the caller keeps all rows or
none. No network, no database, no clock of its own but the one that ends a reading that takes long.
"""

from __future__ import annotations

from bot.sheets.export import escaped, put
from bot.sheets.facts import CommuneFacts, Honour, Problem, Product, Row, Sheet, Village
from bot.sheets.read import read_facts
from bot.sheets.rules import foreign, in_order, too_many
from bot.sheets.template import facts_template, units_of
from bot.sheets.words import say

__all__ = [
    "CommuneFacts",
    "Honour",
    "Problem",
    "Product",
    "Row",
    "Sheet",
    "Village",
    "escaped",
    "facts_template",
    "foreign",
    "in_order",
    "put",
    "read_facts",
    "say",
    "too_many",
    "units_of",
]

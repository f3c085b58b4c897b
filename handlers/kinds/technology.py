"""Technology or know-how passed on (chuyển giao kỹ thuật), with its value where it is known."""

from __future__ import annotations

from handlers.kinds._answers import named_thing

KIND = named_thing("technology", 6, weighs="tech_transfer_vnd", purpose=False, rare=True)

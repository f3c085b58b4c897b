"""`plan check DIR`: prove that a plan pack is consistent."""

from __future__ import annotations

import argparse
from pathlib import Path

import yaml

from bot.errors import BadUsage
from knowledge import plan


def main(options: argparse.Namespace) -> int:
    """Print every problem; 0 when there is none, 1 when there is."""
    folder = Path(options.folder)
    if not folder.is_dir():
        raise BadUsage(f"không có thư mục {folder}")
    try:
        problems = plan.check(folder)
    except (plan.PlanError, yaml.YAMLError) as wrong:
        problems = [" ".join(str(wrong).split())]
    for one in problems:
        print(one)
    if not problems:
        print("Gói kế hoạch không có lỗi.")
    return 1 if problems else 0

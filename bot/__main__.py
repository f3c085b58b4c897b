"""The command line: `python -m bot COMMAND`.

Exit status: 0 done, 1 the answer is "no", 2 wrong usage or bad input with one line on standard
error that says what to do; never a traceback. A command's own file is loaded when it is called.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
from importlib import import_module
from typing import NoReturn

from bot import faults, stray
from bot.errors import BadUsage


class _Parser(argparse.ArgumentParser):
    """One line instead of a page of usage."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {' '.join(message.split())} (thử: {self.prog} --help)\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m bot", description="Chung Sức: trợ lý của phong trào thi đua")
    commands = parser.add_subparsers(dest="command", required=True, parser_class=_Parser)

    run = commands.add_parser("run", help="chạy mọi thứ trong một tiến trình")
    run.add_argument("--demo-officer", metavar="XÃ", help="in thêm một mã mời cán bộ thử của xã")
    run.add_argument("--demo-data", action="store_true", help="thêm người và báo cáo tưởng tượng")
    run.add_argument(
        "--only", choices=["web", "delivery", "schedule"], help="chỉ một phần việc (nhiều máy)"
    )
    run.set_defaults(run="bot.commands.run")

    chat = commands.add_parser("chat", help="trò chuyện ngay trong cửa sổ dòng lệnh")
    chat.add_argument("--as", dest="sender", default="me", metavar="TÊN", help="đóng vai ai")
    chat.set_defaults(run="bot.commands.chat")

    replay = commands.add_parser("replay", help="chơi lại một hội thoại, xem có còn đúng không")
    replay.add_argument("file", metavar="TỆP", help="hội thoại, ví dụ trong tests/conversations")
    replay.add_argument(
        "--way", choices=["plain", "afresh", "twice", "no-buttons"], default="plain",
        help="cách chơi: thường, khởi động lại giữa chừng, gửi hai lần, không nút bấm",
    )  # fmt: skip
    replay.set_defaults(run="bot.commands.replay")

    ask = commands.add_parser("ask", help="hỏi kế hoạch")
    ask.add_argument("question", nargs="*", help="câu hỏi")
    ask.add_argument("--jsonl", action="store_true", help="đọc, ghi mỗi dòng một JSON")
    ask.set_defaults(run="bot.commands.ask")

    for name, what in (("quantity", "số lượng"), ("place", "nơi"), ("date", "ngày")):
        reader = commands.add_parser(name, help=f"đọc {what} người ta gõ")
        reader.add_argument("--jsonl", action="store_true", help="đọc, ghi mỗi dòng một JSON")
        reader.set_defaults(run="bot.commands.read")

    awards = commands.add_parser("awards", help="tính các hình thức khen trong tầm với")
    awards.add_argument(
        "--jsonl", action="store_true", required=True, help="đọc, ghi mỗi dòng một JSON"
    )
    awards.set_defaults(run="bot.commands.awards")

    template = commands.add_parser("template", help="ghi mẫu Excel để nhập số liệu của xã")
    template.add_argument("file", metavar="TỆP.xlsx", help="tệp sẽ ghi")
    template.add_argument("--year", type=int, help="năm của số liệu")
    template.set_defaults(run="bot.commands.facts")

    taking = commands.add_parser("import", help="nhập số liệu của xã từ Excel: tất cả hoặc không")
    taking.add_argument("file", metavar="TỆP.xlsx", help="tệp đã điền theo mẫu")
    taking.add_argument("--dry-run", action="store_true", help="chỉ xem lỗi, không ghi")
    taking.add_argument("--by", default="Người vận hành", metavar="TÊN", help="ai chịu trách nhiệm")
    taking.set_defaults(run="bot.commands.facts")

    deadlines = commands.add_parser("deadlines", help="thời hạn của một năm")
    deadlines.add_argument("--year", type=int, required=True, help="năm của các ngày")
    deadlines.add_argument("--json", action="store_true", help="ghi JSON")
    deadlines.set_defaults(run="bot.commands.deadlines")

    reminders = commands.add_parser("reminders", help="nhắc hạn")
    reminders.add_argument("action", choices=["preview"])
    reminders.add_argument("--on", required=True, metavar="NGÀY", help="ngày, ví dụ 2025-01-02")
    reminders.add_argument("--json", action="store_true", help="ghi JSON")
    reminders.set_defaults(run="bot.commands.reminders")

    invite = commands.add_parser("invite", help="tạo mã mời dùng một lần")
    invite.add_argument("--role", required=True, help="vai trò, ví dụ commune_officer")
    invite.add_argument("--place", required=True, help='nơi, ví dụ "Xã Bình Lư"')
    invite.add_argument("--village", metavar="BẢN", help="bản của trưởng bản")
    invite.add_argument("--organisation", metavar="TÊN", help="tổ chức của người đại diện")
    invite.add_argument("--until", metavar="NGÀY", help="ngày cuối của vai trò, ví dụ 2025-12-31")
    invite.set_defaults(run="bot.commands.invite")

    grants = commands.add_parser("grants", help="xem hoặc thu hồi vai trò")
    grants.add_argument("--revoke", type=int, metavar="SỐ", help="thu hồi vai trò mang số này")
    grants.set_defaults(run="bot.commands.grants")

    authorise = commands.add_parser("authorise", help="in đường dẫn để Zalo OA cấp quyền lại")
    authorise.set_defaults(run="bot.commands.authorise")

    requests = commands.add_parser("requests", help="yêu cầu về dữ liệu cá nhân chưa xong")
    requests.set_defaults(run="bot.commands.requests")
    questions = commands.add_parser("questions", help="câu hỏi kế hoạch không nêu")
    questions.add_argument("--answered", action="store_true", help="xuất câu đã trả lời, dạng YAML")
    questions.set_defaults(run="bot.commands.questions")

    audit = commands.add_parser("audit", help="nhật ký")
    audit.add_argument("action", choices=["verify", "head", "list"])
    audit.add_argument("--against", metavar="TỆP", help="verify: so với mục cuối đã lưu nơi khác")
    audit.add_argument("--out", metavar="TỆP", help="head: ghi vào tệp mới")
    audit.add_argument("--subject", metavar="GÌ", help="list: contribution:12 hoặc mã LC-…")
    audit.set_defaults(run="bot.commands.audit")

    plan = commands.add_parser("plan", help="gói kế hoạch")
    plan.add_argument("action", choices=["check", "import"])
    plan.add_argument("path", help="check: thư mục của gói; import: văn bản chính thức")
    plan.add_argument("--dry-run", action="store_true", help="import: chỉ xem, không ghi")
    plan.set_defaults(run="bot.commands.plan")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit status."""
    options = _parser().parse_args(arguments)
    for stream in (sys.stdin, sys.stdout):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="surrogateescape")
    try:
        status: int = import_module(options.run).main(options)
    except BadUsage as wrong:
        print(f"python -m bot {options.command}: {' '.join(str(wrong).split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever read has left, as in `… | head`; what is still buffered has nowhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as fault:
        # Ours, not the caller's; its text may quote anything that is stored.
        where = faults.told(fault)
        print(f"python -m bot {options.command}: lỗi của chương trình: {where}", file=sys.stderr)
        return 2
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return status


if __name__ == "__main__":
    stray.silence()
    sys.exit(main())

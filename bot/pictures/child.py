"""Decodes one picture, alone in a process of its own: `python -m bot.pictures.child` by exec.

    child DECODER PIXELS MEMORY SECONDS < picture as sent > answer

The answer is a line of JSON, `{"refused": reason}` or `{"width", "height", "phash", "sizes"}`, and
after the latter the picture and its thumbnail, both JPEG, of `sizes` bytes. Exit status 0 in both
cases; any other says that the decoder itself does not work. Before it decodes, the process gives up
opening files, connections and more memory; how to decode is in `cleaning`.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import warnings
from importlib import import_module, util

# Pillow loads most of its parts when they are first needed, and then no file can be opened.
from PIL import (
    Image,
    ImagePalette,
    JpegImagePlugin,
    MpoImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from bot.pictures.cleaning import Clean, clean
from bot.pictures.outcome import Reason, Refused

_LOADED = (ImagePalette, JpegImagePlugin, MpoImagePlugin, TiffImagePlugin, WebPImagePlugin)


def confine(memory: int, seconds: int) -> None:
    """Give up, for good, what decoding does not need: memory in bytes, seconds of CPU, files,
    connections; and stand behind the process that serves people."""
    os.nice(10)
    # At a hard limit on CPU comes SIGKILL; one second before it the signal that says why.
    limits = {
        resource.RLIMIT_AS: (memory, memory),
        resource.RLIMIT_CPU: (seconds, seconds + 1),
        resource.RLIMIT_FSIZE: (0, 0),
        resource.RLIMIT_CORE: (0, 0),  # a core would hold the picture
        resource.RLIMIT_NOFILE: (0, 0),
    }
    for what, (soft, hard) in limits.items():
        _, most = resource.getrlimit(what)
        if most != resource.RLIM_INFINITY:
            soft, hard = min(soft, most), min(hard, most)
        try:
            resource.setrlimit(what, (soft, hard))
        except ValueError:
            # macOS knows no limit on memory below what is reserved; there Pillow's own bound holds.
            if sys.platform == "linux":
                raise


def _load(decoder: str) -> Reason | None:
    """Have the decoder ready; why it cannot be, for those that are not always installed."""
    Image.preinit()
    if decoder == "HEIF":
        if util.find_spec("pillow_heif") is None:
            return "heic"
        import_module("pillow_heif").register_heif_opener()
    return None


def main() -> None:
    """Read standard input, write the answer to standard output."""
    decoder, (pixels, memory, seconds) = sys.argv[1], map(int, sys.argv[2:])
    data = sys.stdin.buffer.read()
    Image.MAX_IMAGE_PIXELS = pixels
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    if missing := _load(decoder):
        result: Clean | Refused = Refused(missing)
    else:
        confine(memory, seconds)
        result = clean(data, decoder, pixels)
    if isinstance(result, Refused):
        _answer({"refused": result.reason})
    else:
        told = {"width": result.width, "height": result.height, "phash": result.phash}
        parts = (result.picture, result.thumb)
        _answer(told | {"sizes": [len(part) for part in parts]}, *parts)


def _answer(told: dict[str, object], *parts: bytes) -> None:
    out = sys.stdout.buffer
    out.write(json.dumps(told).encode() + b"\n")
    for part in parts:
        out.write(part)
    out.flush()


if __name__ == "__main__":
    main()

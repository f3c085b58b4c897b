"""Whether a webhook call comes from Zalo: `X-ZEvent-Signature` over the raw bytes.

The mac is a plain SHA-256 over app id, body, timestamp and a secret, not an HMAC. Which secret, the
documents disagree: the webhook page's "OA Secret Key" or the app's own. Both are tried, and the one
Zalo uses is logged when it changes. The app id comes from the settings, never from the body.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping

import structlog

HEADER = b"x-zevent-signature"
_MAC = re.compile(rb"mac=([0-9A-Fa-f]{64})")
_TIMESTAMP = re.compile(rb'"timestamp"\s*:\s*"?(\d{1,20})"?\s*[,}]')
"""In the raw bytes, so that nothing unverified is parsed. A text that quotes it has backslashes
before its quotation marks, and does not match."""
_MOST_TIMESTAMPS = 4
"""An attachment may hold a timestamp of its own before the event's."""

log = structlog.get_logger()


class Signature:
    """Checks calls; `secrets` maps a name for the log ("oa_secret_key") to each secret in use."""

    def __init__(self, app_id: str, secrets: Mapping[str, str]) -> None:
        """Raises ValueError without a secret: a webhook that cannot check must not open."""
        self._app_id = app_id.encode()
        self._secrets = {name: secret.encode() for name, secret in secrets.items() if secret}
        if not self._secrets:
            raise ValueError("no secret to check Zalo's webhook with")
        self.matched = ""
        """The name of the secret that checked the last genuine call."""

    def shown(self, headers: Iterable[tuple[bytes, bytes]]) -> bool:
        """Whether the headers, names in lower case, hold what may be a signature."""
        return _mac_in(headers) is not None

    def genuine(self, raw: bytes, headers: Iterable[tuple[bytes, bytes]]) -> bool:
        """Whether Zalo signed this body; `headers` are the request's, names in lower case."""
        mac = _mac_in(headers)
        if mac is None:
            return False
        stamps = [found[1] for found in _TIMESTAMP.finditer(raw)][-_MOST_TIMESTAMPS:]
        matched = ""
        for name, secret in self._secrets.items():
            for stamp in stamps:
                if hmac.compare_digest(mac, self._mac(raw, stamp, secret)):
                    matched = name
        if matched and matched != self.matched:
            log.info("zalo_oa_signed_with", secret=matched)
            self.matched = matched
        return bool(matched)

    def _mac(self, raw: bytes, stamp: bytes, secret: bytes) -> bytes:
        return hashlib.sha256(self._app_id + raw + stamp + secret).hexdigest().encode()


def _mac_in(headers: Iterable[tuple[bytes, bytes]]) -> bytes | None:
    """The one signature in the headers, in lower case."""
    sent = [value for name, value in headers if name == HEADER]
    found = _MAC.fullmatch(sent[0]) if len(sent) == 1 else None
    return found[1].lower() if found is not None else None

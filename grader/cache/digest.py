"""One name for everything that a result depends on."""

import hashlib
from collections.abc import Iterable


def digest(parts: Iterable[str | bytes]) -> str:
    """A SHA-256 of the parts in their order, in hexadecimal.

    Each goes in with its kind and length: other parts never make the same text.
    """
    total = hashlib.sha256()
    for part in parts:
        # Bytes of a file's name that are not UTF-8 are lone surrogates.
        raw = part if isinstance(part, bytes) else part.encode("utf-8", "surrogatepass")
        kind = b"b" if isinstance(part, bytes) else b"s"
        total.update(kind + len(raw).to_bytes(8) + raw)
    return total.hexdigest()

"""Language codes: BCP 47, ASCII, in canonical case."""

import re

from align.errors import InputError, printable

_CODE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")


def canonical_language(code: str) -> str:
    """The canonical form of a BCP 47 code: `EN` → `en`, `pt_br` → `pt-BR`, `zh-hant` → `zh-Hant`.

    Raises InputError `language.bad_code` for anything that is not a code of at most 35 ASCII characters, so a code
    may safely name a file or be shown in a message.

    >>> canonical_language("zh_hant_tw")
    'zh-Hant-TW'
    """
    if isinstance(code, str) and len(code) <= 35 and code.isascii():
        first, *rest = code.replace("_", "-").split("-")
        parts = [first.lower()]
        for part in rest:
            script = len(part) == 4 and part.isalpha()
            region = len(part) == 2
            parts.append(part.title() if script else part.upper() if region else part.lower())
        canonical = "-".join(parts)
        if _CODE.fullmatch(canonical):
            return canonical
    raise InputError(
        "language.bad_code", f"{printable(repr(code))} is not a language code; write one such as en, pt-BR or zh-Hant"
    )

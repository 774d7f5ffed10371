"""Good files with something changed in them, as strategies of hypothesis."""

from hypothesis import strategies as st

TOKENS = (
    b"\0", b"\xef\xbb\xbf", b"\r\n", b"\r", b"\n", b"\n\n", b" ", b"  ", b"\t", b"nan", b"-inf", b"1e400", b"1e-400", b"-0.0",
    b"999999999999999999999999", b"9223372036854775808", b"-1", b"0", b"1_0", b"0x10", b"1,5", b"3.4028235677973366e38",
    b"[", b"]", b"{", b"}", b"(", b'"', b'""', b"'", b"\\", b"\\ud800", b"\\u0000", b"\xed\xa0\x80", b"\xc0\xaf", b"\xff", b"\xe9",
    "\u00a0".encode(), "\u2028".encode(), "\u0085".encode(), "\u202e".encode(), "\u200d".encode(), "\u0301".encode(),
    "\ufffd".encode(), "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16").encode(), "\u0130".encode(), "١".encode(), b"\x1b[31m", b"#", b"=", b"|",
    b",", b";", b":", b"true", b"null", b"{}", b"[]", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\x80\x00\x00\x00", b"[" * 70,
)  # fmt: skip
EDITS = (
    "flip",
    "byte",
    "delete",
    "insert",
    "replace",
    "double",
    "splice",
    "truncate",
    "swap lines",
    "drop line",
    "double line",
)
_PLACES = 1 << 16
_CHOICES = st.binary(min_size=20, max_size=20)  # all that is chosen for one file, in one draw: many draws are slow


def mutated(seeds):
    """One of `seeds` with one to three changes: bits, bytes, runs, lines, and tokens that readers stumble over."""
    return _CHOICES.map(lambda choices: _changed(seeds[choices[0] % len(seeds)], choices[1:]))


def mutated_within(seeds, pack):
    """As `mutated`, then packed, and in half of all cases changed again."""

    def make(pair):
        inner, outer = pair
        packed = pack(_changed(seeds[inner[0] % len(seeds)], inner[1:]))
        return _changed(packed, outer[1:]) if outer[0] % 2 else packed

    return st.tuples(_CHOICES, _CHOICES).map(make)


def _changed(content, choices):
    for number in range(1 + (choices[0] > 150) + (choices[0] > 220)):  # most often one, which may still be read
        edit, token, *places = choices[1 + 6 * number : 7 + 6 * number]
        first, second = places[0] << 8 | places[1], places[2] << 8 | places[3]
        content = _edited(content, EDITS[edit % len(EDITS)], first, second, TOKENS[token % len(TOKENS)])
    return content


def _edited(content, kind, first, second, token):
    """`content` with one change at the places `first` and `second`, shares of the whole in 65,536ths."""
    if kind.endswith(("line", "lines")):
        return _edited_lines(content, kind, first, second)
    at = first * (len(content) + 1) // _PLACES
    end = min(len(content), at + 1 + second * 16 // _PLACES)
    if kind == "flip":
        if at == len(content):
            return content
        return content[:at] + bytes([content[at] ^ 1 << second % 8]) + content[at + 1 :]
    if kind == "byte":
        return content[:at] + bytes([second % 256]) + content[at + 1 :]
    if kind == "delete":
        return content[:at] + content[end:]
    if kind == "insert":
        return content[:at] + token + content[at:]
    if kind == "replace":
        return content[:at] + token + content[end:]
    if kind == "double":
        return content[:end] + content[at:]
    if kind == "truncate":
        return content[:at]
    start = second * (len(content) + 1) // _PLACES  # splice: a run of the file once more, elsewhere
    return content[:at] + content[start : start + 16] + content[at:]


def _edited_lines(content, kind, first, second):
    lines = content.split(b"\n")
    one, other = (place * len(lines) // _PLACES for place in (first, second))
    if kind == "swap lines":
        lines[one], lines[other] = lines[other], lines[one]
    elif kind == "drop line":
        del lines[one]
    else:
        lines.insert(other, lines[one])
    return b"\n".join(lines)

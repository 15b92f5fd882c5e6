"""The encoding of a text that is not UTF-8, by the letters that its languages have most."""

import re

CYRILLIC = frozenset("оеаинтсрвлкмдпуыьяігч")
LATIN_WEST = frozenset("àâäåáãæçéèêëíîïìñóòôöõøßúùûü")
LATIN_CENTRAL = frozenset("ąćęłńóśźżáéíýčďěňřšťůúžőűöüäâîşţăëß")
GREEK = frozenset("αοιετσνηυρπκμλςάίόέήύώ")
LETTERS = {
    "cp1251": CYRILLIC,
    "koi8_r": CYRILLIC,
    "cp1253": GREEK,
    "cp1252": LATIN_WEST,
    "mac_roman": LATIN_WEST,
    "cp1250": LATIN_CENTRAL,
}
# Of these scripts the lead bytes of the common characters.
LEADS = {
    "cp932": ("cp932", [*range(0x82, 0x84), *range(0x88, 0x98)]),
    "gbk": ("gb2312", range(0xB0, 0xD8)),
    "big5": ("big5", range(0xA4, 0xC7)),
    "cp949": ("euc_kr", range(0xB0, 0xC9)),
}
DEFAULT = "cp1252"
SHOWN = 20_000  # bytes that are judged
FEWEST = 4  # letters beyond ASCII: fewer say nothing
SURE, AHEAD = 0.7, 0.15  # of these letters, those that fit; and more than in another encoding
WORD = re.compile(r"[^\W\d_]+")
BEYOND_ASCII = re.compile("[^\0-\x7f]")


def encoding_of(content: bytes) -> str | None:
    """The encoding of a text that is not UTF-8; None where none fits clearly best."""
    lines = [line for line in re.split(rb"[\r\n]+", content[:SHOWN]) if not line.isascii()]
    if len(lines) > 1 and len(content) > SHOWN:
        lines.pop()  # it may be cut within a character
    sample = b"\n".join(lines)
    fits = sorted(((_fit(sample, one), one) for one in (*LETTERS, *LEADS)), reverse=True)
    (best, encoding), (second, _) = fits[:2]
    return encoding if best >= SURE and best - second >= AHEAD else None


def _fit(sample: bytes, encoding: str) -> float:
    """The share of the characters beyond ASCII that a text in this encoding often has."""
    try:
        text = sample.decode(encoding)
    except UnicodeDecodeError:
        return 0
    count = len(BEYOND_ASCII.findall(text))
    if count < FEWEST:
        return 0
    if encoding in LEADS:
        return sum(_is_common(one, *LEADS[encoding]) for one in text if one > "\x7f") / count
    return sum(_fitting(word, LETTERS[encoding]) for word in WORD.findall(text)) / count


def _fitting(word: str, letters: frozenset[str]) -> int:
    """How many letters of a word beyond ASCII are common; none in a mixture of cases or scripts.

    Words of Latin letters have some of ASCII, words of others have none.
    """
    is_cased = word.islower() or word.isupper() or (word[0].isupper() and word[1:].islower())
    beyond = len(BEYOND_ASCII.findall(word))
    is_odd = 3 * beyond > 2 * len(word) if "é" in letters else 0 < beyond < len(word)
    if not is_cased or is_odd:
        return 0
    return sum(one in letters for one in word.lower())


def _is_common(character: str, encoding: str, leads: object) -> bool:
    try:
        code = character.encode(encoding)
    except UnicodeEncodeError:
        return False
    return len(code) == 2 and code[0] in leads  # type: ignore[operator]

"""The letters that every SEPA bank accepts, and how other letters are written with them.

The set is that of the EPC implementation guidelines (EPC132-08, section 1.4); the replacements
follow the best practices of EPC217-08: one base letter for a letter with an accent (`ü` becomes
`u`, `ß` becomes `s`), `&` becomes `+`, a sign without equivalent becomes a full stop. Greek and
Cyrillic letters follow their official romanisation (ISO 843, Bulgarian law, else passports). The
writer never does this silently: whoever prepares a payment calls `transliterate` before it is
approved, so that the approver sees what the bank will see.
"""

from __future__ import annotations

import unicodedata

from nostro.domain.party import PostalAddress
from nostro.domain.policies.limits import FOREIGN

_NO_EQUIVALENT = "."

# Letters that Unicode does not split into a base letter and an accent.
_LETTERS = {
    "Æ": "A", "æ": "a", "Ø": "O", "ø": "o", "Œ": "O", "œ": "o", "ß": "s", "ẞ": "S", "Đ": "D",
    "đ": "d", "Ð": "D", "ð": "d", "Þ": "T", "þ": "t", "Ł": "L", "ł": "l", "Ħ": "H", "ħ": "h",
    "ı": "i", "ĸ": "k", "Ŋ": "N", "ŋ": "n", "Ŧ": "T", "ŧ": "t", "Ĳ": "I", "ĳ": "i", "€": "E",
}  # fmt: skip

_SIGNS = {
    "&": "+", "@": ".", "_": "-", "\\": "/", "[": "(", "]": ")", "{": "(", "}": ")", "|": "/",
    ";": ",", "~": "-", "`": "'", "´": "'", "‘": "'", "’": "'", "‚": ",", "“": "'", "”": "'",
    "„": "'", '"': "'", "«": "'", "»": "'", "–": "-", "—": "-", "−": "-", "‐": "-", "‑": "-",
    "…": "...", "·": ".", "•": ".", "№": "No", "°": ".",
}  # fmt: skip

_GREEK = {
    "Α": "A", "Β": "V", "Γ": "G", "Δ": "D", "Ε": "E", "Ζ": "Z", "Η": "I", "Θ": "TH", "Ι": "I",
    "Κ": "K", "Λ": "L", "Μ": "M", "Ν": "N", "Ξ": "X", "Ο": "O", "Π": "P", "Ρ": "R", "Σ": "S",
    "Τ": "T", "Υ": "Y", "Φ": "F", "Χ": "CH", "Ψ": "PS", "Ω": "O",
}  # fmt: skip

_CYRILLIC = {
    "А": "A", "Б": "B", "В": "V", "Г": "G", "Д": "D", "Е": "E", "Ж": "ZH", "З": "Z", "И": "I",
    "Й": "Y", "К": "K", "Л": "L", "М": "M", "Н": "N", "О": "O", "П": "P", "Р": "R", "С": "S",
    "Т": "T", "У": "U", "Ф": "F", "Х": "H", "Ц": "TS", "Ч": "CH", "Ш": "SH", "Щ": "SHT",
    "Ъ": "A", "Ь": "Y", "Ю": "YU", "Я": "YA",
    # Letters that Bulgarian has not; as passports write them (ICAO Doc 9303-3, section 6 B).
    "Ы": "Y", "Э": "E", "Є": "IE", "І": "I", "Ґ": "G", "Ђ": "D", "Ј": "J", "Љ": "LJ", "Њ": "NJ",
    "Ћ": "C", "Џ": "DZ", "Ѕ": "DZ",
}  # fmt: skip


def _table() -> dict[int, str]:
    table = {ord(letter): text for letter, text in (_LETTERS | _SIGNS).items()}
    for letter, text in (_GREEK | _CYRILLIC).items():
        table[ord(letter)] = text
        table[ord(letter.lower())] = text.lower()
    table[ord("ς")] = "s"  # Sigma at the end of a word has a letter of its own.
    return table


_TABLE = _table()


def transliterate(text: str) -> str:
    """The text in the SEPA character set, trimmed and with single spaces.

    >>> transliterate("Müller & Søn  Gmbh")
    'Muller + Son Gmbh'

    Applying it twice changes nothing more. Lengths are not cut: the writer refuses what is too
    long.
    """
    if not FOREIGN.search(text):
        return " ".join(text.split())
    # Й splits into И and an accent, but has a letter of its own: table first, accents second.
    plain = unicodedata.normalize("NFC", text).translate(_TABLE)
    bare = "".join(
        character
        for character in unicodedata.normalize("NFKD", plain)
        if not unicodedata.combining(character)
    )
    spaced = " ".join(bare.translate(_TABLE).split())
    return " ".join(FOREIGN.sub(_NO_EQUIVALENT, spaced).split())


def without_equivalent(text: str) -> str:
    """The letters of a text that `transliterate` can only write as full stops, each once.

    >>> without_equivalent("Huawei 华为 (北京)")
    '华为北京'
    """
    letters = dict.fromkeys(letter for letter in text if letter.isalpha())
    return "".join(letter for letter in letters if _NO_EQUIVALENT in transliterate(letter))


def plain_address(address: PostalAddress) -> PostalAddress:
    """An address whose every part is in SEPA letters."""
    return PostalAddress(
        street=transliterate(address.street),
        building=transliterate(address.building),
        post_code=transliterate(address.post_code),
        town=transliterate(address.town),
        country=address.country,
    )

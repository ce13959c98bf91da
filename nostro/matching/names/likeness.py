"""How alike two words of names are: whole percent, 100 the same, below LEAST not alike at all.

Edit distance with transpositions (optimal string alignment) on both the letters and the sound.
"""

from __future__ import annotations

from typing import Final

from rapidfuzz.distance import OSA

from nostro.matching.names.words import Word

LEAST = 60
SHORT = 3  # Letters of a word that must agree wholly: "Li" is not "Lu".
_SAME_SOUND = 97
_LETTER_COST = 130  # Percent of a word's length that one wrong letter costs.
_VOWEL_COST = 60  # The same for a vowel inside: "Mohamed" is "Mohammad".
# The same consonants where one side wrote no vowels, by how many they are; told exactly, and by
# kinds of sound only.
_SAME_BONES: Final = (0, 75, 88, 94, 96)
_SAME_BARE: Final = (0, 70, 86, 92, 95)
_INITIAL = 70  # "I." may be Ivan.


def of_words(one: Word, other: Word) -> int:
    """How alike two words are."""
    if one.text == other.text:
        return 100
    if one.vowelless or other.vowelless:
        return _of_consonants(one, other)
    shorter = min(len(one.text), len(other.text))
    if shorter == 1:
        return _INITIAL if one.text[0] == other.text[0] else 0
    if one.sound == other.sound:
        return _SAME_SOUND
    if shorter <= SHORT:
        return 0
    percent = max(_of_letters(one.sound, other.sound), _of_letters(one.text, other.text))
    if one.bones == other.bones and one.sound[-1] == other.sound[-1]:
        percent = max(percent, _left(one.sound, other.sound, _VOWEL_COST))
    return percent if percent >= LEAST else 0


def letters_apart_at_most(text: str) -> int:
    """In how many letters another word may differ and still be alike: it may be the longer one."""
    share = 100 - LEAST
    return share * len(text) // (_LETTER_COST - share) + 1


def of_joined(one: Word, other: Word) -> int:
    """How alike two whole names are, written as one word."""
    if one.vowelless or other.vowelless:
        return _of_consonants(one, other)
    if one.sound == other.sound:
        return _SAME_SOUND
    return _of_letters(one.sound, other.sound)


def _of_letters(one: str, other: str) -> int:
    return _left(one, other, _LETTER_COST)


def _left(one: str, other: str, cost: int) -> int:
    longer = max(len(one), len(other))
    return 100 - cost * OSA.distance(one, other) // longer


def _of_consonants(one: Word, other: Word) -> int:
    if one.bones == other.bones:
        return _SAME_BONES[min(len(one.bones), len(_SAME_BONES) - 1)]
    if one.bare == other.bare:
        return _SAME_BARE[min(len(one.bare), len(_SAME_BARE) - 1)]
    if min(len(one.bare), len(other.bare)) <= SHORT:
        return 0
    percent = _of_letters(one.bare, other.bare)
    return percent if percent >= LEAST else 0

"""Numbers of cards: long enough that nobody guesses one, with a check character, and made for people to read.

17 readable characters, more than 80 bits, and a check character, so that a slip of the finger is told from a guess
without asking the database.
"""

import segno
from django.utils.safestring import SafeString, mark_safe

from loyalty.kernel import crypto

LENGTH = 17  # 31^17: 84 bits
GROUP = 6  # characters that are read together


def new_number() -> str:
    body = crypto.new_code(LENGTH)
    return body + check_character(body)


def check_character(body: str) -> str:
    """What makes the weighted sum of all characters a multiple of 31.

    As 31 is a prime, it tells every wrong character and every two that are swapped.
    """
    total = sum(weight * crypto.READABLE.index(character) for weight, character in enumerate(body, start=2))
    return crypto.READABLE[-total % 31]


def is_well_formed(number: str) -> bool:
    known = len(number) == LENGTH + 1 and all(character in crypto.READABLE for character in number)
    return known and check_character(number[:-1]) == number[-1]


def tidy(number: str) -> str:
    """As people type it: in any case, with blanks and hyphens."""
    return number.replace(" ", "").replace("-", "").upper()


def grouped(number: str) -> str:
    """As people read it."""
    return " ".join(number[at : at + GROUP] for at in range(0, len(number), GROUP))


def square(number: str) -> SafeString:
    """A QR code for a till's scanner, as SVG."""
    drawn = segno.make(number, error="m", micro=False)
    return mark_safe(drawn.svg_inline(scale=5, border=2, light="#fff", omitsize=True))  # noqa: S308  # the library's own markup

"""What a product says of itself, in each of its languages. The first of them is the one that it is written in."""

from collections.abc import Mapping
from typing import NamedTuple

from loyalty.kernel import languages
from loyalty.kernel.errors import Invalid
from rewards.models import GiftProduct

MOST_LANGUAGES = 20


class Texts(NamedTuple):
    """Everything that people read of a product."""

    name: str
    short_description: str
    long_description: str
    terms: str
    disclaimer: str
    redemption_note: str


def texts_in(product: GiftProduct, language: str) -> Texts:
    """In a language or what it is a variety of (de-AT, de); a part that is not translated, as the product has it."""
    found: Mapping[str, str] = next((product.translations[tag] for tag in _chain(product, language)), {})
    return Texts(*(found.get(name) or getattr(product, name) for name in Texts._fields))


def put(product: GiftProduct, *, cultures: list[str], translations: Mapping[str, Mapping[str, str]]) -> None:
    """Say in which languages a product is, and what it says in all but the first; whoever writes it saves it.

    :param translations: the parts by the names of `Texts`, by language; of other languages they are dropped
    :raises Invalid: if one is no language, or there are too many
    """
    tags = list(dict.fromkeys(languages.language(tag, field="cultures") for tag in cultures))
    if len(tags) > MOST_LANGUAGES:
        raise Invalid(f"Name {MOST_LANGUAGES} languages at most.", field="cultures")
    said = {tag: {name: text for name, text in translations.get(tag, {}).items() if text} for tag in tags[1:]}
    product.cultures, product.translations = tags, {tag: parts for tag, parts in said.items() if parts}


def _chain(product: GiftProduct, language: str) -> list[str]:
    """Which translations serve a language; none before the product's own words, where they are in it."""
    own = product.cultures[0] if product.cultures else ""
    chain = languages.chain(language)
    nearer = chain[: chain.index(own)] if own in chain else chain
    return [tag for tag in nearer if tag in product.translations]

"""What the message about a card says: in the recipient's language, else as the business's default, else as ours."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from django.conf import settings
from django.db import transaction
from django.utils import translation

from loyalty.kernel import languages, wording
from loyalty.kernel.errors import Conflict, Invalid
from loyalty.models import Business
from loyalty.services import naming
from rewards.models import GiftTemplate

FOLDER = Path(settings.BASE_DIR) / "templates/gifts/mail"
ENGLISH = "en"
OURS = frozenset(code for code, _ in settings.LANGUAGES)  # in which we have words of our own
SENTENCE = re.compile(r"\[\[(.+?)\]\]")  # of our words, that is said in the language
LINK = "https://gifts.example/g/your-link"
# What a template has places for, and how each looks in an example. Texts may be empty.
EXAMPLE: Mapping[str, str] = {
    "to": "Ada",
    "sender": "Acme Coffee",
    "business": "Acme Coffee",
    "message": "Thank you for ten rides!\nThe next coffee is on us.",
    "product": "Store gift card",
    "value": "€25.00",
    "link": LINK,
    "note": "Show it at the till.",
    "until": "30 April 2027",
    "reminder": "",
}


class LanguageTaken(Conflict):
    def __init__(self, language: str) -> None:
        super().__init__(f"There is a template in {language} already. Change that one.", field="language")


class Wording(NamedTuple):
    """A message with places, or filled in."""

    language: str
    subject: str
    text: str
    html: str


@cache
def ours(language: str = ENGLISH) -> Wording:
    """Our own words in a language that we have; de-AT is served by de, too. In English, where we have none."""
    code = words_in(language) or ENGLISH
    with translation.override(code):
        direction = "rtl" if translation.get_language_bidi() else "ltr"
        files = ((FOLDER / name).read_text("utf-8") for name in ("subject.txt", "card.txt", "card.html"))
        subject, text, html = (SENTENCE.sub(lambda said: translation.gettext(said[1]), file) for file in files)
    return Wording(code, subject, text, html.replace('lang="en"', f'lang="{code}" dir="{direction}"'))


def words_in(tag: str) -> str | None:
    """The language of our words that serves a tag."""
    return next((code for code in languages.chain(tag) if code in OURS), None)


def default_language(business: Business) -> str:
    """What a business writes to people in of whom no language is said; empty where it has no words of its own."""
    rows = GiftTemplate.objects.for_business(business).filter(is_default=True)
    return rows.values_list("language", flat=True).first() or ""


def wording_for(*, business: Business, language: str = "") -> Wording:
    """The words of a business for a language; de-AT is served by de, too."""
    found = {row.language: row for row in GiftTemplate.objects.for_business(business)}
    fitting = [found[tag] for tag in languages.chain(language) if tag in found]
    rows = [*fitting, *(row for row in found.values() if row.is_default)]
    return _of(rows[0]) if rows else ours(language)


def filled(words: Wording, said: Mapping[str, str]) -> Wording:
    """The message with everything in its place; `said` has the names of `EXAMPLE`."""
    subject = " ".join(wording.render(words.subject, said).split())
    text, html = wording.render(words.text, said), wording.render(words.html, said, is_html=True)
    return Wording(words.language, subject, text, html)


def example(template: GiftTemplate) -> Wording:
    """How a template reads."""
    names = {"business": template.business.name, "sender": template.business.name}
    return filled(_of(template), {**EXAMPLE, **names})


@transaction.atomic
def put(template: GiftTemplate) -> GiftTemplate:
    """Write a template that is new or changed. The first one is the default until another one is.

    :raises Invalid: naming the part that does not read as a template, or does not hold the link
    :raises LanguageTaken: if there is another one in the language
    """
    naming.lock(template.business)
    template.language = languages.language(template.language, field="language")
    _check(template)
    others = GiftTemplate.objects.for_business(template.business).exclude(pk=template.pk)
    if others.filter(language=template.language).exists():
        raise LanguageTaken(template.language)
    if template.is_default:
        others.update(is_default=False)
    template.is_default = template.is_default or not others.filter(is_default=True).exists()
    template.save()
    return template


def _check(template: GiftTemplate) -> None:
    for field in ("subject", "text", "html"):
        wording.check(getattr(template, field), names=EXAMPLE, field=field, is_html=field == "html")
    bare = {**dict.fromkeys(EXAMPLE, ""), "link": LINK}
    for said in (EXAMPLE, bare, {**EXAMPLE, "reminder": "1"}):
        read = filled(_of(template), said)
        if not read.subject:
            raise Invalid("The subject would be empty for somebody.", field="subject")
        for field in ("text", "html"):
            if LINK not in getattr(read, field):
                raise Invalid("Let it hold {{ link }} in any case: nothing else opens the gift.", field=field)


def _of(template: GiftTemplate) -> Wording:
    return Wording(template.language, template.subject, template.text, template.html)

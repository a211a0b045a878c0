"""A recipient reads the page, and what the product says, in their language."""

import re
from gettext import GNUTranslations
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.extract import extract_python
from babel.messages.pofile import read_po
from django.conf import settings
from django.test import Client
from django.utils.translation.template import templatize

from loyalty.kernel.errors import Invalid
from rewards.models import GiftCard, GiftProduct, GiftTemplate
from rewards.services import gift_cards, gift_letters, gift_products, gift_templates, gift_texts
from tests import dashboards

pytestmark = pytest.mark.django_db

ROOT = Path(settings.BASE_DIR)
CATALOGS = sorted((ROOT / "locale").glob("*/LC_MESSAGES/django.po"))
PARTS = gift_texts.Texts._fields


@pytest.fixture
def opened(order):
    """What a browser shows of a card that was ordered so: `opened(CultureCode="de")`."""

    def ask(browser="", **personalization):
        placed = order(personalization=personalization)
        card = GiftCard.objects.get(order=placed)
        headers = {"Accept-Language": browser} if browser else {}
        return Client().get(f"/g/{gift_cards.token_of(card)}", headers=headers).content.decode()

    return ask


@pytest.fixture
def product(acme, gifts):
    """The store card, which is in English, and in German as far as it is translated."""
    found = GiftProduct.objects.for_business(acme).get(key="STORE-CARD")
    found.terms, found.redemption_note = "Three years.", "At the till."
    gift_texts.put(
        found,
        cultures=["en", "de", "fr"],
        translations={"de": {"name": "Ladenkarte", "redemption_note": "An der Kasse.", "terms": ""}},
    )
    return gift_products.check(found)


def speaks(acme, language):
    """The business writes to people in a language, where they say none."""
    gift_templates.put(
        GiftTemplate(business=acme, language=language, subject="·", text="{{ link }}", html="{{ link }}")
    )


class TestPage:
    def test_is_in_the_recipients_language(self, opened):
        said = opened(CultureCode="de-AT", To="Ada", browser="fr")

        assert '<html lang="de" dir="ltr">' in said
        assert "Hallo Ada, das ist für dich" in said
        assert "Meinen Code zeigen" in said
        assert "€\xa020,00" in said

    def test_is_written_from_right_to_left_where_people_read_so(self, opened):
        said = opened(CultureCode="ar")

        assert '<html lang="ar" dir="rtl">' in said
        assert "أظهر رمزي" in said

    def test_is_in_the_language_of_the_businesss_messages_where_nobody_says_one(self, acme, opened):
        speaks(acme, "es")

        assert '<html lang="es"' in opened(browser="fr")

    def test_is_in_the_browsers_language_where_nobody_else_says_one(self, opened):
        assert '<html lang="fr"' in opened(browser="sv,fr-CA;q=0.8,de;q=0.5")

    @pytest.mark.parametrize("browser", ["", "sv", "nonsense;;q=x"])
    def test_is_in_english_where_we_have_no_words(self, opened, browser):
        assert '<html lang="en" dir="ltr">' in opened(CultureCode="sv", browser=browser)

    def test_shows_moments_and_the_code_as_well(self, acme, order):
        card = GiftCard.objects.get(order=order(personalization={"CultureCode": "de"}))
        path = f"/g/{gift_cards.token_of(card)}"

        assert "Dein Code" in Client().post(path).content.decode()
        assert re.search(
            r"Er wurde zuerst am \d+\. \w+ \d{4}, \d\d:\d\d UTC gezeigt", Client().get(path).content.decode()
        )

    def test_that_shows_no_gift_is_in_the_browsers_language(self, db):
        said = Client().get("/g/nonsense", headers={"Accept-Language": "nl"}).content.decode()

        assert "Achter deze link zit geen cadeau" in said

    def test_leaves_the_dashboard_in_english(self, acme, opened):
        opened(CultureCode="de")

        assert "Save" in dashboards.text_of(dashboards.works_for(acme).get("/admin/rewards/giftproduct/add/"))


class TestProduct:
    @pytest.mark.parametrize(
        ("wrong", "message"), [(["Klingon"], "no language"), ([f"en-{n}" for n in "ABC"], "no language")]
    )
    def test_is_refused_in_what_is_no_language(self, product, wrong, message):
        with pytest.raises(Invalid, match=message) as refusal:
            gift_texts.put(product, cultures=wrong, translations={})

        assert refusal.value.field == "cultures"

    def test_is_refused_in_too_many(self, product, monkeypatch):
        monkeypatch.setattr(gift_texts, "MOST_LANGUAGES", 1)

        with pytest.raises(Invalid):
            gift_texts.put(product, cultures=["en", "de"], translations={})

    def test_says_what_is_translated_and_the_rest_in_its_own_words(self, product, opened):
        said = opened(CultureCode="de-CH")

        for text in ("Ladenkarte", "An der Kasse.", "Three years."):
            assert text in said

    @pytest.mark.parametrize("code", ["en", "en-GB", "fr", "sv", ""])
    def test_says_its_own_words_to_everybody_else(self, product, opened, code):
        assert "Store gift card" in opened(CultureCode=code)

    def test_says_its_own_words_in_a_variety_that_is_its_own(self, product):
        gift_texts.put(product, cultures=["de-AT", "de"], translations={"de": {"name": "Ladenkarte"}})

        names = {tag: gift_texts.texts_in(product, tag).name for tag in ("de-AT", "de-CH", "de")}

        assert names == {"de-AT": "Store gift card", "de-CH": "Ladenkarte", "de": "Ladenkarte"}

    def test_says_the_same_in_the_mail(self, product, order):
        order(type="DigitalDelivery", email="ada@example.com", personalization={"CultureCode": "de-DE"})
        card = GiftCard.objects.select_related("order__business", "line__product").get()

        said = gift_letters.letter_about(card)

        for text in (said.text, said.html):
            assert "Ladenkarte" in text
            assert "An der Kasse." in text

    def test_is_mailed_in_the_language_of_the_mail(self, acme, product, order):
        gift_templates.put(
            GiftTemplate(business=acme, language="de", subject="·", text="{{ link }} {{ product }}", html="{{ link }}")
        )
        order(type="DigitalDelivery", email="ada@example.com", personalization={"CultureCode": "it"})
        card = GiftCard.objects.select_related("order__business", "line__product").get()

        assert "Ladenkarte" in gift_letters.letter_about(card).text

    def test_is_told_whole_in_each_of_its_languages_by_the_api(self, product, gifts):
        told = gifts.get("/Products/STORE-CARD").json()

        assert told["CultureCodes"] == ["en", "de", "fr"]
        assert told["Translations"] == [
            {
                "CultureCode": "de",
                "Name": "Ladenkarte",
                "ShortDescription": told["ShortDescription"],
                "LongDescription": "",
                "Terms": "Three years.",
                "Disclaimer": "",
                "RedemptionNote": "An der Kasse.",
            }
        ]


class TestInTheDashboard:
    def form(self, olga, product):
        """What the product's page holds, as a browser would send it back."""
        form = olga.get(dashboards.page(product)).context["adminform"].form
        return {name: form[name].value() or "" for name in form.fields}

    def test_has_a_place_for_each_language_but_its_own(self, acme, product):
        olga = dashboards.works_for(acme)
        shown = dashboards.text_of(olga.get(dashboards.page(product)))
        assert "In German" in shown
        assert "In French" in shown
        assert "In English" not in shown

        said = {**self.form(olga, product), "fr__name": "Carte du magasin", "de__terms": "Drei Jahre."}
        olga.post(dashboards.page(product), said)

        product.refresh_from_db()
        assert product.translations == {
            "de": {"name": "Ladenkarte", "terms": "Drei Jahre.", "redemption_note": "An der Kasse."},
            "fr": {"name": "Carte du magasin"},
        }

    def test_drops_what_was_said_in_a_language_that_it_is_not_in_any_more(self, acme, product):
        olga = dashboards.works_for(acme)

        olga.post(dashboards.page(product), {**self.form(olga, product), "cultures": "en\nfr"})

        product.refresh_from_db()
        assert (product.cultures, product.translations) == (["en", "fr"], {})

    def test_says_beside_the_field_what_is_no_language(self, acme, product):
        olga = dashboards.works_for(acme)

        answer = olga.post(dashboards.page(product), {**self.form(olga, product), "cultures": "Klingon"})

        assert "cultures" in answer.context["adminform"].form.errors


class TestCatalogs:
    """Of our own words: whole in each language, and compiled."""

    def said(self):
        pages = (ROOT / "templates/gifts").glob("*.html")
        texts = [
            extract_python(BytesIO(templatize(page.read_text()).encode()), {"gettext": None, "_": None}, [], {})
            for page in pages
        ]
        mails = "".join(path.read_text() for path in (ROOT / "templates/gifts/mail").iterdir())
        return {found[2] for each in texts for found in each} | set(gift_templates.SENTENCE.findall(mails))

    def test_are_as_many_as_there_are_languages(self):
        assert {path.parent.parent.name for path in CATALOGS} | {"en"} == set(dict(settings.LANGUAGES))

    @pytest.mark.parametrize("path", CATALOGS, ids=lambda path: path.parent.parent.name)
    def test_say_every_sentence_with_all_its_places(self, path):
        catalog = read_po(path.open("rb"))
        places = re.compile(r"%\(\w+\)s|\{\{ \w+ \}\}")

        wanted = {sentence: sorted(places.findall(sentence)) for sentence in self.said()}
        said = {
            message.id: sorted(places.findall(message.string)) for message in catalog if message.id and message.string
        }

        assert said == wanted

    @pytest.mark.parametrize("path", CATALOGS, ids=lambda path: path.parent.parent.name)
    def test_are_compiled(self, path):
        written = {message.id: message.string for message in read_po(path.open("rb")) if message.id}
        compiled = vars(GNUTranslations(path.with_suffix(".mo").open("rb")))["_catalog"]

        assert {id: text for id, text in compiled.items() if id} == written

"""The message about a card in the merchant's words and the recipient's language: checked, escaped, previewed."""

import pytest

from loyalty.kernel.errors import DomainError
from rewards.models import GiftCard, GiftTemplate
from rewards.services import gift_letters, gift_templates
from tests import dashboards
from tests.rewards.gifts.conftest import assert_refused, body, line

pytestmark = pytest.mark.django_db

GERMAN = {
    "language": "de",
    "subject": "{% if reminder %}Erinnerung: {% endif %}Ein Geschenk von {{ sender }}",
    "text": "Hallo {{ to | default: 'du' }}, {{ value }} für {{ product }}: {{ link }}\n{{ message }}",
    "html": '<p>Hallo {{ to }}, {{ value }}</p><p>{{ message | newline_to_br }}</p><a href="{{ link }}">Öffnen</a>',
}


@pytest.fixture
def write(acme):
    """Write a template: ours in German, where nothing else is said."""
    return lambda **said: gift_templates.put(GiftTemplate(business=acme, **{**GERMAN, **said}))


@pytest.fixture
def letter(acme, gifts):
    """The message about a card that is ordered with this personalization."""

    def of(**personalization):
        number = GiftCard.objects.count()
        asked = body(line(Personalization=personalization), PONumber=f"PO-{number}")
        assert gifts.post("/Orders", asked).status_code == 201
        rows = GiftCard.objects.select_related("order__business", "line__product")
        return gift_letters.letter_about(rows.latest("pk"))

    return of


class TestIsRefused:
    @pytest.mark.parametrize(
        ("wrong", "field"),
        [
            ({"language": "xx"}, "language"),
            ({"language": "de_AT"}, "language"),
            ({"subject": "{{ nothing }}"}, "subject"),
            ({"subject": "{% if to %}{{ to }}{% endif %}"}, "subject"),  # empty for whom has no name
            ({"text": "{{ link }} {% if to %}"}, "text"),
            ({"text": "{{ link }} {{ to.password }}"}, "text"),
            ({"text": "{{ link }} {{ to | times: 1000 }}"}, "text"),
            ({"text": "{{ link }} {% for n in (1..1000000000) %}a{% endfor %}"}, "text"),
            ({"text": "{{ link }} {% assign a = to %}"}, "text"),
            ({"text": "{{ link }} {% include 'settings' %}"}, "text"),
            ({"text": "{% if to %}" * 2000 + "{{ link }}" + "{% endif %}" * 2000}, "text"),
            ({"text": "Hello {{ to }}"}, "text"),
            ({"html": "{% if to %}{{ link }}{% endif %}"}, "html"),
            ({"html": "{% if reminder %}{% else %}{{ link }}{% endif %}"}, "html"),
        ],
    )
    def test_what_is_no_template_or_would_open_no_gift(self, write, wrong, field):
        with pytest.raises(DomainError) as refusal:
            write(**wrong)

        assert refusal.value.field == field
        assert not GiftTemplate.objects.exists()

    def test_a_second_one_in_a_language(self, write):
        write()

        with pytest.raises(gift_templates.LanguageTaken):
            write()

    def test_an_order_in_no_language(self, gifts):
        asked = body(line(Personalization={"CultureCode": "Klingon"}))

        assert_refused(
            gifts.post("/Orders", asked), 400, "VALIDATION_ERROR", "LineItems.0.Personalization.CultureCode"
        )


class TestLetter:
    def test_is_in_our_words_where_there_are_no_others(self, letter):
        assert letter(To="Ada").subject == "Ada, a gift from Acme Coffee"
        assert letter(To="Ada", CultureCode="sv").subject == "Ada, a gift from Acme Coffee"

    def test_is_in_our_words_in_the_recipients_language(self, letter):
        said = letter(To="Ada", CultureCode="de-AT")

        assert said.subject == "Ada, ein Geschenk von Acme Coffee"
        assert "Hallo Ada," in said.text
        assert "Geschenk öffnen" in said.html
        assert '<html lang="de" dir="ltr">' in said.html

    def test_is_written_from_right_to_left_where_people_read_so(self, letter):
        assert '<html lang="ar" dir="rtl">' in letter(CultureCode="ar").html

    def test_is_in_the_recipients_language_then_the_default_then_ours(self, write, letter):
        write()
        write(language="fr", subject="Un cadeau", is_default=True)
        write(language="de-AT", subject="Servus")

        subjects = {code: letter(CultureCode=code).subject for code in ("de-AT", "de-CH", "de", "fr", "it", "")}

        german = "Ein Geschenk von Acme Coffee"
        assert subjects == {
            "de-AT": "Servus",
            "de-CH": german,
            "de": german,
            "fr": "Un cadeau",
            "it": "Un cadeau",
            "": "Un cadeau",
        }

    def test_is_in_the_first_template_until_another_is_the_default(self, write, letter):
        first = write()
        assert letter().subject.startswith("Ein Geschenk")

        write(language="fr", subject="Un cadeau", is_default=True)
        first.refresh_from_db()

        assert (first.is_default, letter().subject) == (False, "Un cadeau")

    def test_writes_the_value_as_the_language_does(self, write, letter):
        write()

        assert "20,00\xa0€ für Store gift card" in letter(CultureCode="de").text
        assert "€\xa020,00 für Store gift card" in letter(CultureCode="de-AT").text

    def test_is_not_in_a_rivals_words(self, rival, letter):
        gift_templates.put(GiftTemplate(business=rival, **{**GERMAN, "subject": "Von Bolt"}))

        assert letter(CultureCode="de").subject == "Ein Geschenk von Acme Coffee"

    def test_escapes_what_is_said_in_html_alone(self, write, letter):
        write()

        said = letter(To="<b>Ada</b>", Message="{{ link }}\n<script>", CultureCode="de")

        assert "Hallo &lt;b&gt;Ada&lt;/b&gt;" in said.html
        assert "{{ link }}<br />\n&lt;script&gt;" in said.html
        assert "Hallo <b>Ada</b>" in said.text

    def test_has_a_subject_of_one_line(self, write, letter):
        write(subject="Ein\r\nBcc: eve@example.com\n{{ to }}")

        assert letter(To="Ada").subject == "Ein Bcc: eve@example.com Ada"


class TestInTheDashboard:
    ADD = "/admin/rewards/gifttemplate/add/"

    @pytest.fixture
    def olga(self, acme):
        return dashboards.works_for(acme)

    def test_begins_with_our_words(self, olga):
        assert "Open your gift" in dashboards.text_of(olga.get(self.ADD))

    def test_is_written_changed_and_taken_away(self, acme, olga):
        olga.post(self.ADD, GERMAN)
        template = GiftTemplate.objects.for_business(acme).get()
        assert template.is_default

        olga.post(dashboards.page(template), {**GERMAN, "subject": "Für dich"})
        template.refresh_from_db()
        assert template.subject == "Für dich"

        olga.post(dashboards.page(template, "delete"), {"post": "yes"})
        assert not GiftTemplate.objects.exists()

    def test_says_what_is_wrong_beside_the_field(self, olga):
        answer = dashboards.text_of(olga.post(self.ADD, {**GERMAN, "html": "{{ surname }}"}))

        assert "There is no surname" in answer

    def test_is_previewed_with_an_example(self, olga, write):
        template = write()

        shown = dashboards.text_of(olga.get(dashboards.page(template, "preview")))

        assert "Ein Geschenk von Acme Coffee" in shown
        assert "Hallo Ada" in shown

    def test_preview_runs_no_script_and_reads_nothing_of_the_dashboard(self, olga, write):
        template = write(html=GERMAN["html"] + "<script>alert(1)</script>")

        answer = olga.get(dashboards.page(template, "html"))

        assert "Hallo Ada" in dashboards.text_of(answer)
        policy = answer["Content-Security-Policy"]
        assert "sandbox" in policy
        assert "allow-scripts" not in policy
        assert "default-src 'none'" in policy
        assert answer["X-Frame-Options"] == "SAMEORIGIN"

    def test_preview_is_not_for_others(self, rival, write):
        eve = dashboards.works_for(rival)
        template = write()

        for name in ("preview", "html"):
            assert eve.get(dashboards.page(template, name)).status_code == 404

"""No text of an operation is forgotten here."""

from tests import traces
from tests.erasure.story import NO_ROOM, NOT_ABOUT_PEOPLE, STORY


class TestEveryText:
    def test_is_planted_or_not_about_a_person(self):
        known = {path: set(body) | NO_ROOM for path, body in STORY}
        missing = {
            path: [
                text
                for text in sorted(traces.texts_of(declared.body))
                if text.partition(".")[0] not in known.get(path, set())
            ]
            for path, declared in traces.operations()
            if declared.body is not None and path not in NOT_ABOUT_PEOPLE
        }

        assert {path: fields for path, fields in missing.items() if fields} == {}

    def test_would_be_missed_otherwise(self):
        """The control: the walk finds texts in every place that a body has for them."""
        offered = dict(traces.operations())

        assert traces.texts_of(offered["POST api/v1/advocates/<uuid:advocate_id>/points"].body) == {"description"}
        assert "metadata" in traces.texts_of(offered["POST api/v1/advocates"].body)
        assert "topics" in traces.texts_of(offered["POST api/v1/webhooks"].body)

"""Done by answering a survey, or when the merchant's backend says so."""

from functools import partial

from loyalty.services.kinds.tasks.base import on_events

TITLE = "Survey"
BY_CALL = True
TAKES_PROOF = False

checked = partial(on_events, trigger="survey_answered")

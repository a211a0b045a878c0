"""The form of a survey, and of the questions in it."""

from typing import Any

from django import forms
from django.forms import BaseInlineFormSet
from unfold import widgets

from advocates.models import Answer, Question, Survey
from advocates.services import surveys
from advocates.services.kinds.questions import KINDS, kind_of
from loyalty.admin.forms import LinesField, TenantForm
from loyalty.admin.metric_form import KEY_TAKEN
from loyalty.kernel.errors import DomainError
from loyalty.services import naming

KIND_CHOICES = [(key, kind.TITLE) for key, kind in KINDS.items()]


class SurveyForm(TenantForm):
    class Meta:
        model = Survey
        fields = ("title", "description", "repeatable", "key")
        widgets = {"description": widgets.UnfoldAdminTextareaWidget(attrs={"rows": 3})}
        labels = {"repeatable": "People may answer more than once"}
        help_texts = {"key": "Its name for the API. Left empty, it is made from the title. It stays as it is."}
        error_messages = KEY_TAKEN

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "key" in self.fields:
            self.fields["key"].required = False

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if "key" in self.fields and not given.get("key") and given.get("title"):
            held = Survey.objects.for_business(self.business)
            given["key"] = naming.key_for(held, key=None, title=given["title"], noun="survey")
        return given


class QuestionForm(TenantForm):
    kind = forms.ChoiceField(choices=KIND_CHOICES, widget=widgets.UnfoldAdminSelectWidget)
    options = LinesField(required=False, help_text="Of a choice: one a line.")

    class Meta:
        model = Question
        fields = ("position", "key", "kind", "text", "options", "multiple", "required")
        labels = {"position": "Place", "multiple": "Several"}
        widgets = {"text": widgets.UnfoldAdminTextareaWidget(attrs={"rows": 2})}

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if self.instance.pk and "kind" in self.changed_data and self._is_answered():
            self.add_error("kind", "It has been answered. Add another question instead.")
        if "kind" in given and "options" in given:
            self._check_options(given)
        return given

    def _is_answered(self) -> bool:
        return Answer.objects.for_business(self.business).filter(question=self.instance).exists()

    def _check_options(self, given: dict[str, Any]) -> None:
        question = Question(kind=given["kind"], options=given["options"], multiple=given.get("multiple", False))
        try:
            kind_of(question.kind).check(question, field="options")
        except DomainError as error:
            self.add_error("options", error.message)


class QuestionFormSet(BaseInlineFormSet[Any, Any, Any]):
    def clean(self) -> None:
        super().clean()
        live = [form.cleaned_data for form in self.forms if form.is_valid() and form.cleaned_data.get("key")]
        keys = [given["key"] for given in live if not given.get("DELETE")]
        if len(set(keys)) < len(keys):
            raise forms.ValidationError("Two questions have the same key. Give each its own.")
        if not 1 <= len(keys) <= surveys.MOST_QUESTIONS and not any(self.errors):
            raise forms.ValidationError(f"A survey has 1 to {surveys.MOST_QUESTIONS} questions.")

"""Care advice in the console: topics, and their texts in each language with every version."""

from typing import Any, cast

from django import forms
from django.conf import settings
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from unfold.decorators import display
from unfold.enums import ActionVariant

from clinic.console.acts import Done, act
from clinic.console.base import SetUpAdmin
from clinic.console.filters import status_filter
from clinic.console.forms import ActForm
from clinic.console.reader import reader
from clinic.console.registry import Job, job
from clinic.people.models import Modality, User
from clinic.records import Record
from plans.protocols.models import CareText, CareTopic
from plans.protocols.queries import current_texts
from plans.protocols.services import care_text_write, care_topic_create, care_topic_edit

LANGUAGES = dict(settings.LANGUAGES)


class CareTextForm(ActForm):
    language = forms.ChoiceField(choices=settings.LANGUAGES)
    title = forms.CharField(max_length=120)
    body = forms.CharField(
        label="What it says",
        widget=forms.Textarea(attrs={"rows": 14, "dir": "auto"}),
        help_text="Plain words, one line a piece of advice. It promises no outcome. "
        "A line that begins with ! is what to call for at once, and stands first.",
    )

    def prepare(self) -> None:
        """Opens with the words in force."""
        asked = self.request.GET.get("language", "en")
        language = asked if asked in LANGUAGES else "en"
        self.fields["title"].widget.attrs["dir"] = "auto"
        self.initial["language"] = language
        text = CareText.objects.filter(topic=self.row, language=language, is_current=True).first()
        if text is not None:
            self.initial.update(title=text.title, body=text.body)


@admin.register(CareTopic)
class CareTopicAdmin(SetUpAdmin):
    change_form_template = "console/protocol_care.html"
    list_display = ("title", "kind", "concerns", "languages")
    list_filter = (status_filter("kind", CareTopic.Kind, "kind"), status_filter("treatment", Modality, "modality"))
    fields = ("title", "code", "kind", "modality")
    empty_reason = "No care advice yet."
    history_of = {CareText: "topic_id"}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).prefetch_related(current_texts())

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Steps and scripts point at the code."""
        return ("code",) if obj else ()

    def url_after(self, row: Any) -> str:
        return self.url_of(row)

    @display(description="Concerns", ordering="modality")
    def concerns(self, topic: CareTopic) -> str:
        return str(Modality(topic.modality).label) if topic.modality else "Every treatment"

    @display(description="Languages")
    def languages(self, topic: Any) -> str:
        return ", ".join(LANGUAGES[text.language] for text in topic.current_texts) or "None yet"

    def create(self, request: HttpRequest, data: dict[str, Any]) -> Record:
        return care_topic_create(**data)

    def update(self, request: HttpRequest, row: Any, data: dict[str, Any]) -> Record:
        return care_topic_edit(topic_id=row.pk, changes=data)

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        row = kwargs.get("obj")
        if row is not None:
            by_language: dict[str, list[CareText]] = {language: [] for language in LANGUAGES}
            for text in row.texts.select_related("made_by").order_by("-version_number"):
                by_language[text.language].append(text)
            may_write = reader().may_on("add", row, "plans.caretext")
            write_url = reverse("admin:plans_caretopic_write_text", args=[row.pk]) if may_write else ""
            context["texts"] = [
                (language, LANGUAGES[language], texts[:1], texts[1:], write_url and f"{write_url}?language={language}")
                for language, texts in by_language.items()
            ]
        return super().render_change_form(request, context, *args, **kwargs)

    @act(
        "Write a text",
        grant="add",
        resource="plans.caretext",
        is_legal=lambda row: True,
        form=CareTextForm,
        icon="edit_note",
        variant=ActionVariant.PRIMARY,
        description="Saving makes the next version; the one before stays on record.",
        submit="Save as the next version",
        page="console/act_page.html",
    )
    def write_text(self, request: HttpRequest, row: CareTopic, form: CareTextForm) -> Done:
        data = form.cleaned_data
        text = care_text_write(by=cast(User, request.user), topic=row, **data)
        return Done(f"{text.title} ({LANGUAGES[text.language]}): version {text.version_number} is in force.")


job(Job("Care advice", "admin:plans_caretopic_changelist", "spa", "plans.caretopic", 96, "set_up"))

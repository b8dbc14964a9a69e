"""Changes the language of the window, and with it what listens, answers and speaks."""

from __future__ import annotations

from dataclasses import dataclass

from avatar_app.models.catalog import Model
from avatar_app.session.language_plan import LanguagePart, LanguagePlan
from avatar_app.session.session import Session
from avatar_app.settings.schema import LanguageChoice
from avatar_app.settings.store import SettingsChange
from avatar_app.system.translation.catalog import catalog_of
from avatar_app.ui.language.texts import for_translation, translated
from avatar_app.ui.language.translator import SOURCE
from avatar_app.ui.pages.field_texts import LANGUAGE_SETTING, NATIVE_NAMES

_FOLLOWS = for_translation("The avatar listens, answers and speaks in {0}.")
_LACKING = {
    LanguagePart.ANSWERS: for_translation(
        "The avatar continues in English: no installed language model answers in {0}."
    ),
    LanguagePart.HEARING: for_translation(
        "The avatar answers in {0}; to understand it by ear, it needs Whisper."
    ),
    LanguagePart.VOICE: for_translation(
        "The avatar answers in {0}, but no installed voice speaks it."
    ),
}
"""What to say about the first part that is lacking."""


@dataclass(frozen=True, slots=True)
class LanguageOutcome:
    """What was changed, and why."""

    change: SettingsChange
    plan: LanguagePlan
    code: str

    @property
    def text(self) -> str:
        """Return one sentence, which names the language as its speakers do."""
        lacking = (text for part, text in _LACKING.items() if part in self.plan.lacking)
        return translated(next(lacking, _FOLLOWS)).replace("{0}", NATIVE_NAMES[self.code])


def change_language(session: Session, choice: LanguageChoice, code: str) -> LanguageOutcome:
    """Change the language, and all that follows it, in one step; `code` is the language that
    `choice` means here. Takes a moment. Raises AvatarError."""
    catalog_of(code)  # read here, outside the window's thread, and known from now on
    plan = session.models.language_plan(code)
    values = {LANGUAGE_SETTING: choice, **plan.settings}
    return LanguageOutcome(session.settings.change(values), plan, code)


def use_model(session: Session, model: Model, code: str) -> None:
    """Use a model, and let what else is installed follow the window's language with it; undone in
    one step. Raises AvatarError."""
    group = ("model", model.id, object())
    session.models.use(model, group=group)
    plan = session.models.language_plan(code)
    if code != SOURCE and plan.settings:
        session.settings.change(plan.settings, group=group)

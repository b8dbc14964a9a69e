"""Takes screenshots of the window in every state, dark and light."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtWidgets import QAbstractButton, QLineEdit

from avatar_app.core.events import (
    AudioLevels,
    ClauseWritten,
    ConsentAsked,
    Event,
    Failed,
    Outcome,
    State,
    StateChanged,
    TurnEnded,
    UserSaid,
    UserStarted,
    UserTranscript,
    WordsPlayed,
)
from avatar_app.session.session import Session
from avatar_app.settings.schema import ThemeChoice
from avatar_app.ui.app import prepared_application
from avatar_app.ui.pages.avatars.page import AvatarsPage
from avatar_app.ui.pages.page_ids import (
    ABOUT,
    AVATARS,
    DEVICES,
    HISTORY,
    MODELS,
    PERFORMANCE,
    PERSONAS,
    PRIVACY,
    SETTINGS,
    STUDIO,
    VOICES,
)
from avatar_app.ui.style.theme import Theme
from avatar_app.ui.window.main_window import MainWindow
from avatar_app.ui.window.modes import SIZE

SETTLE_MS = 900
"""Until lights have faded in and pictures have arrived."""
STEP_MS, FILLED_MS = 100, 60_000
"""Between two looks at a page, and until it has all that it shows, at most."""


class PhotographedSession(Session, Protocol):
    """A session whose events can be scripted."""

    sample_photo: Path
    """What is dropped on the page of avatars; need not exist."""

    def post(self, *events: Event) -> None:
        """Report `events` to the window."""


@dataclass(frozen=True, slots=True)
class GalleryScene:
    """The events before a screenshot is taken."""

    name: str
    events: tuple[Event, ...]
    transcript: bool = True
    first_steps: bool = False
    """It is the first start."""
    page: str = ""
    """The id of the page that is open."""
    search: str = ""
    """What is typed into its search."""
    compact: bool = False
    press: tuple[str, ...] = ()
    """Names of buttons that were pressed one after the other."""
    drop: bool = False
    """The session's sample photo was dropped on the page of avatars."""


def _finished(turn_id: int, user_text: str, avatar_text: str) -> TurnEnded:
    return TurnEnded(turn_id, Outcome.FINISHED, user_text, avatar_text, avatar_text)


_EARLIER: tuple[Event, ...] = (
    _finished(1, "Hello there!", "Hello! It is good to see you."),
    TurnEnded(
        2,
        Outcome.INTERRUPTED,
        "Tell me about the moon",
        "The moon is about 384 thousand kilometers away, and it drifts outwards by nearly four "
        "centimeters a year.",
        "The moon is about 384 thousand kilometers away,",
    ),
    _finished(3, "And what time is it?", "It is a quarter past nine."),
)
_ANSWER = (
    "I set a timer for ten minutes.",
    "I will tell you when it is over, and the tea should be just right by then.",
)
_SPEAKING: tuple[Event, ...] = (
    UserSaid(4, "Set a timer for ten minutes please"),
    *(ClauseWritten(4, clause) for clause in _ANSWER),
    StateChanged(State.SPEAKING),
    AudioLevels(-70.0, 0.0, -18.0),
    WordsPlayed(4, "I set a timer for ten minutes. I will tell you"),
)
SCENES = (
    GalleryScene("idle", (), transcript=False),
    GalleryScene(
        "listening",
        (
            *_EARLIER,
            StateChanged(State.LISTENING),
            UserStarted(4),
            UserTranscript(4, "Set a timer for ten minutes"),
            AudioLevels(-22.0, 0.95, -100.0),
        ),
    ),
    GalleryScene("speaking", (*_EARLIER, *_SPEAKING)),
    GalleryScene(
        "notice",
        (
            *_EARLIER,
            Failed(
                None,
                "microphone",
                "The microphone “Headset” was unplugged.",
                "The conversation continues with the system's default microphone.",
            ),
        ),
    ),
    GalleryScene(
        "consent",
        (
            *_EARLIER,
            UserSaid(4, "Delete all my notes"),
            _finished(4, "Delete all my notes", 'Say "yes, delete all notes", and I do it.'),
            ConsentAsked(1, "delete all notes", ""),
        ),
    ),
    GalleryScene("compact", (*_EARLIER, *_SPEAKING), compact=True),
    GalleryScene("settings", _EARLIER, transcript=False, page=SETTINGS),
    GalleryScene("models", _EARLIER, transcript=False, page=MODELS),
    GalleryScene(
        "models-details",
        _EARLIER,
        transcript=False,
        page=MODELS,
        search="qwen2.5-0.5b",
        press=("More about Qwen2.5 0.5B Instruct (Q4_K_M)",),
    ),
    GalleryScene("history", _EARLIER, transcript=False, page=HISTORY),
    GalleryScene("history-search", _EARLIER, transcript=False, page=HISTORY, search="moon tid"),
    GalleryScene("performance", _EARLIER, transcript=False, page=PERFORMANCE),
    GalleryScene(
        "devices",
        _EARLIER,
        transcript=False,
        page=DEVICES,
        press=("Test the microphone", "Check for echo"),
    ),
    GalleryScene("first-steps", (), transcript=False, first_steps=True),
    GalleryScene("voice", _EARLIER, transcript=False, page=VOICES),
    GalleryScene(
        "clone",
        _EARLIER,
        transcript=False,
        page=VOICES,
        press=(
            "Record a voice, or choose a recording",
            "1  The recording: Record",
            "1  The recording: Done",
            "2  The consent: Show the sentence",
            "2  The consent: Read it aloud",
        ),
    ),
    GalleryScene("privacy", _EARLIER, transcript=False, page=PRIVACY),
    GalleryScene("personas", _EARLIER, transcript=False, page=PERSONAS),
    GalleryScene("about", _EARLIER, transcript=False, page=ABOUT),
    GalleryScene("avatars", _EARLIER, transcript=False, page=AVATARS),
    GalleryScene("studio", _EARLIER, transcript=False, page=STUDIO),
    GalleryScene("avatars-new", _EARLIER, transcript=False, page=AVATARS, drop=True),
)


def shoot(
    folder: Path, opened: Callable[[], PhotographedSession], settle_ms: int = SETTLE_MS
) -> list[Path]:
    """Write one PNG per scene and theme into `folder`; `opened` creates a fresh session for
    each."""
    folder.mkdir(parents=True, exist_ok=True)
    prepared_application()
    return [
        _shoot(folder / f"{scene.name}-{choice}.png", scene, choice, opened(), settle_ms)
        for choice in (ThemeChoice.DARK, ThemeChoice.LIGHT)
        for scene in SCENES
    ]


def _shoot(
    path: Path,
    scene: GalleryScene,
    choice: ThemeChoice,
    session: PhotographedSession,
    settle_ms: int,
) -> Path:
    session.settings.change(
        {
            "window.theme": choice,
            "window.transcript": scene.transcript,
            "window.mode": "normal",
            "window.first_steps": "new" if scene.first_steps else "shown",
        }
    )
    window = MainWindow(session, Theme(choice))
    window.resize(*SIZE)
    window.show()
    window.start()
    session.post(*scene.events)
    if scene.compact:
        window.modes.toggle_compact()
    if scene.page:
        window.pages.open(scene.page)
        if scene.search and isinstance(field := window.focusWidget(), QLineEdit):
            field.setText(scene.search)
    _wait(settle_ms)
    if scene.drop and isinstance(page := window.pages.shown, AvatarsPage):
        page.take(session.sample_photo)
    _wait_filled(window)
    for name in scene.press:
        _press(window, name)
        _wait(settle_ms)
    window.grab().save(str(path))
    window.close()
    window.deleteLater()
    return path


def _press(window: MainWindow, name: str) -> None:
    for button in window.findChildren(QAbstractButton):
        if button.accessibleName() == name and button.isVisible():
            button.click()


def _wait_filled(window: MainWindow) -> None:
    for _ in range(FILLED_MS // STEP_MS):
        page = window.pages.shown
        if page is None or page.is_filled:
            _wait(STEP_MS)
            return
        _wait(STEP_MS)


def _wait(milliseconds: int) -> None:
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()

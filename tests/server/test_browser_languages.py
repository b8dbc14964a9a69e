"""The page in the languages of its users, in a real Chromium; Arabic from right to left."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from real_browser import LONG, launched
from served import http_of, serving
from served_engines import LIGHT, add_light_engines

from avatar_app.server.page.texts import language_of
from avatar_app.server.running import AvatarServer
from avatar_app.system.translation.catalog import catalog_of

pytestmark = pytest.mark.usefixtures("loopback", "user_engines_forgotten")
LOCALES = {
    "en": "en-GB", "de": "de-AT", "es": "es-MX", "fr": "fr-CA", "zh": "zh-CN", "ar": "ar-EG",
}  # fmt: skip
TRUNCATED = """[...document.querySelectorAll('button, h2, p, label')]
  .filter(each => each.checkVisibility() && each.scrollWidth > each.clientWidth + 1)
  .filter(each => !each.matches('.hidden-label'))
  .map(each => each.id + each.innerText)"""
ENGLISH = re.compile(r"Talk|Start|Ready|Hold|Stop|Connect|Conversation \(")


@pytest.fixture
def chromium() -> Iterator[Browser]:
    with launched() as browser:
        yield browser


@pytest.mark.parametrize(
    ("accepted", "code"),
    [
        ("", "en"),
        ("de", "de"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("nl, fr;q=0.5, es;q=0.7", "es"),
        ("fr;q=0, en-US", "en"),
        ("ZH-hant-TW", "zh"),
        ("*", "en"),
        ("../../etc/passwd", "en"),
        ("de;q=nan, ar;q=0.001", "ar"),
        (",".join(["xx"] * 50 + ["de"]), "en"),
        ("\udc80;q=1;q=2,,;;q==", "en"),
    ],
)
def test_the_language_that_is_liked_best_is_found(accepted: str, code: str) -> None:
    assert language_of(accepted) == code


@pytest.mark.slow
def test_the_page_speaks_its_users_language(chromium: Browser, tmp_path: Path) -> None:
    add_light_engines()
    with serving(LIGHT) as server:
        for code, locale in LOCALES.items():
            context = chromium.new_context(
                locale=locale, viewport={"width": 390, "height": 844}, color_scheme="dark"
            )
            context.set_default_timeout(1000 * LONG)
            problems: list[str] = []
            page = context.new_page()
            page.on("pageerror", lambda error, into=problems: into.append(str(error)))
            page.goto(server.address)
            check_page(page, code, tmp_path)
            assert problems == []
            context.close()


def check_page(page: Page, code: str, folder: Path) -> None:
    texts = catalog_of(code)
    root = page.locator("html")
    assert root.get_attribute("lang") == code
    assert root.get_attribute("dir") == ("rtl" if code == "ar" else "ltr")
    assert page.locator("#start").inner_text() == texts.message("Start talking")
    assert page.evaluate(TRUNCATED) == []
    page.screenshot(path=folder / f"{code}-welcome.png")
    page.click("#start-typing")
    page.wait_for_selector("#state[data-state=idle]")
    assert page.locator("#state").inner_text() == texts.message("Ready")
    assert page.get_attribute("#text", "placeholder") == texts.message("Or type …")
    page.fill("#text", "hello")
    page.keyboard.press("Enter")
    page.wait_for_selector("#log li.avatar:not(:empty)", state="attached")
    assert page.evaluate(TRUNCATED) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    check_sides(page, code)
    tops = [(page.locator(name).bounding_box() or {})["y"] for name in ("#mute", "#show")]
    assert tops[0] == tops[1], "the buttons are in one row"
    assert "{{" not in page.content()
    if code != "en":
        assert not ENGLISH.search(page.inner_text("header") + page.inner_text("#dock"))
    page.screenshot(path=folder / f"{code}-talk.png")


def check_sides(page: Page, code: str) -> None:
    """The button that sends is where reading ends, and so is the state."""
    for name in ("#typing .small", "#state"):
        box = page.locator(name).bounding_box()
        assert box is not None
        assert (box["x"] + box["width"] / 2 < 195) is (code == "ar")


def test_texts_follow_the_header(tmp_path: Path) -> None:
    add_light_engines()
    with serving(LIGHT) as server:
        assert headers_of(server, "de") == ("de", 'lang="de" dir="ltr"', "Bereit")
        assert headers_of(server, "ar-EG,en;q=0.5") == ("ar", 'lang="ar" dir="rtl"', "جاهز")
        assert headers_of(server, "nl") == ("en", 'lang="en" dir="ltr"', "")


def headers_of(server: AvatarServer, accepted: str) -> tuple[str, str, str]:
    """The language of the scripts, that of the page, and the word for "Ready"."""
    with http_of(server, **{"Accept-Language": accepted}) as http:
        page, script = http.get("/"), http.get("/page/texts.js")
        assert page.headers["vary"] == script.headers["vary"] == "Accept-Language"
        assert script.headers["content-type"].startswith("text/javascript")
        assert http.get("/page/index.html").status_code == 404
    root = re.search(r"<html (.+?)>", page.text)
    code = re.search(r'LANGUAGE = "(..)"', script.text)
    ready = re.search(r'"Ready": "(.+?)"', script.text)
    assert root
    assert code
    return code[1], root[1], ready[1] if ready else ""

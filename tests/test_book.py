"""The built book, as a reader meets it: online, from disk, by keyboard, on a phone, in print."""

import functools
import json
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

import pytest
import yaml
from bs4 import BeautifulSoup
from conftest import ROOT

from course_lib import checks
from course_lib.topics import ASSIGNED, TOPICS

TOC = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf8"))
CHAPTERS = [chapter["file"] for part in TOC["parts"] for chapter in part["chapters"]]
PAGES = [f"{name}.html" for name in (TOC["root"], *CHAPTERS)]
QUIZZED = "book/convolution.html"
LIVE = """() => [...document.querySelectorAll('[data-exhibit]')]
    .every((place) => place.dataset.state)"""

pytestmark = pytest.mark.browser


@functools.cache
def soup(book, page):
    """Parse a built page."""
    return BeautifulSoup((book / page).read_text(encoding="utf8"), "html.parser")


def address(book, site, page, protocol):
    """Where the page is read: from the server or from disk."""
    return f"{site}/{page}" if protocol == "http" else (book / page).as_uri()


def test_every_topic_has_its_chapter_in_the_lectures_order():
    assert [f"book/{topic.stem}" for topic in TOPICS] == CHAPTERS
    for chapter, topic in zip(CHAPTERS, TOPICS, strict=True):
        text = (ROOT / f"{chapter}.md").read_text(encoding="utf8")
        assert f"\n# {topic.title}\n" in text, "the registry and the chapter disagree on the title"


@pytest.mark.parametrize("page", [*PAGES, "index.html", "search.html", "genindex.html"])
def test_page_loads_from_disk_alone_and_without_error(book, visit, page):
    seen = visit((book / page).as_uri())
    seen.page.wait_for_function(LIVE)
    assert seen.remote == []
    assert seen.faults == []


@pytest.mark.parametrize("page", ["index.html", "search.html", "genindex.html"])
def test_generated_pages_load_from_a_server(site, visit, page):
    seen = visit(f"{site}/{page}")
    assert seen.remote == []
    assert seen.faults == []


@pytest.mark.parametrize("protocol", ["http", "file"])
def test_exhibits_are_live_and_replace_their_stills(book, site, visit, protocol):
    page = visit(address(book, site, QUIZZED, protocol)).page
    page.wait_for_function(LIVE)
    places = page.locator("[data-exhibit]")
    assert places.count() >= 3
    for place in places.all():
        assert place.get_attribute("data-state") == "live"
        assert place.locator(".exhibit-live").bounding_box()["height"] > 100
        assert not place.locator(".exhibit-still").is_visible()


def test_search_finds_the_chapter(site, visit):
    seen = visit(f"{site}/search.html?q=kernel")
    seen.page.wait_for_selector("#search-results li a")
    links = [a.get_attribute("href") for a in seen.page.locator("#search-results li a").all()]
    assert any(QUIZZED in link for link in links)


def test_links_and_anchors_lead_somewhere(book):
    anchors = {}

    def ids(path):
        if path not in anchors:
            page = BeautifulSoup(path.read_text(encoding="utf8"), "html.parser")
            anchors[path] = {tag["id"] for tag in page.find_all(id=True)}
        return anchors[path]

    dead = []
    for page in PAGES:
        base = (book / page).as_uri()
        for link in soup(book, page).find_all("a", href=True):
            target, anchor = urldefrag(urljoin(base, link["href"]))
            if not target.startswith("file:"):
                continue
            path = type(book)(unquote(urlsplit(target).path))
            path = path / "index.html" if path.is_dir() else path
            if not path.is_file() or (anchor and unquote(anchor) not in ids(path)):
                dead.append(f"{page}: {link['href']}")
    assert dead == []


@pytest.mark.parametrize("topic", ASSIGNED, ids=lambda topic: topic.stem)
def test_what_the_checks_tell_students_to_read_exists(book, topic):
    for check in checks.load(topic.stem):
        for read in filter(None, [check.read, *(part.read for part in check.parts)]):
            page, _, anchor = read.partition("#")
            found = soup(book, f"book/{page}").find(id=anchor) if anchor else True
            assert found, f"{check.name} sends students to {read}"


@pytest.mark.parametrize("page", PAGES)
def test_pictures_have_words(book, page):
    for picture in soup(book, page).select("article img"):
        words = picture.get("alt", "")
        assert words, picture["src"]
        assert "_images" not in words, "Sphinx's own alternative is the file's name"


def test_every_mistake_of_the_checks_is_in_the_chapter(book):
    for topic in ASSIGNED:
        section = soup(book, f"book/{topic.stem}.html").select_one(".mistakes")
        listed = [item.get_text(" ", strip=True) for item in section.select("li")]
        known = sum(len(check.misconceptions) for check in checks.load(topic.stem))
        assert len(listed) == known
        assert all(listed)


def test_downloads_hold_a_notebook_that_can_be_opened(book):
    page = soup(book, QUIZZED)
    links = [a["href"] for a in page.find_all("a", href=True) if a["href"].endswith(".ipynb")]
    assert len(links) >= 2, "the chapter as a notebook, and its assignment"
    for link in links:
        notebook = json.loads((book / QUIZZED).parent.joinpath(link).read_text(encoding="utf8"))
        assert notebook["nbformat"] == 4
        assert notebook["cells"]


# The quiz


def test_quiz_has_unique_names_and_one_right_answer_each(book):
    quizzes = soup(book, QUIZZED).select("fieldset.quiz")
    assert len(quizzes) >= 6
    assert len({quiz["id"] for quiz in quizzes}) == len(quizzes)
    for quiz in quizzes:
        right = [option["data-right"] for option in quiz.select(".quiz-option")]
        assert right.count("yes") == 1
        assert len(right) >= 2


def test_quiz_answers_a_click_with_the_reason_of_that_answer(site, visit):
    page = visit(f"{site}/{QUIZZED}").page
    for quiz in page.locator("fieldset.quiz").all():
        for option in quiz.locator(".quiz-option").all():
            option.locator("label").click()
            verdict = quiz.locator(".quiz-verdict")
            word = "Right." if option.get_attribute("data-right") == "yes" else "Not right."
            assert verdict.locator(".quiz-word").inner_text() == word
            reason = option.locator(".quiz-reason").text_content()
            assert len(reason) > len(word) + 5, "every answer has a reason"
            assert verdict.text_content() == reason


def test_quiz_by_keyboard_moves_without_answering_until_space(site, visit):
    page = visit(f"{site}/{QUIZZED}").page
    quiz = page.locator("fieldset.quiz").first
    options = quiz.locator(".quiz-option")
    verdict = quiz.locator(".quiz-verdict")
    options.nth(0).locator("input").focus()
    page.keyboard.press("ArrowDown")
    assert options.nth(1).locator("input").is_checked()
    assert verdict.text_content() == "", "moving on must not give the reason away"
    page.keyboard.press("Space")
    assert verdict.text_content() == options.nth(1).locator(".quiz-reason").text_content()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    assert verdict.text_content() == options.nth(0).locator(".quiz-reason").text_content()
    assert verdict.get_attribute("role") == "status", "so that a screen reader announces it"


# Without JavaScript, and on paper


def test_without_javascript_stills_show_and_answers_unfold(site, visit):
    page = visit(f"{site}/{QUIZZED}", java_script_enabled=False).page
    assert page.locator("html").get_attribute("data-theme") == "light"
    stills = page.locator(".exhibit-still")
    assert stills.count() >= 3
    assert all(still.is_visible() for still in stills.all())
    option = page.locator(".quiz-option").first
    assert not option.locator("input").is_visible()
    option.locator("summary").click()
    assert option.locator(".quiz-reason").is_visible()


def test_print_shows_stills_and_every_reason(site, visit):
    page = visit(f"{site}/{QUIZZED}", color_scheme="dark").page
    page.wait_for_function(LIVE)
    page.emulate_media(media="print", color_scheme="dark")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    for place in page.locator("[data-exhibit]").all():
        assert place.locator(".exhibit-still").is_visible()
        assert not place.locator(".exhibit-live").is_visible()
    assert all(reason.is_visible() for reason in page.locator("details .quiz-reason").all())
    assert page.locator("html").get_attribute("data-theme") == "light", "paper is white"
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("html").get_attribute("data-theme") == "dark"
    assert page.locator(".quiz-option > details[open]").count() == 0

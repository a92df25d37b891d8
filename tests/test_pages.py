"""Every page of the built book, looked at once in each setting: faults, axe, widths, weight.

The files that lie longest on one worker are two: while this one looks, that of `test_book` may
still press the keys.
"""

import gzip
from collections import Counter
from dataclasses import dataclass
from urllib.parse import unquote, urldefrag, urlsplit

import pytest
from test_book import LIVE, PAGES

# Compressed, everything that the page loads: HTML, pictures, scripts, fonts, MathJax.
BUDGET_KB = 1500

# Colours do not follow the width, nor names and roles the colours: two looks see it all.
LOOKS = (("light", 1280), ("dark", 390))

pytestmark = pytest.mark.browser


def _is_quick(page, scheme):
    """Axe takes long: it sees half of the pages in light and the other half in dark at once."""
    return (PAGES.index(page) % 2 == 0) == (scheme == "light")


@dataclass
class Look:
    """What one visit of a page found, so that each page is loaded once for many questions."""

    faults: list
    axe: list | None
    addresses: list
    theme: str
    width: int
    ids: list
    cut: list


# Contrast takes axe a second for a thousand elements, and most are words of code and formulas. Of
# those that look alike, in colour, ground and size, one is left. The other rules see all of them.
ONE_OF_EACH_LOOK = """() => {
    const ground = (element) => {
        for (; element; element = element.parentElement) {
            const { backgroundColor, backgroundImage } = getComputedStyle(element);
            if (backgroundColor !== "rgba(0, 0, 0, 0)" || backgroundImage !== "none")
                return backgroundColor + backgroundImage;
        }
    };
    const look = (element) => {
        const { color, fontSize, fontWeight, opacity } = getComputedStyle(element);
        const seen = element.checkVisibility();
        return [color, fontSize, fontWeight, opacity, seen, ground(element)].join();
    };
    const words = [...document.querySelectorAll(".highlight pre span:not(:has(*)), mjx-container")];
    // A single letter has no contrast to axe, so that the longest word stays.
    words.sort((one, other) => other.textContent.length - one.textContent.length);
    const known = new Set(), again = [];
    for (const element of words)
        known.has(look(element)) ? again.push(element) : known.add(look(element));
    again.forEach((element) => element.remove());
}"""
FINDINGS = """() => ({
    theme: document.documentElement.dataset.theme,
    width: document.documentElement.scrollWidth,
    ids: [...document.querySelectorAll('[id]')].map((element) => element.id),
    cut: [...document.querySelectorAll('.bd-article pre')]
        .filter((box) => !box.closest('details:not([open])') && box.scrollWidth > box.clientWidth)
        .map((box) => box.textContent.slice(0, 60)),
})"""


@pytest.fixture(scope="module")
def looks():
    """All visits so far, by page, colours and width."""
    return {}


@pytest.fixture
def look(site, visit, looks):
    """A function that looks at a page over HTTP, in these colours and at this width, once.

    Again if it had no axe with it then, and is asked what axe says.
    """

    def once(page, scheme="light", width=1280, axe=False):
        seen = looks.get((page, scheme, width))
        if seen is None or (axe and seen.axe is None):
            viewport = {"width": width, "height": 900}
            seen = visit(f"{site}/{page}", color_scheme=scheme, viewport=viewport)
            seen.page.wait_for_function(LIVE)
            findings = seen.page.evaluate(FINDINGS)
            # Noted before axe comes, which asks for style sheets by wrong addresses.
            findings |= {"faults": seen.remote + seen.faults, "addresses": [*seen.addresses]}
            found = None
            if axe or _is_quick(page, scheme):
                found = _violations(seen.page, rules={"color-contrast": {"enabled": False}})
                seen.page.evaluate(ONE_OF_EACH_LOOK)
                found += _violations(seen.page, runOnly=["color-contrast"])
            looks[page, scheme, width] = Look(axe=found, **findings)
        return looks[page, scheme, width]

    return once


def _violations(page, **options):
    """What axe says of a page, a line for each element."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page, options={"resultTypes": ["violations"], **options})
    violations = found.response["violations"]
    return [f"{one['id']}: {node['html'][:200]}" for one in violations for node in one["nodes"]]


@pytest.mark.parametrize("page", PAGES)
def test_page_loads_from_a_server_alone_and_without_error(look, page):
    assert look(page).faults == []


@pytest.mark.parametrize(
    ("page", "scheme", "width"),
    [
        pytest.param(page, *one, marks=() if _is_quick(page, one[0]) else pytest.mark.slow)
        for page in PAGES
        for one in LOOKS
    ],
)
def test_axe_finds_no_fault_in_light_and_dark_wide_and_narrow(look, page, scheme, width):
    seen = look(page, scheme, width, axe=True)
    assert seen.theme == scheme
    assert seen.axe == []


def test_a_faint_word_among_many_is_still_seen(site, visit):
    """Axe looks at one word of each look, and a word of another colour is another look."""
    page = visit(f"{site}/book/convolution.html", color_scheme="light").page
    page.wait_for_function(LIVE)
    faint = """() => {
        const words = [...document.querySelectorAll(".highlight pre span:not(:has(*))")];
        const seen = words.filter((word) => word.checkVisibility() && word.textContent.length > 3);
        seen.at(-1).style.color = "#dddddd";
    }"""
    page.evaluate(faint)
    page.evaluate(ONE_OF_EACH_LOOK)
    found = _violations(page, runOnly=["color-contrast"])
    assert [one.partition(":")[0] for one in found] == ["color-contrast"]
    assert "221, 221, 221" in found[0]


@pytest.mark.parametrize("page", PAGES)
def test_nothing_is_wider_than_a_phone(look, page):
    assert look(page, "dark", 390).width <= 390


@pytest.mark.parametrize("page", PAGES)
def test_no_code_or_output_is_cut_off_beside_both_sidebars(look, page):
    assert look(page).cut == []


@pytest.mark.parametrize("page", PAGES)
def test_ids_are_unique_with_the_exhibits_live(look, page):
    assert [name for name, count in Counter(look(page).ids).items() if count > 1] == []


@pytest.mark.parametrize("page", PAGES)
def test_page_weight(book, site, look, page, record_property):
    sizes = {}
    for loaded in {urldefrag(item)[0].partition("?")[0] for item in look(page).addresses}:
        if loaded.startswith(site):
            raw = book.joinpath(unquote(urlsplit(loaded).path).lstrip("/")).read_bytes()
            sizes[loaded] = min(len(raw), len(gzip.compress(raw, 6)))
    total = sum(sizes.values()) / 1000
    record_property("kilobytes", round(total))
    largest = sorted(sizes.items(), key=lambda item: -item[1])[:8]
    assert total < BUDGET_KB, f"{total:.0f} kB; the largest: {largest}"

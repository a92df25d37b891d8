"""Fixtures that tests share: the built book, a server of it, and a browser to read it with."""

import fcntl
import functools
import http.server
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# The first has no window to draw: a quarter less work for the processor.
CHROMIUM = shutil.which("chromium-headless-shell") or "/usr/bin/chromium"
CHROMIUM_ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")

# Tests run beside each other and their networks are small: threads would mostly spin.
for threads in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(threads, "1")

sys.path.append(str(ROOT / "book"))  # so that tests can import the book's extensions, `_ext`


# The files that take minutes, the longest first, so that none is left for one worker at the end.
LONG = ("book", "class", "checks", "attacks", "cluster", "grading", "house", "postgres", "pages")


def pytest_collection_modifyitems(items):
    """Chapters come last: by then the book is built, and what their code names is known."""

    def place(item):
        name = item.path.stem.removeprefix("test_")
        if name.startswith("chapter_"):
            return len(LONG) + 1
        return LONG.index(name) if name in LONG else len(LONG)

    items.sort(key=place)


@contextmanager
def building(alone):
    """Wait for the book's build: alone, to build it; else together with others who read it."""
    (ROOT / "_build").mkdir(exist_ok=True)
    with open(ROOT / "_build" / ".building", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        yield


@pytest.fixture(scope="session")
def book(testrun_uid):
    """The folder of the built book; what `_build` already holds is reused.

    One worker builds it. Others, who come when it is read, must not write it again.
    """
    from chapter_helpers import NAMES, names_file, sign_names

    from course_lib.topics import TOPICS

    command = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()"]
    keeping = {
        "PYTHONSTARTUP": str(ROOT / "tests/keep_names.py"),
        "COURSE_NAMES": str(NAMES),
        "COURSE_WHOLE": " ".join(names_file(topic.stem).stem for topic in TOPICS),
    }
    html, builder = ROOT / "_build" / "html", ROOT / "_build" / ".builder"
    with building(alone=True):
        if builder.exists() and builder.read_text("utf8") == testrun_uid:
            return html
        begun = time.time()
        built = subprocess.run(
            [*command, "build", ".", "-W", "--keep-going"],
            cwd=ROOT,
            env={**os.environ, **keeping},
            capture_output=True,
            text=True,
        )
        if built.returncode:
            said = built.stdout + built.stderr
            pytest.fail(f"jupyter-book build . -W failed:\n{said[-6000:]}")
        sign_names([topic.stem for topic in TOPICS], begun)
        builder.write_text(testrun_uid, "utf8")
    return html


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="session")
def site(book):
    """The address of a server of the book, without a slash at its end."""
    handler = functools.partial(_Quiet, directory=str(book))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="session")
def browser():
    """Headless Chromium, driven by playwright."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM, args=list(CHROMIUM_ARGUMENTS)
        )
        yield chromium
        chromium.close()


@dataclass
class Visit:
    """A page as a reader meets it, and everything that went wrong on the way.

    Attributes:
        page: playwright's page.
        remote: addresses that the page asked of another host; each was refused.
        faults: errors of console, script and transport, as text.
        addresses: all that was loaded.
    """

    page: object
    remote: list = field(default_factory=list)
    faults: list = field(default_factory=list)
    addresses: list = field(default_factory=list)


@pytest.fixture
def visit(browser):
    """A function that opens an address and returns a `Visit`; options go to the context."""
    contexts = []

    def open_page(address, **options):
        options = {"viewport": {"width": 1280, "height": 900}, **options}
        context = browser.new_context(**options)
        contexts.append(context)
        seen = Visit(context.new_page())
        origin = "/".join(address.split("/")[:3])  # "file://" has an empty host and matches itself

        def answer(route):
            target = route.request.url
            if target.startswith((origin, "blob:", "data:")):
                seen.addresses.append(target)
                route.continue_()
            else:
                seen.remote.append(target)
                route.abort()

        context.route("**/*", answer)
        page = seen.page
        page.on(
            "console",
            lambda said: seen.faults.append(f"console: {said.text}") if said.type == "error" else 0,
        )
        page.on("pageerror", lambda error: seen.faults.append(f"script: {error}"))
        page.on(
            "response",
            lambda got: seen.faults.append(f"{got.status} {got.url}") if got.status >= 400 else 0,
        )
        page.on("requestfailed", lambda lost: seen.faults.append(f"lost: {lost.url}"))
        page.goto(address, wait_until="networkidle")
        return seen

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def opened(browser):
    """Open exhibits in a page of a given width and theme; any error of the page fails the test."""
    from exhibit_helpers import page_of, settle

    contexts, problems = [], []

    def show(*exhibits, theme="light", width=1280, **options):
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda m: problems.append(m.text) if m.type == "error" else None)
        page.route("**/*", lambda route: (problems.append(route.request.url), route.abort()))
        page.set_content(page_of(*exhibits, theme=theme))
        for index in range(len(exhibits)):
            page.wait_for_function(f"document.querySelectorAll('.exhibit-box').length > {index}")
        settle(page)
        return page

    yield show
    for context in contexts:
        context.close()
    assert problems == []


@pytest.fixture(scope="session")
def calculator(browser):
    """Load front ends and return a function that calls what they export, once for each case.

    Example::

        calculate = calculator("convolution/kernel_explorer.js")
        assert calculate("outputSize", [[5, 3, 1, "valid", 1]]) == [3]
    """
    from course_lib.exhibits import base

    pages = []

    def load(*entries):
        page = browser.new_page()
        pages.append(page)
        page.evaluate(
            """async (texts) => { globalThis.parts = {};
            for (const text of texts) Object.assign(globalThis.parts, await import(
                URL.createObjectURL(new Blob([text], {type: "text/javascript"})))); }""",
            [base.module_text(entry) for entry in entries],
        )

        def each(name, cases):
            # As text: the driver's own serialiser takes seconds for as many numbers.
            answer = page.evaluate(
                """([name, cases]) => JSON.stringify(
                    JSON.parse(cases).map((given) => parts[name](...given)),
                    (_, value) => ArrayBuffer.isView(value) ? [...value] : value)""",
                [name, json.dumps(cases)],
            )
            return json.loads(answer)

        return each

    yield load
    for page in pages:
        page.close()

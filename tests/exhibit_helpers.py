"""Pages that hold exhibits, as the book writes them, and hands that drive them."""

import json
import re

from _ext.exhibit_pages import page_data
from conftest import ROOT
from ipywidgets.embed import dependency_state

# Milliseconds of a processor in which an exhibit answers. A screen draws every 16; what needs most
# of them here takes a little more on a slower machine, and is not wrong there.
FRAME = 24
DRAGS = 40

HTML = """<!doctype html><html lang="en" data-theme="{theme}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>Exhibits</title></head>
<body style="margin: 8px auto; max-width: 760px; {colours}">
<main><h1>Exhibits</h1>{places}</main>
<script type="application/json" id="exhibit-data">{data}</script><script>{host}</script>
</body></html>"""


def page_of(*exhibits, theme="light"):
    """A page as the book writes it: the book's own data format and its own host."""
    state = dependency_state(exhibits, drop_defaults=False)
    ids = [exhibit.model_id for exhibit in exhibits]
    data = page_data(state, ids)
    return HTML.format(
        theme=theme,
        colours="background: #121212; color: #fff" if theme == "dark" else "background: #fff",
        places="".join(f'<div class="exhibit" data-exhibit="{i}"></div>' for i in ids),
        data=json.dumps(data).replace("<", "\\u003c"),
        host=(ROOT / "book/_static/exhibits.js").read_text(),
    )


def settle(page):
    """Wait until what was asked for has been drawn."""
    page.evaluate(
        "() => new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)))"
    )


def set_slider(page, label, value, nth=0):
    page.get_by_label(label, exact=True).nth(nth).fill(str(value))
    settle(page)


def press_at_once(place, *keys):
    """Press keys within one frame, as on a slow machine: each must go on from the one before."""
    press = "new KeyboardEvent('keydown', { key, bubbles: true })"
    place.evaluate(f"(place, keys) => keys.forEach((key) => place.dispatchEvent({press}))", keys)
    settle(place.page)


def numbers(text):
    return [
        float(n.replace(",", "")) for n in re.findall(r"-?\d[\d,]*\.?\d*", text.replace("−", "-"))
    ]


def script_of_a_drag(page, label, values):
    """Return milliseconds of script that one step of a slider takes, by the thread's own clock.

    Args:
        page: an opened page.
        label: the slider's.
        values: what it is set to, in turn.
    """
    clock = page.context.new_cdp_session(page)
    clock.send("Performance.enable", {"timeDomain": "threadTicks"})

    def spent():
        metrics = {m["name"]: m["value"] for m in clock.send("Performance.getMetrics")["metrics"]}
        return 1000 * metrics["ScriptDuration"]

    drag = """async ([label, values, count]) => {
        const named = [...document.querySelectorAll("label")].find((l) => l.textContent === label);
        for (let i = 0; i < count; i++) {
            named.control.value = values[i % values.length];
            named.control.dispatchEvent(new Event("input"));
            await new Promise(requestAnimationFrame);
        } }"""
    values = list(values)
    page.evaluate(drag, [label, values, len(values)])
    before = spent()
    page.evaluate(drag, [label, values, DRAGS])
    return (spent() - before) / DRAGS

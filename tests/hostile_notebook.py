"""One notebook with every trick that we know to make a page run a script or ask for an address."""

PWN = "window.__pwned=(window.__pwned||0)+1"
AWAY = "http://beacon.invalid"

TRICKS = (
    f"<script>{PWN}</script>",
    f"<script src='{AWAY}/a.js'></script>",
    f"<img src=x onerror='{PWN}'>",
    f"<img src='{AWAY}/b.png'><img srcset='{AWAY}/c.png 1x'>",
    f"<svg onload='{PWN}'><script>{PWN}</script></svg>",
    f"<svg><animate onbegin='{PWN}' attributeName=x dur=1s></svg>",
    f"<svg><use href='data:image/svg+xml,<svg id=x onload={PWN}>#x'/></svg>",
    f"<a href='javascript:{PWN}' id=press>press</a><a href=' jav&#x09;ascript:{PWN}'>press</a>",
    f"<a href='data:text/html,<script>{PWN}</script>'>data</a><a href='vbscript:x'>vb</a>",
    "<a href='evil.html'>beside</a><a href='//beacon.invalid'>away</a><a href='/tree'>server</a>",
    f'<iframe srcdoc="<script>parent.{PWN}</script>"></iframe><iframe src="{AWAY}"></iframe>',
    f"<object data='data:text/html,<script>{PWN}</script>'></object><embed src='{AWAY}/d.svg'>",
    f"<meta http-equiv=refresh content='0;url={AWAY}/e'><base href='{AWAY}/'>",
    f"<form action='{AWAY}/f'><input name=x autofocus onfocus='{PWN}'><button>go</button></form>",
    f"<style>@import '{AWAY}/g.css'; b{{background:url({AWAY}/h.png)}}</style>",
    f"<style>p{{x:expression({PWN});behavior:url({AWAY}/s.htc)}}</style>",
    f"<link rel=stylesheet href='{AWAY}/i.css'><link rel=prefetch href='{AWAY}/j'>",
    f"<div style='background:url({AWAY}/k.png);position:fixed;inset:0'>over</div>",
    f"<details open ontoggle='{PWN}'><summary>s</summary></details>",
    f"<video src='{AWAY}/l.mp4' onerror='{PWN}' autoplay></video>",
    f"<audio src=x onerror='{PWN}'></audio>",
    f"<body onload='{PWN}'><marquee onstart='{PWN}'>m</marquee>",
    f"<table background='{AWAY}/m.png'><tr><td background='{AWAY}/n.png'>t</td></tr></table>",
    f"</pre></div></main></body><script>{PWN}</script>",
    f"</style></title></textarea></noscript><script>{PWN}</script>",
    "<math><mtext><table><mglyph><style><!--</style>"
    f"<img title='--&gt;&lt;img src=1 onerror={PWN}&gt;'>",
    f"<svg></p><style><a title='</style><img src=x onerror={PWN}>'>",
    f"<noscript><p title='</noscript><img src=x onerror={PWN}>'></noscript>",
    f"<form><math><mtext></form><form><mglyph><style></math><img src onerror={PWN}>",
    f"<!--><img src=x onerror={PWN}>--><![CDATA[<img src=x onerror={PWN}>]]>",
    f"<?x <img src=x onerror={PWN}>?>",
    f"<template><script>{PWN}</script></template><xmp><img src=x onerror={PWN}></xmp>",
    f"<ScRiPt/x>{PWN}</sCrIpT\t><scr<script>ipt>{PWN}</scr</script>ipt>",
    f"<img/src='x'/onerror={PWN}><img src=`x` onerror={PWN}><x onclick={PWN} tabindex=1 autofocus>",
    "<p id=notebook name=submission_id class='full-credit btn navbar-fixed-top'>dressed up</p>",
    f"<input type=image src='{AWAY}/o.png'><isindex action='{AWAY}'>",
    f"<keygen autofocus onfocus={PWN}>",
    "\ue0000\ue001 \x00<scr\x00ipt>x()</script> \u202e",
)

MARKDOWN = (
    f"[press](javascript:{PWN}) [press](JaVaScRiPt:{PWN})",
    f"[d](data:text/html,<script>{PWN}</script>) [b](evil.html) [t](/tree)",
    f"[x]: javascript:{PWN}\n\n[press][x] <javascript:{PWN}> ![p](javascript:{PWN})",
    f"![away]({AWAY}/p.png) ![svg](attachment:evil.svg) ![gone](attachment:none) ![q](q.png)",
    f'![alt" onerror="{PWN}](attachment:good.png "title\\" onload=\\"{PWN}")',
    f"$\\href{{javascript:{PWN}}}{{x}}$ $\\unicode{{x3c}}\\require{{html}}\\style{{x}}{{y}}$",
    f"$$</script><script>{PWN}</script>$$ $<img src=x onerror={PWN}>$ \\\\(<b>\\\\)",
    f"\\begin{{a}}<img src=x onerror={PWN}>\\end{{a}} $\\includegraphics{{{AWAY}/r.png}}$",
    f"```mermaid\n<img src=x onerror={PWN}>\n```\n\n```<img/onerror={PWN}>\ncode\n```",
    f"| a | b |\n|---|---|\n| <img src=x onerror={PWN}> | `<script>{PWN}</script>` |",
    f"# heading <script>{PWN}</script>\n\n<details open ontoggle={PWN}>\n\n**x**\n\n</details>",
)

DATA = {
    "application/javascript": PWN,
    "application/vnd.jupyter.widget-view+json": {"model_id": f"<script>{PWN}</script>"},
    "application/pdf": "JVBERi0=",
    "image/svg+xml": f"<svg xmlns='http://www.w3.org/2000/svg' onload='{PWN}'/>",
    "text/latex": f"$\\href{{javascript:{PWN}}}{{x}}$<img src=x onerror='{PWN}'>",
    "text/markdown": f"[x](javascript:{PWN})<img src=x onerror='{PWN}'>",
    "text/vnd.mermaid": f"<img src=x onerror='{PWN}'>",
    f"text/x-<script>{PWN}</script>": "x",
    "image/png": f'"><script>{PWN}</script>',
    "image/jpeg": f"x' onerror='{PWN}",
    "application/json": {"a": f"<script>{PWN}</script>"},
}

ALL = "\n".join(TRICKS)
NAME = f'"><img src=x onerror={PWN}>'
REPORT = {
    "topic": ALL,
    "check": NAME,
    "hidden": False,
    "score": 0.5,
    "parts": [
        {"name": trick, "title": trick, "status": "failed", "tried": trick, "came": trick}
        | {"expected": trick, "message": trick, "hint": trick, "read": trick, "weight": 1}
        for trick in TRICKS
    ],
}
WIDTH = {"width": f"1 onerror={PWN} src=x", "height": f"1><script>{PWN}</script>"}
PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg"
    "=="
)


def _code(outputs, **more):
    base = {"cell_type": "code", "id": NAME, "metadata": {"tags": [NAME], "name": NAME}}
    base |= {"source": ALL, "execution_count": NAME, "outputs": outputs}
    return base | more


def _display(data, kind="display_data"):
    metadata = {"image/png": WIDTH, "text/html": {"isolated": True}, **WIDTH}
    output = {"output_type": kind, "data": data, "metadata": metadata}
    return output | ({"execution_count": NAME} if kind == "execute_result" else {})


def hostile_notebook(meta):
    """Return the notebook.

    Args:
        meta: nbgrader's metadata of cells that the gradebook knows, by grade_id.
    """
    report = "application/vnd.course.report+json"
    html = [_display({"text/html": trick}) for trick in TRICKS]
    forms = [_display({kind: data}, "execute_result") for kind, data in DATA.items()]
    whole = _display({"image/png": PIXEL, "text/plain": ALL})
    reported = _display({report: REPORT, "text/html": ALL, "text/plain": ALL})
    error = {"output_type": "error", "ename": ALL, "evalue": ALL}
    error |= {"traceback": [ALL, f"\x1b[31m{ALL}\x1b[0m", f"\x1b[38;2;1;2;3m{ALL}"]}
    streams = [
        {"output_type": "stream", "name": name, "text": [ALL, f"\x1b[1m{ALL}\x1b]8;;{AWAY}\x07x"]}
        for name in ("stdout", "stderr", NAME)
    ]
    attachments = {
        "good.png": {"image/png": PIXEL},
        "evil.svg": {"image/svg+xml": DATA["image/svg+xml"]},
        NAME: {"image/png": f'"><script>{PWN}</script>', NAME: "x"},
    }
    text = [
        {"cell_type": "markdown", "id": f"m{n}", "metadata": {}, "source": source}
        | {"attachments": attachments}
        for n, source in enumerate((*MARKDOWN, ALL))
    ]
    raw = {
        "cell_type": "raw",
        "id": "raw",
        "source": ALL,
        "metadata": {"raw_mimetype": "text/html"},
    }
    odd = {"cell_type": NAME, "type": ALL, "id": "odd", "source": ALL, "metadata": {}}
    graded = [
        _code([reported, error, *streams], metadata={"nbgrader": meta[name]}, id=name)
        if meta[name]["cell_type"] == "code"
        else {**text[-1], "id": name, "metadata": {"nbgrader": meta[name]}}
        for name in meta
    ]
    cells = [*graded, *text, raw, odd, _code([*html, *forms, whole, error, *streams])]
    bad = {"nbgrader": {"grade_id": NAME, "grade": True, "solution": False, "points": ALL}}
    cells.append(_code([reported], metadata=bad, id="bad"))
    metadata = {"title": ALL, "authors": [{"name": ALL}], "kernelspec": {"name": NAME}}
    metadata["language_info"] = {"name": NAME, "pygments_lexer": NAME}
    metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": {"state": {NAME: NAME}}}
    note = {"text": ALL, "to": "both", "repair": True, "cell": NAME}
    metadata["course_grading"] = {"notes": [note, note | {"to": "instructor", "text": "SECRET"}]}
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": cells}

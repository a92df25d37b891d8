"""Runs in a chapter's kernel as PYTHONSTARTUP: after the last cell, what its cells named is kept.

So the tests need not run a chapter again that the book's build has run. `chapter_helpers` reads it.
"""


def _keep_names():
    import os
    import zlib
    from pathlib import Path
    from types import ModuleType

    shell = get_ipython()  # noqa: F821
    given = set(shell.user_ns)
    whole = os.environ["COURSE_WHOLE"].split()

    def keep(*_):
        cells = [cell.strip() for cell in shell.history_manager.input_hist_raw[1:]]
        key = f"{zlib.crc32(chr(0).join(cells).encode()):08x}"
        # Not when the kernel ends: whoever shuts it down does not wait for that.
        if key not in whole:
            return
        import cloudpickle

        names = {}
        for name, value in shell.user_ns.items():
            if name in given or name.startswith("_") or isinstance(value, ModuleType):
                continue
            try:
                names[name] = cloudpickle.dumps(value)
            except Exception:  # figures, exhibits and the like; a test that wants one says so
                continue
        folder = Path(os.environ["COURSE_NAMES"])
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / f"{key}.part"
        part.write_bytes(cloudpickle.dumps(names))
        part.replace(folder / f"{key}.pickle")

    shell.events.register("post_run_cell", keep)


_keep_names()
del _keep_names

"""Grading: sanitise, execute in a sandbox, score, store, report."""

import sys

# jsonschema, which nbformat needs, builds 39 grammars for internationalised addresses whenever it
# is imported, and no notebook's schema uses them: two seconds of every process that reads one.
sys.modules.setdefault("rfc3987_syntax", None)

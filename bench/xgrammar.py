"""Holds printed structural tags to xgrammar: node bench/xgrammar-cases.mjs | python3 bench/xgrammar.py

Needs `pip install xgrammar`, which brings PyTorch along; so this is run by hand and not with the tests.
"""

import json
import sys
from importlib.metadata import version

import xgrammar
from xgrammar.testing import _is_grammar_accept_string as accepts

total = 0
wrong = 0
for line in sys.stdin:
    row = json.loads(line)
    grammar = xgrammar.Grammar.from_structural_tag(row["tag"])
    for case in row["cases"]:
        total += 1
        if accepts(grammar, case["text"]) != case["accepted"]:
            wrong += 1
            print(f"{row['name']}: we say {case['accepted']} of {case['text']!r}")
print(f"xgrammar {version('xgrammar')}: {total} texts, {wrong} of them judged otherwise")
sys.exit(1 if wrong or not total else 0)

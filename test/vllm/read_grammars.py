"""Says which texts XGrammar takes: reads [[grammar, [text in hexadecimal, ...]], ...] and writes [[true, ...], ...]."""

import json
import sys

import xgrammar

compiler = xgrammar.GrammarCompiler(xgrammar.TokenizerInfo(["a"]))


def takes(grammar: xgrammar.CompiledGrammar, text: bytes) -> bool:
    matcher = xgrammar.GrammarMatcher(grammar, terminate_without_stop_token=True)
    return matcher.accept_string(text) and matcher.is_completed()


verdicts = []
for grammar, texts in json.load(sys.stdin):
    compiled = compiler.compile_grammar(grammar)
    verdicts.append([takes(compiled, bytes.fromhex(text)) for text in texts])
json.dump(verdicts, sys.stdout)

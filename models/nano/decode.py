"""Lets the model answer under the same constraints as the server: scaffold given, values from the request, greedy choice."""

import json
import re
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from model import Cache, NanoModel
from render import (
    Call,
    Line,
    Segment,
    described,
    prompt_segments,
    tool_lines,
    written_name,
    written_string,
    written_type,
    written_value,
)
from tokenizer import Tokenizer

MOST_TEXT = 80
MOST_VALUE = 60
MOST_CALLS = 8
SPAN_WORDS = 24
BOUNDARY = re.compile(r"[A-Za-z0-9\u00c0-\u024f]+|[^\sA-Za-z0-9\u00c0-\u024f]")
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


@dataclass
class Trie:
    """Token sequences that may be generated; `end` marks a whole one."""

    children: dict[int, "Trie"] = field(default_factory=dict)
    end: bool = False

    def add(self, ids: list[int]) -> None:
        """Adds a sequence."""
        node = self
        for token in ids:
            node = node.children.setdefault(token, Trie())
        node.end = True


def spans(text: str) -> list[str]:
    """Stretches of a text that begin and end at word or character boundaries."""
    marks = [match.span() for match in BOUNDARY.finditer(text)]
    return [
        text[marks[a][0] : marks[b][1]] for a in range(len(marks)) for b in range(a, min(len(marks), a + SPAN_WORDS))
    ]


@dataclass
class Answer:
    """What the model said: a text or calls."""

    text: str
    calls: list[Call]


class Decoder:
    """Greedy constrained decoding with one model."""

    def __init__(self, model: NanoModel, tokenizer: Tokenizer) -> None:
        self.model, self.tokenizer = model.eval(), tokenizer
        self.past: list[Cache] | None = None
        self.scores = torch.empty(0)

    @torch.no_grad()
    def feed(self, ids: list[int]) -> Tensor:
        """Reads tokens and returns the scores of the next one."""
        hidden, self.past = self.model.hidden_after(torch.tensor([ids]), self.past)
        self.scores = self.model.logits(hidden[0, -1]).float()
        return self.scores

    def ids(self, segments: list[Segment]) -> list[int]:
        """Token ids of segments."""
        control, encode = self.tokenizer.control, self.tokenizer.encode
        return [token for part in segments for token in ([control[part.text]] if part.control else encode(part.text))]

    def feed_text(self, text: str) -> None:
        """Reads a forced text."""
        if text:
            self.feed(self.tokenizer.encode(text))

    def best(self, allowed: list[int]) -> int:
        """The best of the allowed tokens."""
        return allowed[int(self.scores[torch.tensor(allowed)].argmax())]

    def choose(self, texts: list[str], stop: str, other: int | None = None) -> str | None:
        """Walks to one of the texts, each followed by `stop`; None if the control token `other` is preferred at once."""
        trie = Trie()
        for text in texts:
            trie.add(self.tokenizer.encode(text) + self.tokenizer.encode(stop))
        node, chosen = trie, []
        while node.children:
            allowed = [*node.children] + ([other] if other is not None and not chosen else [])
            token = self.best(allowed)
            self.feed([token])
            if token == other and not chosen:
                return None
            chosen.append(token)
            node = node.children[token]
        return self.tokenizer.decode(chosen).removesuffix(stop)

    def free(self, ends: list[int], limit: int) -> str:
        """Generates without constraint up to one of the end tokens, which is read but not returned."""
        chosen: list[int] = []
        while len(chosen) < limit:
            token = int(self.scores.argmax())
            self.feed([token])
            if token in ends:
                break
            chosen.append(token)
        return self.tokenizer.decode(chosen)

    def answer(self, tools: list[dict[str, Any]], messages: list[dict[str, Any]]) -> Answer:
        """The model's answer to a conversation."""
        self.past = None
        control = self.tokenizer.control
        call, end = control["<|call|>"], control["<|end|>"]
        self.feed(self.ids(prompt_segments(tools, messages)))
        if not tools or int(self.scores.argmax()) != call:
            self.scores[call] = float("-inf")
            return Answer(self.free([end], MOST_TEXT), [])
        calls: list[Call] = []
        source = "\n".join(message["content"] for message in messages if message["role"] == "user")
        while len(calls) < MOST_CALLS and self.best([call, end] if calls else [call]) == call:
            self.feed([call])
            calls.append(self.one_call(tools, source, {made.name for made in calls}))
        return Answer("", calls)

    def one_call(self, tools: list[dict[str, Any]], source: str, seen: set[str]) -> Call:
        """One call after `<|call|>`."""
        by_name = {written_name(tool["function"]["name"]): tool for tool in tools}
        chosen = by_name[self.choose(list(by_name), "\n") or ""]
        name = chosen["function"]["name"]
        arguments: dict[str, Any] = {}
        for line in tool_lines(chosen):
            head = line.key
            if name not in seen:
                head += f"{'*' if line.required else ''} {written_type(line.schema)}{described(line.schema.get('description', ''))}"
            self.feed_text(f"{head} = ")
            written = self.value(line, source)
            if written is None:
                self.feed_text("\n")
            else:
                place(arguments, line.path, parsed(written, line))
        return Call(name, arguments)

    def value(self, line: Line, source: str) -> str | None:
        """The written value of a line, or None if it is skipped."""
        skip = None if line.required else self.tokenizer.control["<|skip|>"]
        kind = written_type(line.schema)
        newline = self.tokenizer.encode("\n")[0]
        if kind == "str":
            return self.choose([written_string(span, line.schema) for span in spans(source)] or ["?"], "\n", skip)
        if kind == "bool":
            return self.choose(["true", "false"], "\n", skip)
        if line.schema.get("enum") or "const" in line.schema:
            values = [line.schema["const"]] if "const" in line.schema else line.schema["enum"]
            return self.choose([written_value(value, line.schema) for value in values], "\n", skip)
        if kind in ("int", "num"):
            found = [text for text in NUMBER.findall(source) if kind == "num" or "." not in text]
            return self.choose(found + [str(number) for number in range(13)], "\n", skip)
        if skip is not None and int(self.scores.argmax()) == skip:
            self.feed([skip])
            return None
        return self.free([newline], MOST_VALUE)


def parsed(written: str, line: Line) -> Any:
    """The value a text stands for; broken JSON stays text."""
    if written == written_string(written, line.schema) and written_type(line.schema) == "str":
        return written
    if "enum" in line.schema and written in line.schema["enum"]:
        return written
    try:
        return json.loads(written)
    except ValueError:
        return written


def place(arguments: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    """Puts a value at its path."""
    for name in path[:-1]:
        arguments = arguments.setdefault(name, {})
    if path:
        arguments[path[-1]] = value

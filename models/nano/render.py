"""Writes conversations as the exact texts of FORMAT.md; the server's TypeScript format is tested against them."""

import json
import re
from dataclasses import dataclass, field
from typing import Any

import rank

Schema = dict[str, Any]
Value = Any

OWN = "own"  # what the model must decide itself
FORCED = "forced"  # what the server's grammar forces inside an answer
CONTEXT = "context"  # everything else

MOST_DESCRIPTION = 160
MOST_ENUM = 12
MOST_KEY_PARTS = 3
NAME_NEEDS_QUOTES = re.compile(r'[. =*:(),\n\r"<]')
CONTROL_CHARACTER = re.compile(r"[\x00-\x1f\x7f]")
ANNOTATIONS = {
    "type",
    "properties",
    "required",
    "additionalProperties",
    "title",
    "description",
    "default",
    "examples",
    "$comment",
}


@dataclass(frozen=True)
class Segment:
    """A stretch of text of one role; control tokens are segments of their own."""

    text: str
    role: str = CONTEXT
    control: bool = False


@dataclass
class Call:
    """A call as the model makes it; arguments that are left out are absent."""

    name: str
    arguments: dict[str, Value]


@dataclass
class Conversation:
    """Tools and messages in the OpenAI shape, and the answer: a sentence or calls."""

    tools: list[dict[str, Any]]
    messages: list[dict[str, Any]]
    text: str = ""
    calls: list[Call] = field(default_factory=list)
    skill: str = ""


@dataclass(frozen=True)
class Line:
    """One parameter line of a call."""

    path: tuple[str, ...]
    key: str
    required: bool
    schema: Schema


def as_json(value: Value) -> str:
    """JSON in one line with one blank after commas and colons, non-ASCII as it is."""
    return json.dumps(value, ensure_ascii=False)


def one_line(text: str) -> str:
    """A description in one line, cut to 160 code points."""
    return re.sub(r"\s+", " ", text).strip()[:MOST_DESCRIPTION]


def written_name(name: str) -> str:
    """A name, as a JSON string if it contains a character of the format itself."""
    return as_json(name) if NAME_NEEDS_QUOTES.search(name) or not name else name


def allows_null(schema: Schema) -> bool:
    """Whether the schema's type or enum allows null."""
    types = schema.get("type")
    return types == "null" or (isinstance(types, list) and "null" in types) or None in schema.get("enum", [])


def written_string(value: str, schema: Schema) -> str:
    """A string value: raw where that is unambiguous, else a JSON string."""
    plain = value and value[0] not in '" <' and value[-1] != " " and not CONTROL_CHARACTER.search(value)
    return value if plain and not (value == "null" and allows_null(schema)) else as_json(value)


def plain_type(schema: Schema) -> str:
    """The schema's one type besides null, or an empty text."""
    types = schema.get("type")
    names = [name for name in (types if isinstance(types, list) else [types]) if name not in (None, "null")]
    return names[0] if len(names) == 1 else ""


def written_type(schema: Schema) -> str:
    """The TYPE of a parameter line."""
    values = [schema["const"]] if "const" in schema else schema.get("enum")
    if values:
        written = (written_string(value, {}) if isinstance(value, str) else as_json(value) for value in values)
        return f"[{'|'.join(written)}]" if len(values) <= MOST_ENUM else "enum"
    names = {"string": "str", "integer": "int", "number": "num", "boolean": "bool", "array": "list"}
    return names.get(plain_type(schema), "json")


def written_value(value: Value, schema: Schema) -> str:
    """The VALUE of a parameter line."""
    kind = written_type(schema)
    raw = isinstance(value, str) and (kind in ("str", "enum") or kind.startswith("["))
    return written_string(value, schema) if raw else as_json(value)


def resolved(schema: Schema, root: Schema) -> Schema:
    """Follows a local `$ref` once."""
    reference = schema.get("$ref")
    if not isinstance(reference, str) or not reference.startswith("#/"):
        return schema
    found: Any = root
    for part in reference[2:].split("/"):
        found = found.get(part.replace("~1", "/").replace("~0", "~"), {})
    return found


def is_flattened(schema: Schema, required: bool, depth: int) -> bool:
    """Whether an object property becomes lines of its own."""
    if depth >= MOST_KEY_PARTS or schema.get("type") != "object" or not schema.get("properties"):
        return False
    if schema.get("additionalProperties", False) is not False or set(schema) - ANNOTATIONS:
        return False
    return required or not schema.get("required")


def lines_of(schema: Schema, root: Schema | None = None, path: tuple[str, ...] = (), key: str = "") -> list[Line]:
    """The parameter lines of an object schema, in schema order."""
    top = schema if root is None else root
    needed = schema.get("required", [])
    lines: list[Line] = []
    for name, raw in schema.get("properties", {}).items():
        part = resolved(raw, top)
        full, written = (*path, name), f"{key}.{written_name(name)}" if key else written_name(name)
        if is_flattened(part, name in needed, len(full)):
            lines += lines_of(part, top, full, written)
        else:
            lines.append(Line(full, written, name in needed, part))
    return lines


def tool_lines(tool: dict[str, Any]) -> list[Line]:
    """The parameter lines of a tool; a schema that is no plain object is one line `arguments`."""
    schema = tool["function"].get("parameters") or {}
    top = resolved(schema, schema)
    if top.get("properties") and top.get("type", "object") == "object":
        return lines_of(top, schema)
    empty = not (set(top) - ANNOTATIONS)
    return [] if empty else [Line((), "arguments", True, {"type": "object", "description": top.get("description", "")})]


def value_at(arguments: Value, path: tuple[str, ...]) -> tuple[bool, Value]:
    """Whether the arguments hold a value at the path, and the value."""
    for name in path:
        if not isinstance(arguments, dict) or name not in arguments:
            return False, None
        arguments = arguments[name]
    return True, arguments


def described(text: str) -> str:
    """`: ` and the description, or nothing."""
    line = one_line(text or "")
    return f": {line}" if line else ""


def call_segments(call: Call, tool: dict[str, Any], repeated: bool) -> list[Segment]:
    """One call of an answer."""
    segments = [Segment("<|call|>", OWN, True), Segment(written_name(call.name), OWN), Segment("\n", OWN)]
    for line in tool_lines(tool):
        head = line.key
        if not repeated:
            head += f"{'*' if line.required else ''} {written_type(line.schema)}{described(line.schema.get('description', ''))}"
        segments.append(Segment(f"{head} = ", FORCED))
        present, value = value_at(call.arguments, line.path)
        if present:
            segments += [Segment(written_value(value, line.schema), OWN), Segment("\n", OWN)]
        else:
            segments += [Segment("<|skip|>", OWN, True), Segment("\n", FORCED)]
    return segments


def answer_segments(text: str, calls: list[Call], tools: list[dict[str, Any]]) -> list[Segment]:
    """A whole answer with its `<|end|>`."""
    by_name = {tool["function"]["name"]: tool for tool in tools}
    segments: list[Segment] = [Segment(text, OWN)] if text else []
    seen: set[str] = set()
    for call in calls:
        segments += call_segments(call, by_name[call.name], call.name in seen)
        seen.add(call.name)
    return [*segments, Segment("<|end|>", OWN, True)]


def tool_list_segments(tools: list[dict[str, Any]], query: str) -> list[Segment]:
    """The list of tools with their relevance to the last user message."""
    scores = rank.rank_tools(query, tools)
    best = rank.best_tool(scores)
    segments = [Segment("<|tools|>", CONTEXT, True), Segment("\n")]
    for index, tool in enumerate(tools):
        function = tool["function"]
        if index == best:
            segments.append(Segment("<|best|>", CONTEXT, True))
        segments.append(Segment(f"<|r{rank.relevance_bin(scores[index])}|>", CONTEXT, True))
        keys = ", ".join(line.key for line in tool_lines(tool))
        segments.append(
            Segment(f"{written_name(function['name'])}({keys}){described(function.get('description', ''))}\n")
        )
    return segments


def message_segments(message: dict[str, Any], tools: list[dict[str, Any]], learnt: bool) -> list[Segment]:
    """A user, assistant or tool message of the history; `learnt` calls keep their roles, as an answer's do."""
    role = {"tool": "result"}.get(message["role"], message["role"])
    opening = Segment(f"<|{role}|>", CONTEXT, True)
    if message.get("tool_calls"):
        calls = [
            Call(call["function"]["name"], json.loads(call["function"]["arguments"])) for call in message["tool_calls"]
        ]
        answer = answer_segments(message.get("content") or "", calls, tools)
        return [opening, *(part if learnt else Segment(part.text, CONTEXT, part.control) for part in answer)]
    return [opening, Segment(message["content"]), Segment("<|end|>", CONTEXT, True)]


def joined_results(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Joins tool results that follow each other into one message."""
    joined: list[dict[str, Any]] = []
    for message in messages:
        if message["role"] == "tool" and joined and joined[-1]["role"] == "tool":
            joined[-1] = {**joined[-1], "content": f"{joined[-1]['content']}\n{message['content']}"}
        else:
            joined.append(message)
    return joined


def prompt_segments(tools: list[dict[str, Any]], messages: list[dict[str, Any]]) -> list[Segment]:
    """Everything up to and including the last `<|assistant|>`."""
    system = [message["content"] for message in messages if message["role"] == "system"]
    rest = [message for message in messages if message["role"] != "system"]
    query = next((message["content"] for message in reversed(rest) if message["role"] == "user"), "")
    asked = max((index for index, message in enumerate(joined_results(rest)) if message["role"] == "user"), default=0)
    segments: list[Segment] = []
    if system or tools:
        segments.append(Segment("<|system|>", CONTEXT, True))
        segments += [Segment("\n".join(system) + ("\n" if tools else ""))] if system else []
        segments += tool_list_segments(tools, query) if tools else []
        segments.append(Segment("<|end|>", CONTEXT, True))
    for index, message in enumerate(joined_results(rest)):
        # Calls after the last request answered it, with the relevances shown above: they can be learnt like the answer.
        segments += message_segments(message, tools, learnt=index > asked)
    return [*segments, Segment("<|assistant|>", CONTEXT, True)]


def segments_of(conversation: Conversation) -> list[Segment]:
    """Prompt and answer of a conversation."""
    answer = answer_segments(conversation.text, conversation.calls, conversation.tools)
    return prompt_segments(conversation.tools, conversation.messages) + answer


def joined_text(segments: list[Segment]) -> str:
    """The text of segments."""
    return "".join(segment.text for segment in segments)


def plain_texts(conversation: Conversation) -> list[str]:
    """The texts between control tokens, for tokenizer training."""
    return [segment.text for segment in segments_of(conversation) if not segment.control]

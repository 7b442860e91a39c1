"""Writes fixtures/format.jsonl: conversations with their exact prompts and answers, for the server's format to agree with."""

import json
import random
from typing import Any

from generate import conversations
from render import Call, Conversation, answer_segments, joined_text, prompt_segments
from tokenizer import HERE

FILE = HERE / "fixtures" / "format.jsonl"
GENERATED = 85


def tool(name: str, description: str, properties: dict[str, Any], required: list[str] | None = None) -> dict[str, Any]:
    """An OpenAI tool."""
    parameters: dict[str, Any] = {"type": "object", "properties": properties}
    if required is not None:
        parameters["required"] = required
    return {"type": "function", "function": {"name": name, "description": description, "parameters": parameters}}


def user(text: str) -> list[dict[str, Any]]:
    """A conversation of one message."""
    return [{"role": "user", "content": text}]


STRING, INTEGER, NUMBER, FLAG = ({"type": name} for name in ("string", "integer", "number", "boolean"))
ADDRESS = {
    "type": "object",
    "properties": {"street": STRING, "city": {"type": "string", "description": "Town"}},
    "required": ["city"],
}
PERSON = tool("add_person", "Adds a person", {"name": STRING, "address": ADDRESS, "age": INTEGER}, ["name", "address"])
SEARCH = tool(
    "search",
    "Searches",
    {
        "query": STRING,
        "sort": {"enum": ["asc", "desc"], "description": "Order"},
        "page": {**INTEGER, "description": "Page number, from 1"},
    },
    ["query"],
)
NOTE = tool(
    "save_note", "Saves a note", {"text": {**STRING, "description": "The   note\n text "}, "done": FLAG}, ["text"]
)
PING = tool("ping", "Checks the connection", {})
BARE = {"type": "function", "function": {"name": "reset_all"}}
LIGHT = tool(
    "灯光控制",
    "控制房间灯光",
    {"房间": {**STRING, "description": "房间名称，如`客厅`"}, "状态": {"type": "string", "enum": ["开", "关"]}},
    ["房间", "状态"],
)


def flattening() -> list[Conversation]:
    """Objects as dotted keys, and objects that stay JSON."""
    deep = {
        "type": "object",
        "properties": {
            "b": {
                "type": "object",
                "properties": {"c": {"type": "object", "properties": {"d": STRING}}},
                "required": ["c"],
            }
        },
        "required": ["b"],
    }
    optional = {"type": "object", "properties": {"from": STRING, "to": STRING}}
    half = {"type": "object", "properties": {"x": NUMBER, "y": NUMBER}, "required": ["x"]}
    open_object = {"type": "object", "properties": {"k": STRING}, "additionalProperties": True}
    referring = {
        "type": "object",
        "properties": {"place": {"$ref": "#/$defs/place"}},
        "required": ["place"],
        "$defs": {
            "place": {"type": "object", "properties": {"lat": NUMBER, "lon": NUMBER}, "required": ["lat", "lon"]}
        },
    }
    return [
        Conversation(
            [PERSON],
            user("Add Kim of Main Street, Lyon"),
            calls=[Call("add_person", {"name": "Kim", "address": {"street": "Main Street", "city": "Lyon"}})],
        ),
        Conversation(
            [PERSON],
            user("Add Kim from Lyon, 31 years old"),
            calls=[Call("add_person", {"name": "Kim", "address": {"city": "Lyon"}, "age": 31})],
        ),
        Conversation(
            [tool("deep", "Nested three deep", {"a": deep}, ["a"])],
            user("deep x"),
            calls=[Call("deep", {"a": {"b": {"c": {"d": "x"}}}})],
        ),
        Conversation(
            [tool("list_days", "Lists days", {"range": optional, "limit": INTEGER})],
            user("list days from May to June"),
            calls=[Call("list_days", {"range": {"from": "May", "to": "June"}})],
        ),
        Conversation(
            [tool("list_days", "Lists days", {"range": optional, "limit": INTEGER})],
            user("list 3 days"),
            calls=[Call("list_days", {"limit": 3})],
        ),
        Conversation(
            [tool("mark", "Marks a point", {"point": half})],
            user("mark 1.5, -2"),
            calls=[Call("mark", {"point": {"x": 1.5, "y": -2}})],
        ),
        Conversation(
            [tool("mark", "Marks a point", {"point": half}, ["point"])],
            user("mark 4"),
            calls=[Call("mark", {"point": {"x": 4}})],
        ),
        Conversation(
            [tool("store", "Stores", {"item": open_object, "tags": {"type": "array"}}, ["item"])],
            user("store k=v, tagged a b"),
            calls=[Call("store", {"item": {"k": "v", "z": None}, "tags": ["a", "b"]})],
        ),
        Conversation(
            [{"type": "function", "function": {"name": "go_to", "description": "Goes", "parameters": referring}}],
            user("go to 48.85, 2.35"),
            calls=[Call("go_to", {"place": {"lat": 48.85, "lon": 2.35}})],
        ),
        Conversation(
            [tool("odd", "Odd names", {"a.b": STRING, "c d": STRING, 'e"f': STRING, "g=h": INTEGER}, ["a.b"])],
            user("odd one two"),
            calls=[Call("odd", {"a.b": "one", 'e"f': "two"})],
        ),
        Conversation(
            [
                {
                    "type": "function",
                    "function": {
                        "name": "any_object",
                        "description": "Takes anything",
                        "parameters": {"type": "object", "minProperties": 1},
                    },
                }
            ],
            user("any a 1"),
            calls=[Call("any_object", {"a": 1})],
        ),
    ]


def value_texts() -> list[Conversation]:
    """Strings that must be quoted, enums of other types, null, long descriptions."""
    strings = [
        '"quoted"',
        " leading",
        "trailing ",
        "two\nlines",
        "<tag>",
        "",
        "tab\there",
        "plain = fine",
        'a "middle" quote',
        "1",
        "true",
        "null",
    ]
    quoted = [
        Conversation([NOTE], user(f"note {text!r}"), calls=[Call("save_note", {"text": text})]) for text in strings
    ]
    nullable = tool(
        "set_name",
        "Sets the name",
        {"name": {"type": ["string", "null"]}, "code": {"enum": [1, 2, None]}},
        ["name", "code"],
    )
    many = tool(
        "pick",
        "Picks",
        {
            "letter": {"type": "string", "enum": list("abcdefghijklm")},
            "dozen": {"type": "string", "enum": list("abcdefghijkl")},
            "fixed": {"const": "v1"},
        },
        ["letter", "dozen"],
    )
    long_text = tool("long", "word " * 60, {"x": {**STRING, "description": "很长的说明" * 50}}, ["x"])
    numbers = tool(
        "numbers",
        "Numbers",
        {
            "a": INTEGER,
            "b": NUMBER,
            "c": FLAG,
            "list": {"type": "array", "items": NUMBER},
            "rows": {"type": "array", "items": {"type": "object"}},
            "free": {},
        },
        ["a"],
    )
    return [
        *quoted,
        Conversation([nullable], user("no name, code 2"), calls=[Call("set_name", {"name": None, "code": 2})]),
        Conversation(
            [nullable], user("the name null, no code"), calls=[Call("set_name", {"name": "null", "code": None})]
        ),
        Conversation([many], user("pick m and l"), calls=[Call("pick", {"letter": "m", "dozen": "l", "fixed": "v1"})]),
        Conversation([long_text], user("long one"), calls=[Call("long", {"x": "one"})]),
        Conversation(
            [numbers],
            user("1, 2.5, yes, 3 and 4.5"),
            calls=[
                Call(
                    "numbers",
                    {
                        "a": 1,
                        "b": 2.5,
                        "c": True,
                        "list": [3, 4.5],
                        "rows": [{"k": "值", "n": [1, 2]}],
                        "free": {"x": None},
                    },
                )
            ],
        ),
        Conversation([numbers], user("-7"), calls=[Call("numbers", {"a": -7, "c": False, "list": []})]),
    ]


def several_calls() -> list[Conversation]:
    """More than one call, results, histories and system texts."""
    called = [
        {"id": "a", "type": "function", "function": {"name": "search", "arguments": '{"query": "cats", "page": 2}'}},
        {"id": "b", "type": "function", "function": {"name": "search", "arguments": '{"query": "dogs"}'}},
    ]
    history = [
        *user("Find cats on page 2 and dogs"),
        {"role": "assistant", "content": None, "tool_calls": called},
        {"role": "tool", "tool_call_id": "a", "content": '{"hits": 3}'},
        {"role": "tool", "tool_call_id": "b", "content": "none"},
    ]
    system = [{"role": "system", "content": "Be brief.\nAlways."}]
    return [
        Conversation(
            [SEARCH],
            user("search cats and dogs"),
            calls=[Call("search", {"query": "cats"}), Call("search", {"query": "dogs", "sort": "desc"})],
        ),
        Conversation(
            [SEARCH, NOTE],
            user("search cats, note hi, search dogs"),
            calls=[
                Call("search", {"query": "cats"}),
                Call("save_note", {"text": "hi", "done": True}),
                Call("search", {"query": "dogs", "page": 4}),
            ],
        ),
        Conversation(
            [PING, BARE],
            user("ping and reset all, ping again"),
            calls=[Call("ping", {}), Call("reset_all", {}), Call("ping", {})],
        ),
        Conversation([SEARCH], history, text="The hits is 3. The result is none."),
        Conversation(
            [SEARCH, PING],
            [*history, {"role": "assistant", "content": "The hits is 3."}, *user("now birds")],
            calls=[Call("search", {"query": "birds"})],
        ),
        Conversation([SEARCH], [*system, *user("search cats")], calls=[Call("search", {"query": "cats"})]),
        Conversation([], [*system, *user("hello")], text="Hello!"),
        Conversation([], user("你好"), text="你好！"),
        Conversation(
            [LIGHT],
            user("打开客厅的灯，关卧室灯"),
            calls=[Call("灯光控制", {"房间": "客厅", "状态": "开"}), Call("灯光控制", {"房间": "卧室", "状态": "关"})],
        ),
        Conversation([LIGHT, PING, SEARCH], user("今天星期几"), text="抱歉，我现有的工具做不到这件事。"),
        Conversation([BARE], user("reset all"), calls=[Call("reset_all", {})]),
    ]


def as_line(conversation: Conversation) -> str:
    """A conversation with its texts, as JSON."""
    answer = answer_segments(conversation.text, conversation.calls, conversation.tools)
    return json.dumps(
        {
            "tools": conversation.tools,
            "messages": conversation.messages,
            "prompt": joined_text(prompt_segments(conversation.tools, conversation.messages)),
            "answer": joined_text(answer),
            "calls": [{"name": call.name, "arguments": call.arguments} for call in conversation.calls],
        },
        ensure_ascii=False,
    )


def main() -> None:
    """Writes the file."""
    made = [*flattening(), *value_texts(), *several_calls()]
    generated = list(conversations(seed=77, count=GENERATED * 3))
    random.Random(1).shuffle(generated)
    lines = [as_line(conversation) for conversation in made + generated[:GENERATED]]
    FILE.write_text("\n".join(lines) + "\n", encoding="utf8")
    print(f"{len(lines)} conversations in {FILE}")


if __name__ == "__main__":
    main()

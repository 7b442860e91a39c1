"""Scores a checkpoint on conversations it never saw: whole answers right, by skill and language."""

import argparse
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch

from decode import Answer, Decoder
from export_gguf import load_model
from generate import conversations
from render import Conversation
from tokenizer import HERE, Tokenizer
from train import held_out_batches, validate

SEED = 424_242

SAMPLES: list[tuple[str, list[str]]] = [
    ("What's the weather like in Chicago today?", ["city_forecast", "send_mail"]),
    ("how is the weather in Lisbon right now, in celsius", ["city_forecast"]),
    ("朝阳区天气", ["district_weather"]),
    ("查一下滨江区的天气", ["district_weather", "city_forecast"]),
    ("Weather in Paris and Rome please", ["city_forecast"]),
    ("Send a mail to anna@example.com about lunch", ["city_forecast", "send_mail"]),
    ("把120美元换成欧元", ["money_exchange", "district_weather"]),
    ("Who won the chess game yesterday?", ["city_forecast", "send_mail"]),
    ("你好", ["district_weather"]),
    ("What can you do?", []),
    ("What's the weather like?", ["city_forecast"]),
    ("讲个笑话", []),
]


def tool(name: str, description: str, properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    """An OpenAI tool."""
    parameters = {"type": "object", "properties": properties, "required": required}
    return {"type": "function", "function": {"name": name, "description": description, "parameters": parameters}}


SAMPLE_TOOLS = {
    one["function"]["name"]: one
    for one in (
        tool("city_forecast", "Get the weather for a given place", {"city": {"type": "string", "description": "The city, e.g. Denver, CO"}, "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]}}, ["city"]),
        tool("district_weather", "district weather tool", {"location": {"type": "string", "description": "城市/区名称，如`上海市徐汇区`请写`徐汇区`"}}, ["location"]),
        tool("send_mail", "Sends an e-mail", {"to": {"type": "string"}, "subject": {"type": "string", "description": "Subject line"}}, ["to"]),
        tool("money_exchange", "货币换算", {"amount": {"type": "number"}, "source": {"type": "string", "description": "原货币"}, "target": {"type": "string", "description": "目标货币"}}, ["amount", "source", "target"]),
    )
}  # fmt: skip


def without_empty(arguments: dict[str, Any]) -> dict[str, Any]:
    """Arguments without objects that hold nothing."""
    return {name: value for name, value in arguments.items() if value != {}}


def is_right(answer: Answer, wanted: Conversation) -> bool:
    """Whether an answer is exactly the wanted one."""
    said, right = (
        [(call.name, without_empty(call.arguments)) for call in calls] for calls in (answer.calls, wanted.calls)
    )
    return answer.text == wanted.text and said == right


def rates(outcomes: Iterable[tuple[str, bool]]) -> dict[str, str]:
    """Right ones of all, by key."""
    right: dict[str, int] = defaultdict(int)
    count: dict[str, int] = defaultdict(int)
    for key, good in outcomes:
        right[key] += good
        count[key] += 1
    return {key: f"{right[key]}/{count[key]} = {right[key] / count[key]:.1%}" for key in sorted(count)}


def language(conversation: Conversation) -> str:
    """The language of the last message of the user."""
    text = next(message["content"] for message in reversed(conversation.messages) if message["role"] == "user")
    return "Chinese" if any("\u4e00" <= character <= "\u9fff" for character in text) else "English"


def score(decoder: Decoder, count: int) -> None:
    """Prints the shares of right answers."""
    outcomes: list[tuple[str, bool]] = []
    for wanted in conversations(SEED, count):
        answer = decoder.answer(wanted.tools, wanted.messages)
        good = is_right(answer, wanted)
        outcomes += [("all", good), (f"skill {wanted.skill}", good), (f"language {language(wanted)}", good)]
        outcomes.append(("call or text", bool(answer.calls) == bool(wanted.calls)))
        if wanted.calls and answer.calls:
            outcomes.append(("first tool", answer.calls[0].name == wanted.calls[0].name))
            outcomes.append(("number of calls", len(answer.calls) == len(wanted.calls)))
    for key, rate in rates(outcomes).items():
        print(f"{key:28} {rate}")


def show_samples(decoder: Decoder) -> None:
    """Prints answers to a few requests."""
    for text, names in SAMPLES:
        answer = decoder.answer([SAMPLE_TOOLS[name] for name in names], [{"role": "user", "content": text}])
        said = answer.text or "; ".join(f"{call.name}({call.arguments})" for call in answer.calls)
        print(f"{text}  [{', '.join(names)}]\n    {said}")


def main() -> None:
    """Evaluates a checkpoint."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--checkpoint", type=Path, default=HERE / "runs" / "main" / "checkpoint.pt")
    parser.add_argument("--count", type=int, default=400)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    tokenizer = Tokenizer.load()
    model = load_model(options.checkpoint)
    print("single decisions, the right answer so far given:", validate(model, held_out_batches(tokenizer, "cpu")))
    decoder = Decoder(model, tokenizer)
    score(decoder, options.count)
    show_samples(decoder)


if __name__ == "__main__":
    main()

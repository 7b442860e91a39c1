"""Tests of the nano model's training code; run with `pytest models/nano`."""

import json
from itertools import islice

import pytest
import torch

from decode import spans
from generate import conversations
from initialise import initialise
from model import NanoModel, Shape
from render import answer_segments, joined_text, lines_of, plain_texts, prompt_segments, written_string, written_type
from tokenizer import CONTROL_TOKENS, HERE, VOCABULARY_SIZE, Tokenizer
from train import encode
from write_fixtures import FILE, as_line

TEXTS = ["What's the weather like?", "朝阳区天气怎么样？", "getUserById(42, 'x')\n\n", " é 😀 \t", "12.50 €"]


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    """The trained tokenizer."""
    return Tokenizer.load()


@pytest.mark.parametrize("text", TEXTS)
def test_encoding_loses_nothing(tokenizer: Tokenizer, text: str) -> None:
    assert tokenizer.decode(tokenizer.encode(text)) == text


def test_tokens_are_unique_and_merges_keep_the_rules(tokenizer: Tokenizer) -> None:
    assert len(tokenizer.tokens) == VOCABULARY_SIZE == len(set(tokenizer.tokens))
    for left, right in tokenizer.merges:
        token = left + right
        assert not any(48 <= byte <= 57 for byte in token)
        if not token.isascii():
            assert len(token.decode("utf8", "ignore")) <= 1


def test_a_word_has_the_same_tokens_after_a_blank_and_a_quote(tokenizer: Tokenizer) -> None:
    alone = tokenizer.encode("Lisbon")
    assert tokenizer.encode(" Lisbon")[1:] == alone
    assert tokenizer.encode("'Lisbon'")[1:-1] == alone


def test_control_tokens_are_not_read_from_plain_text(tokenizer: Tokenizer) -> None:
    assert min(tokenizer.encode("<|end|><|call|>")) >= len(CONTROL_TOKENS)


def test_fixtures_are_what_the_renderer_writes() -> None:
    for line in FILE.read_text(encoding="utf8").splitlines():
        stored = json.loads(line)
        assert joined_text(prompt_segments(stored["tools"], stored["messages"])) == stored["prompt"]


def test_lines_flatten_plain_objects_only() -> None:
    inner = {"type": "object", "properties": {"x": {"type": "number"}}}
    keys = [line.key for line in lines_of({"properties": {"a": inner, "b": {**inner, "required": ["x"]}, "c d": {}}})]
    assert keys == ["a.x", "b", '"c d"']


def test_values_and_types_are_written_as_agreed() -> None:
    assert written_string("two\nlines", {}) == '"two\\nlines"'
    assert written_string("plain = fine", {}) == "plain = fine"
    assert written_string("null", {"type": ["string", "null"]}) == '"null"'
    assert written_type({"enum": ["a", 1]}) == "[a|1]"


def test_equal_seeds_make_equal_conversations() -> None:
    first, second = ([as_line(one) for one in conversations(9, 50)] for _ in range(2))
    assert first == second


def test_string_arguments_stand_in_the_request() -> None:
    for one in conversations(10, 400):
        said = "\n".join(message["content"] or "" for message in one.messages)
        for call in one.calls:
            schema = next(tool for tool in one.tools if tool["function"]["name"] == call.name)["function"]["parameters"]
            for key, value in call.arguments.items():
                if isinstance(value, str) and "enum" not in schema["properties"][key]:
                    assert value in said


def test_decisions_begin_the_answer_and_stops_end_it(tokenizer: Tokenizer) -> None:
    for one in islice(conversations(11), 50):
        example = encode(one, tokenizer)
        kinds = [kind for kind, mine in zip(example.kinds, example.own) if mine]
        assert kinds[0] == "decision"
        assert example.ids[-1] == tokenizer.control["<|end|>"]
        answer = joined_text(answer_segments(one.text, one.calls, one.tools))
        assert tokenizer.decode(example.ids).endswith(answer)
        assert all(isinstance(text, str) for text in plain_texts(one))


def test_spans_keep_to_boundaries() -> None:
    found = spans("看朝阳区 now")
    assert "朝阳区" in found
    assert "朝阳区 now" in found
    assert "no" not in found


def test_the_first_state_copies() -> None:
    torch.manual_seed(0)
    model = NanoModel(Shape(512))
    initialise(model)
    half = torch.randint(20, 512, (2, 40))
    ids = torch.cat([half, half], 1)
    with torch.no_grad():
        predicted = model.logits(model.hidden(ids)).argmax(-1)
    assert (predicted[:, 42:-1] == ids[:, 43:]).float().mean() > 0.95


def test_the_template_names_the_format() -> None:
    assert (HERE / "chat_template.jinja").read_text(encoding="utf8").startswith("{#- aimindserve-nano-1 -#}")

"""Makes up conversations with tools in English and Chinese: the model's whole training data, equal for equal seeds."""

import argparse
import json
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any

from intents import Intent, intents, made_up
from render import Call, Conversation
from replies import make_result, open_question, question_for, reply, report, small_talk
from tools import MadeTool, Parameter, make_tool
from values import DATA, Drawn, Values

CHINESE_SHARE = 0.42
TOOL_COUNTS = ([1, 2, 3, 4, 5, 6, 7, 8], [38, 24, 15, 9, 5, 4, 3, 2])

OPENERS = ["", "", "", "", "please ", "can you ", "could you ", "I need you to ", "would you ", "hey, ", "now "]
OPENERS_CHINESE = ["", "", "", "", "请", "帮我", "请帮我", "麻烦", "你好，", "能不能", "我想", "现在"]
CLOSERS = ["", "", "", ".", ".", "?", " please", ", please", " thanks", "!"]
CLOSERS_CHINESE = ["", "", "", "", "。", "。", "？", "吧", "，谢谢", "呢", "！"]
NOW = ["", "", "", "", " today", " now", " right now", " at the moment", " currently"]
NOW_CHINESE = ["今天", "现在"]
QUESTION = re.compile(r"^(what|how|where|when|which|who|is|are|do|does|did|has|i |i'm|\{)", re.IGNORECASE)
PLACE_HOLDER = re.compile(r"\{(q?)(\d)\}")
CONTEXTS = [
    "",
    "",
    "",
    "",
    "I'm planning something with friends. ",
    "My boss asked me. ",
    "Hi, I have a question. ",
    "Quick one: ",
    "For my project, ",
]
CONTEXTS_CHINESE = ["", "", "", "", "我在做计划，", "老板要我问，", "你好，有个问题：", "朋友来了，", "明早要用，"]


class Request:
    """A request for one tool under construction: its text and the arguments it implies."""

    def __init__(self, values: Values, made: MadeTool, chinese: bool) -> None:
        self.values, self.made, self.chinese = values, made, chinese
        self.drawn: dict[int, Drawn] = {}
        self.ask = self.choose_ask()
        for index, parameter in enumerate(made.parameters):
            if self.must_say(parameter) or values.chance(0.33):
                self.drawn[index] = parameter.draw(values, chinese)

    def slot_number(self, parameter: Parameter) -> int:
        """The number of a parameter's slot in the intent's requests."""
        return next(index for index, slot in enumerate(self.made.intent.slots, 1) if slot is parameter.slot)

    def choose_ask(self) -> str:
        """A way to ask; one that says a day or a time is avoided where a parameter might take it."""
        asks = self.made.intent.ask(self.chinese)
        if any(parameter.slot.kind == "date" for parameter in self.made.parameters):
            asks = [ask for ask in asks if not re.search("今天|现在|now|today", ask)]
        return self.values.rng.choice(asks)

    def must_say(self, parameter: Parameter) -> bool:
        """Whether the request has to name the value."""
        inline = {int(match[2]) for match in PLACE_HOLDER.finditer(self.ask)}
        return parameter.required or parameter.slot.required or self.slot_number(parameter) in inline

    def quoted(self, text: str) -> str:
        """A text as a quotation, or plain where that can still be read."""
        if self.chinese:
            return self.values.rng.choice(["“{}”", "“{}”", "“{}”", "'{}'", '"{}"', "「{}」", "：{}"]).format(text)
        return self.values.rng.choice(["'{}'", "'{}'", '"{}"', '"{}"', "{}"]).format(text)

    def clause(self, index: int, said: str) -> str:
        """A clause that names a value which the ask itself does not."""
        parameter = self.made.parameters[index]
        if parameter.slot.kind == "flag":
            return self.flag_clause(index)
        forms = parameter.slot.says(self.chinese) or ("{v}",)
        form = self.values.rng.choice(forms)
        return form.replace("{q}", self.quoted(said)).replace("{v}", said)

    def flag_clause(self, index: int) -> str:
        """A clause that switches something on or off."""
        positive = self.values.chance(0.75)
        self.drawn[index] = Drawn("", positive)
        slot = self.made.parameters[index].slot
        if positive:
            return self.values.rng.choice(slot.says(self.chinese))
        label = slot.label(self.chinese)
        return self.values.rng.choice(
            [f"不要{label}", f"不需要{label}"]
            if self.chinese
            else [f"not {label}", f"without {label}", f"but not {label}"]
        )

    def said(self, index: int, override: dict[int, str]) -> str:
        """How a value is said."""
        return override.get(index, self.drawn[index].said)

    def text(self, override: dict[int, str] | None = None) -> str:
        """The request's words, without opener and closer."""
        replaced = override or {}
        numbers = {
            self.slot_number(parameter): index
            for index, parameter in enumerate(self.made.parameters)
            if index in self.drawn
        }
        inline = {numbers[int(match[2])] for match in PLACE_HOLDER.finditer(self.ask)}

        def fill(match: re.Match[str]) -> str:
            said = self.said(numbers[int(match[2])], replaced)
            return self.quoted(said) if match[1] else said

        text = PLACE_HOLDER.sub(fill, self.ask)
        clauses = [
            self.clause(index, self.said(index, replaced)) for index in sorted(self.drawn) if index not in inline
        ]
        if self.values.chance(0.4):
            self.values.rng.shuffle(clauses)
        return self.joined(text, clauses)

    def joined(self, text: str, clauses: list[str]) -> str:
        """Ask and clauses as one sentence."""
        if not clauses:
            return text
        rng = self.values.rng
        if self.chinese:
            joiner = rng.choice(["，", "，", "，", "", " "])
            if self.values.chance(0.15):
                return joiner.join([*clauses, text])
            return joiner.join([text, *clauses])
        joiner = rng.choice([" ", " ", ", ", " and " if len(clauses) == 1 else ", "])
        if self.values.chance(0.1):
            return ", ".join([*clauses, text])
        return f"{text}{rng.choice([' ', ' ', ', ', ': '])}{joiner.join(clauses)}"

    def arguments(self, override: dict[int, Any] | None = None) -> dict[str, Any]:
        """The arguments of the call that answers it."""
        arguments: dict[str, Any] = {}
        replaced = override or {}
        for index, parameter in enumerate(self.made.parameters):
            target = arguments
            for name in parameter.path[:-1]:
                target = target.setdefault(name, {})
            if index in self.drawn:
                target[parameter.path[-1]] = replaced.get(index, self.drawn[index].value)
        return arguments

    def call(self, override: dict[int, Any] | None = None) -> Call:
        """The call that answers it."""
        return Call(self.made.name, self.arguments(override))


class Generator:
    """Makes conversations one after the other from one seed; a share of them is short: one tool, few words."""

    def __init__(self, seed: int, short_share: float = 0.0) -> None:
        self.short_share, self.short = short_share, False
        self.values = Values(random.Random(seed))
        self.rng = self.values.rng
        self.systems = (DATA / "system_texts.txt").read_text(encoding="utf8").splitlines()
        self.weights = [intent.weight for intent in intents()]
        self.skills: list[tuple[Callable[[bool], Conversation], float]] = [
            (self.single, 48), (self.parallel, 6), (self.several_tools, 4), (self.unfit, 13), (self.talk_with_tools, 4),
            (self.talk_without_tools, 4), (self.missing, 4), (self.result, 11), (self.follow_up, 4), (self.hard_pair, 4),
        ]  # fmt: skip
        self.short_skills: list[tuple[Callable[[bool], Conversation], float]] = [
            (self.single, 70), (self.parallel, 5), (self.unfit, 9), (self.talk_with_tools, 3), (self.talk_without_tools, 4),
            (self.missing, 4), (self.result, 8),
        ]  # fmt: skip

    def conversation(self) -> Conversation:
        """The next conversation."""
        self.short = self.values.chance(self.short_share)
        makers, weights = zip(*(self.short_skills if self.short else self.skills))
        chinese = self.values.chance(CHINESE_SHARE)
        maker = self.rng.choices(makers, weights)[0]
        conversation = maker(chinese)
        conversation.skill = maker.__name__
        if self.values.chance(0.15):
            conversation.messages.insert(0, {"role": "system", "content": self.rng.choice(self.systems)})
        return conversation

    def intent(self) -> Intent:
        """A written intent or, now and then, a made-up one."""
        return made_up(self.values) if self.values.chance(0.16) else self.rng.choices(intents(), self.weights)[0]

    def schema_language(self, chinese: bool) -> bool:
        """Whether tools of a request in the language have Chinese descriptions."""
        return self.values.chance(0.68) if chinese else self.values.chance(0.05)

    def make(self, chinese: bool, intent: Intent | None = None) -> MadeTool:
        """A tool whose intent a request in the language may have."""
        return make_tool(
            self.values, intent or self.intent(), self.schema_language(chinese), self.rng.choice([0.3, 0.6, 0.8])
        )

    def tool_list(self, chinese: bool, wanted: list[MadeTool], avoid: set[str], least: int = 1) -> list[dict[str, Any]]:
        """The wanted tools among others of other groups and names, in random order."""
        made = list(wanted)
        count = max(len(wanted), least, 1 if self.short else self.rng.choices(*TOOL_COUNTS)[0])
        close = [intent for intent in intents() if any(intent.group == one.intent.group for one in wanted)]
        for _ in range(40):
            if len(made) >= count:
                break
            intent = self.rng.choice(close) if close and self.values.chance(0.3) else self.intent()
            same = any(intent.name == one.intent.name for one in made) or intent.group in avoid
            other = None if same else self.make(chinese, intent)
            if other and other.name not in [one.name for one in made]:
                made.append(other)
        self.rng.shuffle(made)
        return [one.tool for one in made]

    def wrapped(self, text: str, chinese: bool, closed: bool = True) -> str:
        """A request with an opener, a context sentence and an ending."""
        rng = self.rng
        if chinese:
            opener = "" if re.search("怎|吗|什么|多少|几|我", text) else rng.choice(OPENERS_CHINESE)
            return self.context(CONTEXTS_CHINESE) + opener + text + (rng.choice(CLOSERS_CHINESE) if closed else "")
        question = QUESTION.match(text) is not None
        opener = "" if question or text[0].isupper() else rng.choice(OPENERS)
        full = opener + text
        full = full[0].upper() + full[1:] if self.values.chance(0.75) else full
        closer = (
            rng.choice(["?", "?", "?", ""])
            if question or opener.startswith(("can", "could", "would"))
            else rng.choice(CLOSERS)
        )
        return self.context(CONTEXTS) + full + (closer if closed else "")

    def context(self, texts: list[str]) -> str:
        """Something said before the request, or nothing."""
        return "" if self.short else self.rng.choice(texts)

    def timed(self, request: Request, text: str) -> str:
        """Adds a word such as 'today' to requests about the present whose tool takes no date."""
        dated = any(parameter.slot.kind == "date" for parameter in request.made.parameters)
        if (
            dated
            or request.made.intent.group not in ("weather", "time", "finance")
            or re.search("今天|现在|now|today", text)
        ):
            return text
        if not request.chinese:
            return text + self.rng.choice(NOW)
        return self.rng.choice(NOW_CHINESE) + text if self.values.chance(0.08) else text

    def user(self, text: str) -> list[dict[str, Any]]:
        """A conversation that begins with a user's message."""
        return [{"role": "user", "content": text}]

    def single(self, chinese: bool) -> Conversation:
        """One request, one call."""
        made = self.make(chinese)
        request = Request(self.values, made, chinese)
        text = self.wrapped(self.timed(request, request.text()), chinese)
        return Conversation(self.tool_list(chinese, [made], set()), self.user(text), calls=[request.call()])

    def parallel(self, chinese: bool) -> Conversation:
        """One tool called for each of several values."""
        for _ in range(50):
            made = self.make(chinese)
            request = Request(self.values, made, chinese)
            index = self.repeatable(request)
            if index is not None:
                break
        else:
            return self.single(chinese)
        if self.values.chance(0.35):
            return self.repeated(request, chinese)
        parameter = made.parameters[index]
        drawn = {
            one.said: one
            for one in (parameter.draw(self.values, chinese) for _ in range(self.rng.choice([2, 2, 2, 3, 3, 4])))
        }
        said = self.values.listed(list(drawn), chinese) if len(drawn) > 1 else next(iter(drawn))
        text = self.wrapped(request.text({index: said}), chinese)
        calls = [request.call({index: one.value}) for one in drawn.values()]
        return Conversation(self.tool_list(chinese, [made], set()), self.user(text), calls=calls)

    def repeatable(self, request: Request) -> int | None:
        """The parameter whose values a request may list, if there is one."""
        kinds_listed = {
            "place",
            "company",
            "person",
            "product",
            "dish",
            "topic",
            "code",
            "team",
            "language",
            "word",
            "title",
            "id_number",
            "count",
            "currency",
            "path",
        }
        for index, parameter in enumerate(request.made.parameters):
            inline = f"{{{request.slot_number(parameter)}}}" in request.ask
            if parameter.slot.kind in kinds_listed and index in request.drawn and (inline or parameter.slot.required):
                return index
        return None

    def repeated(self, request: Request, chinese: bool) -> Conversation:
        """The same tool asked for twice in clauses of their own."""
        other = Request(self.values, request.made, chinese)
        joiner = self.rng.choice(
            ["，", "，再", "，还有", "；", "，然后"]
            if chinese
            else [" and ", ", and also ", "; ", ". Then ", ", then "]
        )
        text = self.wrapped(request.text() + joiner + other.text(), chinese)
        return Conversation(
            self.tool_list(chinese, [request.made], set()), self.user(text), calls=[request.call(), other.call()]
        )

    def several_tools(self, chinese: bool) -> Conversation:
        """Two or three requests for different tools in one message."""
        wanted: list[MadeTool] = []
        while len(wanted) < self.rng.choice([2, 2, 3]):
            made = self.make(chinese)
            if all(made.intent.group != one.intent.group and made.name != one.name for one in wanted):
                wanted.append(made)
        requests = [Request(self.values, made, chinese) for made in wanted]
        joiner = self.rng.choice(
            ["，然后", "，另外", "，再", "，并且", "。还有，"]
            if chinese
            else [" and ", ", and ", ". Also, ", ", then ", "; also ", ". After that, "]
        )
        text = self.wrapped(joiner.join(request.text() for request in requests), chinese)
        return Conversation(
            self.tool_list(chinese, wanted, set()), self.user(text), calls=[request.call() for request in requests]
        )

    def unfit(self, chinese: bool) -> Conversation:
        """A request that no tool fits."""
        wish = self.make(chinese)
        text = (
            self.wrapped(Request(self.values, wish, chinese).text(), chinese)
            if self.values.chance(0.72)
            else self.wrapped(open_question(self.values, chinese), chinese)
        )
        tools = self.tool_list(chinese, [], {wish.intent.group})
        return Conversation(tools, self.user(text), text=reply("unfit", chinese))

    def talk_with_tools(self, chinese: bool) -> Conversation:
        """Small talk although there are tools."""
        said, answer = small_talk(self.values, chinese)
        return Conversation(self.tool_list(chinese, [], set()), self.user(self.ended(said, chinese)), text=answer)

    def talk_without_tools(self, chinese: bool) -> Conversation:
        """Small talk or an open question, and no tools."""
        if self.values.chance(0.5):
            said, answer = small_talk(self.values, chinese)
            return Conversation([], self.user(self.ended(said, chinese)), text=answer)
        said = (
            open_question(self.values, chinese)
            if self.values.chance(0.7)
            else Request(self.values, self.make(chinese), chinese).text()
        )
        return Conversation([], self.user(self.wrapped(said, chinese)), text=reply("open", chinese))

    def ended(self, said: str, chinese: bool) -> str:
        """Small talk with one of a few endings."""
        said = said if chinese or self.values.chance(0.4) else said[0].upper() + said[1:]
        return said + self.rng.choice(["", "", "！", "。", "？"] if chinese else ["", "", "!", ".", "?"])

    def missing(self, chinese: bool) -> Conversation:
        """A request that leaves out the one thing its tool needs."""
        candidates = [intent for intent in intents() if self.bare_asks(intent, chinese)]
        intent = self.rng.choices(candidates, [one.weight for one in candidates])[0]
        made = self.make(chinese, intent)
        text = self.wrapped(self.rng.choice(self.bare_asks(intent, chinese)), chinese)
        parameter = next(one for one in made.parameters if one.slot is intent.slots[0])
        label = parameter.slot.chinese if chinese else self.spoken_key(parameter.path[-1])
        return Conversation(self.tool_list(chinese, [made], set()), self.user(text), text=question_for(label, chinese))

    def spoken_key(self, key: str) -> str:
        """A key as words."""
        return re.sub(r"([a-z])([A-Z])", r"\1 \2", key).replace("_", " ").lower()

    def bare_asks(self, intent: Intent, chinese: bool) -> list[str]:
        """Requests for an intent with its only value taken away, where that still reads well."""
        if (
            intent.slots[0].kind not in ("place", "company", "code", "dish", "path", "url")
            or sum(slot.required for slot in intent.slots) > 1
        ):
            return []
        bare = []
        for ask in intent.ask(chinese):
            if PLACE_HOLDER.findall(ask) != [("", "1")] or ask.startswith("I'm"):
                continue
            pattern = (
                r"我?在?\{1\}(的|附近的|附近|那边)?" if chinese else r",? ?\b(in|for|of|at|near|the|about)? ?\{1\}"
            )
            bare.append(re.sub(pattern, "", ask).strip(" ，《》"))
        return [ask for ask in bare if len(ask) >= 3]

    def result(self, chinese: bool) -> Conversation:
        """A tool has answered; its values are to be told."""
        made = self.make(chinese)
        request = Request(self.values, made, chinese)
        index = self.repeatable(request)
        messages = self.user(self.wrapped(request.text(), chinese))
        calls = [request.call()]
        if index is not None and self.values.chance(0.2):
            calls.append(request.call({index: made.parameters[index].draw(self.values, chinese).value}))
        results = [make_result(self.values, chinese, made.intent.group == "weather") for _ in calls]
        messages += self.called(calls, results)
        return Conversation(self.tool_list(chinese, [made], set()), messages, text=self.told(results, chinese))

    def told(self, results: list[Any], chinese: bool) -> str:
        """Sentences for all results."""
        return ("" if chinese else " ").join(report(result, chinese) for result in results)

    def called(self, calls: list[Call], results: list[Any]) -> list[dict[str, Any]]:
        """The messages of calls and their results."""
        made = [
            {
                "id": f"call_{index}",
                "type": "function",
                "function": {"name": call.name, "arguments": json.dumps(call.arguments, ensure_ascii=False)},
            }
            for index, call in enumerate(calls)
        ]
        answers = [
            {
                "role": "tool",
                "tool_call_id": f"call_{index}",
                "content": result if isinstance(result, str) else json.dumps(result, ensure_ascii=False),
            }
            for index, result in enumerate(results)
        ]
        return [{"role": "assistant", "content": None, "tool_calls": made}, *answers]

    def follow_up(self, chinese: bool) -> Conversation:
        """A second request after a first one was served."""
        first = self.result(chinese)
        messages = [*first.messages, {"role": "assistant", "content": first.text}]
        roll = self.rng.random()
        if roll < 0.2:
            said, answer = small_talk(self.values, chinese)
            return Conversation(first.tools, [*messages, *self.user(self.ended(said, chinese))], text=answer)
        wanted = self.make(chinese)
        used = {tool["function"]["name"] for tool in first.tools}
        if wanted.name in used:
            return first
        request = Request(self.values, wanted, chinese)
        tools = [*first.tools, wanted.tool]
        self.rng.shuffle(tools)
        return Conversation(
            tools, [*messages, *self.user(self.wrapped(request.text(), chinese))], calls=[request.call()]
        )

    def hard_pair(self, chinese: bool) -> Conversation:
        """One call among several tools of the same group, or a made-up one with many values of one type."""
        groups = [intent for intent in intents() if sum(other.group == intent.group for other in intents()) > 2]
        made = self.make(chinese, self.rng.choice(groups) if self.values.chance(0.5) else made_up(self.values))
        request = Request(self.values, made, chinese)
        text = self.wrapped(request.text(), chinese)
        return Conversation(self.tool_list(chinese, [made], set(), least=3), self.user(text), calls=[request.call()])


def conversations(seed: int, count: int | None = None, short_share: float = 0.0) -> Iterator[Conversation]:
    """Conversations without end, or as many as asked for."""
    generator = Generator(seed, short_share)
    made = 0
    while count is None or made < count:
        yield generator.conversation()
        made += 1


def main() -> None:
    """Writes conversations as JSON lines."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=1000)
    options = parser.parse_args()
    for conversation in conversations(options.seed, options.count):
        print(json.dumps(asdict(conversation), ensure_ascii=False))


if __name__ == "__main__":
    main()

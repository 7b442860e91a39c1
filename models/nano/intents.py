"""Reads the intents and kinds of data/, and makes up further intents from verbs, objects and attributes."""

import re
from dataclasses import dataclass, field
from functools import cache

from values import DATA, Values, lists


@dataclass(frozen=True)
class Slot:
    """Something a request may name and a parameter may take."""

    kind: str
    required: bool
    keys: tuple[str, ...]
    english: str
    chinese: str
    clauses: tuple[str, ...]
    clauses_chinese: tuple[str, ...]

    def label(self, chinese: bool) -> str:
        """What the slot is called."""
        return self.chinese if chinese else self.english

    def says(self, chinese: bool) -> tuple[str, ...]:
        """Clauses that name its value."""
        return self.clauses_chinese if chinese else self.clauses


@dataclass
class Intent:
    """What a user may want: names and descriptions of its tools, its slots, and ways to ask for it."""

    name: str
    group: str
    weight: float
    names: list[str] = field(default_factory=list)
    about: list[str] = field(default_factory=list)
    about_chinese: list[str] = field(default_factory=list)
    slots: list[Slot] = field(default_factory=list)
    asks: list[str] = field(default_factory=list)
    asks_chinese: list[str] = field(default_factory=list)

    def ask(self, chinese: bool) -> list[str]:
        """Ways to ask for it."""
        return self.asks_chinese if chinese else self.asks


@dataclass(frozen=True)
class Kind:
    """A kind of value: its JSON type, its options if it is an enum, and the defaults of its slots."""

    type: str
    options: tuple[tuple[tuple[str, str], ...], ...]
    fields: tuple[str, ...]


def split(text: str, separator: str = "|") -> tuple[str, ...]:
    """The non-empty, trimmed parts of a text."""
    return tuple(part.strip() for part in text.split(separator) if part.strip())


def split_fields(line: str) -> list[str]:
    """The parts between colons that have a blank before them."""
    return [part.strip() for part in re.split(r" :(?= |$)", line)]


def data_lines(name: str) -> list[str]:
    """The lines of a data file without comments."""
    return [line for line in (DATA / name).read_text(encoding="utf8").splitlines() if not line.startswith("#")]


@cache
def kinds() -> dict[str, Kind]:
    """All kinds by name."""
    found = {}
    for line in data_lines("kinds.txt"):
        name, _, rest = line.partition(" = ")
        type_text, *fields = split_fields(rest)
        options = ()
        if type_text.startswith("enum "):
            sets = split(type_text.removeprefix("enum "), ";")
            options = tuple(tuple(tuple(option.split("=")) for option in split(one, ",")) for one in sets)
        found[name] = Kind(type_text.split(" ")[0], options, tuple(fields))
    return found


def read_slot(line: str, required: bool) -> Slot:
    """A slot line of an intent."""
    kind, *own = split_fields(line)
    own += [""] * (4 - len(own))
    fields = [mine or default for mine, default in zip(own, kinds()[kind].fields)]
    english, _, chinese = fields[1].partition(" / ")
    return Slot(kind, required, split(fields[0], ","), english, chinese, split(fields[2]), split(fields[3]))


def read_intent(block: str) -> Intent:
    """One block of data/intents.txt."""
    head, *lines = block.strip().splitlines()
    name, _, options = head.removeprefix("[").partition("]")
    settings = dict(part.split("=") for part in options.split())
    intent = Intent(name, settings["group"], float(settings.get("weight", 1)))
    for line in lines:
        key, _, text = line.partition(" " if line.startswith("slot") else ": ")
        if key.startswith("slot"):
            intent.slots.append(read_slot(text, key == "slot*"))
        elif key == "names":
            intent.names = list(split(text, ","))
        else:
            attribute = {"about.en": "about", "about.zh": "about_chinese", "ask.en": "asks", "ask.zh": "asks_chinese"}[
                key
            ]
            setattr(intent, attribute, list(split(text)))
    return intent


@cache
def intents() -> list[Intent]:
    """All intents of data/intents.txt."""
    blocks = "\n".join(data_lines("intents.txt")).split("\n\n")
    return [read_intent(block) for block in blocks if block.strip()]


ATTRIBUTE_CLAUSES = (
    "with a {a} of {v}",
    "with {a} {v}",
    "{a} {v}",
    "{a} = {v}",
    "the {a} is {v}",
    "{a}: {v}",
    "using {v} as the {a}",
    "and set the {a} to {v}",
)
ATTRIBUTE_CLAUSES_CHINESE = ("{a}{v}", "{a}为{v}", "{a}是{v}", "{a}：{v}", "{a}设为{v}", "{a} {v}", "{a}={v}")


def attribute_slot(values: Values, item: str) -> Slot:
    """A slot from an entry of the attribute list."""
    english, chinese, kind = item.split("/")
    kind = {"integer": "count"}.get(kind, kind)
    if kind == "string":
        kind = values.rng.choice(["word", "identifier", "person", "place", "brand"])
    clauses = tuple(clause.replace("{a}", english) for clause in ATTRIBUTE_CLAUSES)
    clauses_chinese = tuple(clause.replace("{a}", chinese) for clause in ATTRIBUTE_CLAUSES_CHINESE)
    return Slot(kind, values.chance(0.7), (english.replace(" ", "_"),), english, chinese, clauses, clauses_chinese)


def made_up(values: Values) -> Intent:
    """An intent nobody wrote down: a verb, an object and a few attributes, often of one type."""
    rng = values.rng
    verb, verb_chinese, article = rng.choice(lists()["verbs"]).split("/")
    thing, thing_chinese = rng.choice(lists()["objects"]).split("/")
    if values.chance(0.12):
        thing = values.pseudo(2, 3)
        thing_chinese = thing
    attributes = lists()["attributes"]
    if values.chance(0.5):
        type_name = rng.choice(["number", "number", "integer", "string"])
        attributes = [item for item in attributes if item.endswith(type_name)]
    slots = [attribute_slot(values, item) for item in rng.sample(attributes, rng.choice([1, 2, 2, 3, 3, 4, 5]))]
    thing_key = thing.replace(" ", "_")
    names = [
        f"{verb}_{thing_key}",
        f"{verb}_{thing_key}",
        f"{thing_key}_{verb}",
        f"{thing_key}_{rng.choice(['tool', 'service', 'info', 'helper'])}",
    ]
    about = [
        f"{verb.capitalize()} {article} {thing}",
        f"Can {verb} {article} {thing} from the given values",
        f"A function to {verb} {article} {thing}",
        f"{verb.capitalize()}s {article} {thing} with the parameters of the caller",
    ]
    about_chinese = [
        f"{verb_chinese}{thing_chinese}",
        f"用于{verb_chinese}{thing_chinese}",
        f"{verb_chinese}{thing_chinese}的工具",
        f"根据参数{verb_chinese}{thing_chinese}",
    ]
    asks = [f"{verb} {article} {thing}", f"{verb} {article} {thing} for me", f"I want to {verb} {article} {thing}"]
    asks_chinese = [
        f"{verb_chinese}{thing_chinese}",
        f"{verb_chinese}一个{thing_chinese}",
        f"帮我{verb_chinese}{thing_chinese}",
        f"{verb_chinese}一下{thing_chinese}",
    ]
    return Intent(thing, f"made:{thing}:{verb}", 1, names, about, about_chinese, slots, asks, asks_chinese)

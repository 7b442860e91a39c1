"""Makes OpenAI tools from intents, each time with other names, descriptions and schemas."""

import re
from dataclasses import dataclass, field
from typing import Any

from intents import Intent, Slot, kinds
from values import Drawn, Values

FILLERS = [
    "Results are cached for a minute.", "Requires a network connection.", "Use this when the user asks for it.", "Only for registered users.",
    "Returns JSON.", "The values come from a public source.", "Fails if the input is empty.", "Internal use.", "Version 2 of the service.",
]  # fmt: skip
FILLERS_CHINESE = [
    "结果为JSON。",
    "需要联网。",
    "用户询问时使用。",
    "数据每小时更新。",
    "仅限注册用户。",
    "返回结构化数据。",
    "输入不能为空。",
]
REMARKS = [
    "Leave it out if the user does not give it.",
    "As written in the request.",
    "Must be given in full.",
    "The service needs it to find the right entry.",
    "Other values are refused with an error.",
    "If it is not known, ask the user first.",
    "Used to narrow down the results that are returned.",
    "It is passed on to the backend unchanged and not checked any further.",
]
REMARKS_CHINESE = ["用户未提供时可不填。", "按用户原话填写。", "必须完整填写。", "不支持其他写法。", "用于缩小结果范围。"]


@dataclass
class Parameter:
    """A parameter of a made tool: where it stands and which slot it takes."""

    slot: Slot
    path: tuple[str, ...]
    required: bool
    options: tuple[tuple[str, str], ...] = ()
    chinese_options: bool = False

    def draw(self, values: Values, chinese: bool) -> Drawn:
        """A value for it, as a request in the language would say it."""
        if not self.options:
            return values.draw(self.slot.kind, chinese)
        option, label = values.rng.choice(self.options)
        value = label if self.chinese_options else option
        spoken = label if chinese and values.chance(0.8) else option.replace("_", " ")
        if not chinese and values.chance(0.25):
            spoken = spoken.capitalize()
        return Drawn(spoken, value)


@dataclass
class MadeTool:
    """A tool in the OpenAI shape and what its parameters mean."""

    intent: Intent
    tool: dict[str, Any]
    parameters: list[Parameter] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The name that calls it."""
        return self.tool["function"]["name"]


def styled(values: Values, name: str) -> str:
    """A name in snake case, camel case or with a prefix."""
    roll = values.rng.random()
    if roll < 0.12:
        return re.sub(r"_(\w)", lambda match: match[1].upper(), name)
    if roll < 0.17:
        return values.rng.choice(["api_", "v1_", "my_", "tool_", "demo_"]) + name
    if roll < 0.19:
        return name.replace("_", "-")
    return name


def described_slot(values: Values, slot: Slot, intent: Intent, chinese: bool) -> str:
    """A description of a parameter, sometimes with an example or an instruction that must not be copied."""
    rng, label = values.rng, slot.label(chinese)
    if values.chance(0.12):
        return ""
    plain = slot.kind not in ("flag",) and kinds()[slot.kind].type != "enum"
    example = values.draw(slot.kind, chinese).said if plain else ""
    if chinese:
        forms = [label, f"要查询的{label}", f"{label}，必填", f"请填写{label}", f"用户所说的{label}", f"{label}参数"]
        if plain and values.chance(0.45):
            forms = [
                f"{label}，例如{example}",
                f"{label}，如：{example}",
                f"{label}（如`{example}`）",
                f"{label}，比如“{example}”",
                f"{label}，例如：{example}、{values.draw(slot.kind, True).said}",
            ]
            if slot.kind == "place":
                city = values.word("cities", True)
                forms += [
                    f"具体的{label}，如`{city}{example}`请写成`{example}`",
                    f"{label}名称，例如`{city}{example}`应填`{example}`",
                ]
        return rng.choice(forms)
    forms = [
        label.capitalize(),
        f"The {label}",
        f"The {label} to use",
        f"{label}",
        f"The {label} of the {intent.name.split('_')[0]}",
        f"{label.capitalize()} given by the user",
    ]
    if plain and values.chance(0.4):
        other = values.draw(slot.kind, False).said
        forms = [
            f"The {label}, e.g. {example}",
            f"{label.capitalize()} (e.g. '{example}')",
            f"{label.capitalize()}, for example {example} or {other}",
            f"The {label}, such as `{example}`",
            f"{label.capitalize()}. Example: {example}",
            f"The {label}; defaults to {example}",
        ]
    return rng.choice(forms)


def slot_schema(values: Values, parameter: Parameter, intent: Intent, chinese: bool) -> dict[str, Any]:
    """The JSON Schema of a parameter."""
    slot = parameter.slot
    type_name = kinds()[slot.kind].type
    schema: dict[str, Any] = {"type": {"enum": "string", "list": "array", "numbers": "array"}.get(type_name, type_name)}
    if type_name == "list":
        schema["items"] = {"type": "string"}
    if type_name == "numbers":
        schema["items"] = {"type": "number"}
    if parameter.options:
        schema["enum"] = [label if parameter.chinese_options else option for option, label in parameter.options]
    description = described_slot(values, slot, intent, chinese)
    if description and values.chance(0.12):
        remark = values.rng.choice(REMARKS_CHINESE if chinese else REMARKS)
        description = f"{description}。{remark}" if chinese else f"{description}. {remark}"
    if description:
        schema["description"] = description
    return schema


def chosen_parameters(values: Values, intent: Intent, share: float, chinese: bool) -> list[Parameter]:
    """Which slots of an intent a tool offers, and under which keys."""
    parameters: list[Parameter] = []
    used: set[str] = set()
    camel = values.chance(0.1)
    for slot in intent.slots:
        if not slot.required and not values.chance(share):
            continue
        key = values.rng.choice([key for key in slot.keys if key not in used] or [f"{slot.keys[0]}_2"])
        used.add(key)
        if camel:
            key = re.sub(r"_(\w)", lambda match: match[1].upper(), key)
        sets = kinds()[slot.kind].options
        required = slot.required and values.chance(0.92)
        parameter = Parameter(
            slot, (key,), required, values.rng.choice(sets) if sets else (), chinese and values.chance(0.12)
        )
        parameters.append(parameter)
    if values.chance(0.15):
        values.rng.shuffle(parameters)
    return parameters


def nest(values: Values, parameters: list[Parameter]) -> None:
    """Moves the last parameters into an object."""
    if len(parameters) < 2 or not values.chance(0.06):
        return
    taken = [parameter.path[0] for parameter in parameters]
    name = values.rng.choice(
        [name for name in ("options", "details", "filter", "extra", "params", "settings") if name not in taken]
    )
    for parameter in parameters[-values.rng.randint(1, 2) :]:
        parameter.path = (name, *parameter.path)


def object_schema(values: Values, parameters: list[Parameter], intent: Intent, chinese: bool) -> dict[str, Any]:
    """The schema of all parameters; nested ones share one required object."""
    schema: dict[str, Any] = {"type": "object", "properties": {}, "required": []}
    for parameter in parameters:
        target = schema
        for name in parameter.path[:-1]:
            if name not in target["properties"]:
                target["properties"][name] = {"type": "object", "properties": {}, "required": []}
                target["required"].append(name)
            target = target["properties"][name]
        target["properties"][parameter.path[-1]] = slot_schema(values, parameter, intent, chinese)
        if parameter.required:
            target["required"].append(parameter.path[-1])
    return schema


def make_tool(values: Values, intent: Intent, chinese: bool, share: float = 0.55) -> MadeTool:
    """A tool for an intent, its texts in the language."""
    parameters = chosen_parameters(values, intent, share, chinese)
    nest(values, parameters)
    about = values.rng.choice(intent.about_chinese if chinese else intent.about)
    if values.chance(0.2):
        filler = values.rng.choice(FILLERS_CHINESE if chinese else FILLERS)
        about = f"{about}。{filler}" if chinese else f"{about}. {filler}"
    function = {
        "name": styled(values, values.rng.choice(intent.names)),
        "description": "" if values.chance(0.03) else about,
    }
    function["parameters"] = object_schema(values, parameters, intent, chinese)
    # Lines follow the schema's order, so parameters must too.
    order = {name: index for index, name in enumerate(function["parameters"]["properties"])}
    parameters.sort(key=lambda parameter: order[parameter.path[0]])
    return MadeTool(intent, {"type": "function", "function": function}, parameters)

"""Renders the fixtures' scenarios as transformers does, and writes or checks what the tests compare with.

    python3 render.py            rewrites the renderings in fixtures/*.json and language.json
    python3 render.py --check    tells which are stale
"""

import copy
import datetime
import json
import pathlib
import sys

try:
    import jinja2
    import jinja2.ext
    import jinja2.nodes
    import jinja2.sandbox
except ImportError:
    sys.exit("needs jinja2: pip install jinja2==3.1.6")

HERE = pathlib.Path(__file__).parent
JINJA = "3.1.6"
WIDTH = 120
GIVEN = '{"name": "Ann", "n": 3, "f": 1.5, "list": [3, 1, 2], "map": {"b": 1, "a": [true, null]}, "people": [{"name": "Bo", "age": 7, "tags": ["x"]}, {"name": "cy", "age": 5}, {"name": "Al", "age": 7}]}'
NOW = datetime.datetime(2026, 11, 3, 9, 5, 7)
PLAIN = {"argumentsAs": "object", "emptyContent": "text", "reasoningAs": "reasoning_content"}
NEW = {"tokens": {"bosToken": "", "eosToken": "", "specialTokens": []}, "style": PLAIN}


class Generation(jinja2.ext.Extension):
    """`{% generation %}` marks an assistant's text for training; it prints what is in it."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_inner"), [], [], body).set_lineno(line)

    def _inner(self, caller):
        return caller()


def tojson(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def raise_exception(message):
    raise jinja2.exceptions.TemplateError(message)


def environment():
    """The settings of transformers."""
    made = jinja2.sandbox.ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols]
    )
    made.filters["tojson"] = tojson
    made.globals["raise_exception"] = raise_exception
    made.globals["strftime_now"] = NOW.strftime
    return made


def scenarios():
    """By name: what a template is given, with tools filled in."""
    given = json.loads((HERE / "scenarios.json").read_text())
    return {
        name: {
            "messages": scenario["messages"],
            "tools": given["tools"] if scenario.get("tools") else None,
            "add_generation_prompt": scenario.get("add_generation_prompt", True),
            "variables": scenario.get("variables", {}),
        }
        for name, scenario in given["scenarios"].items()
    }


def styled(messages, style):
    """The messages in the form that this template wants."""
    messages = copy.deepcopy(messages)
    for message in messages:
        if "reasoning_content" in message:
            message[style["reasoningAs"]] = message.pop("reasoning_content")
        calls = message.get("tool_calls")
        if not calls:
            continue
        if message["content"] == "" and style["emptyContent"] == "null":
            message["content"] = None
        if style["argumentsAs"] == "string":
            for call in calls:
                call["function"]["arguments"] = json.dumps(call["function"]["arguments"], ensure_ascii=False)
    return messages


def render(template, scenario, tokens, style):
    return template.render(
        messages=styled(scenario["messages"], style),
        tools=scenario["tools"],
        documents=None,
        add_generation_prompt=scenario["add_generation_prompt"],
        bos_token=tokens["bosToken"],
        eos_token=tokens["eosToken"],
        **scenario["variables"],
    )


def outcome(template, scenario, tokens, style):
    """The text, or the refusal in the template's own words."""
    try:
        return render(template, scenario, tokens, style)
    except jinja2.exceptions.TemplateError as error:
        return {"error": error.message}


def fixture_text(path):
    """What `path`'s JSON must hold: tokens and style as they are, renderings anew."""
    beside = path.with_suffix(".json")
    known = json.loads(beside.read_text()) if beside.exists() else NEW
    template = environment().from_string(path.read_text())
    renderings = {
        name: outcome(template, scenario, known["tokens"], {**PLAIN, **known["style"]}) for name, scenario in scenarios().items()
    }
    return written({"tokens": known["tokens"], "style": {**PLAIN, **known["style"]}, "renderings": renderings})


def written(made):
    """JSON as this repository's formatter leaves it: a list that fits stands on one line."""
    text = json.dumps(made, ensure_ascii=False, indent=2) + "\n"
    tokens = made["tokens"]["specialTokens"]
    opened = '    "specialTokens": '
    line = opened + json.dumps(tokens, ensure_ascii=False)
    if len(line) > WIDTH:
        return text
    return text.replace(opened + json.dumps(tokens, ensure_ascii=False, indent=2).replace("\n", "\n    "), line)


def language_text():
    """The snippets of language.json, each with what it prints."""
    values = json.loads((HERE / "language.json").read_text())
    given = {"x": json.loads(GIVEN)}
    made = {}
    for snippet in values:
        try:
            made[snippet] = environment().from_string(snippet).render(**given)
        except Exception as error:  # whatever a snippet does wrong
            made[snippet] = {"error": type(error).__name__}
    return json.dumps(made, ensure_ascii=False, indent=2) + "\n"


def update(path, text, check):
    """Is what the file holds stale? Then it is written, unless this is only a check."""
    if path.exists() and path.read_text() == text:
        return False
    if not check:
        path.write_text(text)
    return True


def main():
    if jinja2.__version__ != JINJA:
        sys.exit(f"needs jinja2 {JINJA}, this is {jinja2.__version__}")
    check = sys.argv[1:] == ["--check"]
    made = {path.with_suffix(".json"): fixture_text(path) for path in sorted((HERE / "fixtures").glob("*.jinja"))}
    made[HERE / "language.json"] = language_text()
    stale = [path.stem for path, text in made.items() if update(path, text, check)]
    print(f"{'stale' if check else 'written'}: {', '.join(stale) or 'none'}")
    sys.exit(1 if check and stale else 0)


if __name__ == "__main__":
    main()

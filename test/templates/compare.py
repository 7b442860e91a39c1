"""Renders every template of a folder with Python's jinja2 and with our engine, and says where they differ.

    npm run build
    python3 compare.py FOLDER          a line for each template, then the sums
    python3 compare.py FOLDER NAME     the differences of one template
"""

import collections
import difflib
import json
import pathlib
import subprocess
import sys

from render import HERE, PLAIN, environment, render, scenarios

TOKENS = {"bosToken": "<BOS>", "eosToken": "<EOS>", "specialTokens": ["<BOS>", "<EOS>"]}


def variants():
    """Each scenario with and without the generation prompt, and with thinking on, off and unset."""
    cases = {}
    for name, scenario in scenarios().items():
        for prompt in (True, False):
            for thinking in (None, True, False):
                variables = {} if thinking is None else {"enable_thinking": thinking, "thinking": thinking}
                changed = {**scenario, "add_generation_prompt": prompt, "variables": variables}
                cases[f"{name}, prompt {prompt}, thinking {thinking}"] = changed
    return cases


def ours(sources, cases):
    job = {"templates": sources, "scenarios": cases, "tokens": TOKENS}
    done = subprocess.run(
        ["node", str(HERE / "compare.mjs")], input=json.dumps(job), capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def python(template, case, style):
    try:
        return render(template, case, TOKENS, style)
    except Exception as error:  # a stranger's template may raise anything
        return {"error": f"{type(error).__name__}: {error}"}


def verdict(mine, theirs):
    if isinstance(theirs, dict):
        return "both fail" if isinstance(mine, dict) else "python fails"
    if isinstance(mine, dict):
        return "ours fails"
    return "identical" if mine == theirs else "different"


def show(name, mine, theirs):
    print(f"--- {name}")
    if isinstance(mine, dict) or isinstance(theirs, dict):
        print(f"ours:   {str(mine)[:300]!r}\npython: {str(theirs)[:300]!r}")
        return
    lines = difflib.unified_diff(theirs.splitlines(True), mine.splitlines(True), "python", "ours", n=1)
    print("".join(repr(line) + "\n" for line in lines)[:1500])


def main():
    folder, only = pathlib.Path(sys.argv[1]), sys.argv[2:]
    paths = [path for path in sorted(folder.glob("*.jinja")) if not only or path.stem in only]
    cases = variants()
    sums = collections.Counter()
    for path, result in zip(paths, ours([path.read_text() for path in paths], list(cases.values())), strict=True):
        try:
            template = environment().from_string(path.read_text())
        except Exception as error:  # bad syntax
            print(f"{path.stem}: python cannot compile it: {error}")
            continue
        style = result.get("style", PLAIN)
        outcomes = result.get("outcomes", [{"error": result.get("error")}] * len(cases))
        counts = collections.Counter()
        for (name, case), mine in zip(cases.items(), outcomes, strict=True):
            theirs = python(template, case, style)
            kind = verdict(mine, theirs)
            counts[kind] += 1
            if only and kind not in ("identical", "both fail"):
                show(f"{name}: {kind}", mine, theirs)
        print(f"{path.stem}: {', '.join(f'{kind} {count}' for kind, count in sorted(counts.items()))}")
        sums.update(counts)
    print(f"{len(paths)} templates: {', '.join(f'{kind} {count}' for kind, count in sorted(sums.items()))}")


if __name__ == "__main__":
    main()

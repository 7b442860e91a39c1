"""Checks that made-up training data shares no request and no tool with benchmark files or with the documented examples."""

import argparse
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from generate import conversations

DOCUMENTED_WORDS = ("boston", "海淀", "amap_weather", "get_current_weather")
SHINGLE = 8
SHORTEST = 8  # characters; "hi" and "thanks" are nobody's own


def plain(text: str) -> str:
    """A text without case, blanks and punctuation."""
    return re.sub(r"[\W_]+", "", text.casefold())


def shingles(text: str) -> set[tuple[str, ...]]:
    """All runs of eight words of a text."""
    words = re.findall(r"\w+", text.casefold())
    return {tuple(words[start : start + SHINGLE]) for start in range(len(words) - SHINGLE + 1)}


def objects(value: Any) -> Iterator[dict[str, Any]]:
    """All objects inside a JSON value."""
    if isinstance(value, dict):
        yield value
        for part in value.values():
            yield from objects(part)
    elif isinstance(value, list):
        for part in value:
            yield from objects(part)


def read_values(file: Path) -> Iterator[Any]:
    """The JSON values of a .json or .jsonl file."""
    text = file.read_text(encoding="utf8")
    if file.suffix == ".json":
        yield json.loads(text)
    else:
        yield from (json.loads(line) for line in text.splitlines() if line.strip())


class Seen:
    """Requests and tools found somewhere."""

    def __init__(self) -> None:
        self.requests: set[str] = set()
        self.shingles: set[tuple[str, ...]] = set()
        self.tools: set[tuple[str, str]] = set()

    def add(self, value: Any) -> None:
        """Takes in all user messages and tools inside a JSON value."""
        for found in objects(value):
            if found.get("role") == "user" and isinstance(found.get("content"), str):
                if len(plain(found["content"])) >= SHORTEST:
                    self.requests.add(plain(found["content"]))
                self.shingles |= shingles(found["content"])
            if (
                isinstance(found.get("name"), str)
                and isinstance(found.get("description"), str)
                and "parameters" in found
            ):
                self.tools.add((found["name"], plain(found["description"])))


def main() -> None:
    """Exits with 1 if anything is shared."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("folder", type=Path, help="benchmark files, .jsonl and .json")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument(
        "--generated", type=Path, help="a file written by generate.py; without it, seed and count say what is made"
    )
    options = parser.parse_args()
    theirs, ours = Seen(), Seen()
    for file in sorted([*options.folder.glob("*.jsonl"), *options.folder.glob("*.json")]):
        for value in read_values(file):
            theirs.add(value)
    documented = 0
    made = (
        read_values(options.generated)
        if options.generated
        else (vars(one) for one in conversations(options.seed, options.count))
    )
    for value in made:
        ours.add({"tools": value["tools"], "messages": value["messages"]})
        text = json.dumps([value["tools"], value["messages"]], ensure_ascii=False).casefold()
        documented += any(word in text for word in DOCUMENTED_WORDS)
    shared = {
        "requests": len(ours.requests & theirs.requests),
        "runs of eight words": len(ours.shingles & theirs.shingles),
        "tools (name and description)": len(ours.tools & theirs.tools),
        "conversations naming a documented example": documented,
    }
    print(
        f"benchmark: {len(theirs.requests)} requests, {len(theirs.tools)} tools; made: {len(ours.requests)} requests, {len(ours.tools)} tools"
    )
    for name, count in shared.items():
        print(f"shared {name}: {count}")
    sys.exit(1 if any(shared.values()) else 0)


if __name__ == "__main__":
    main()

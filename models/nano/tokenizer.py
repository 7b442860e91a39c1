"""A byte-level BPE tokenizer whose merges keep a word's tokens the same wherever it stands, so that copying is exact.

No merge contains a digit, none spans more than one non-ASCII character, and only frequent function words merge with the
blank before them. Texts are split as llama.cpp's `deepseek-coder` pre-tokeniser does, so both produce equal tokens.
"""

import argparse
from collections import Counter, defaultdict
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

import regex

HERE = Path(__file__).parent
FILE = HERE / "merges.txt"

CONTROL_TOKENS = (
    "<|pad|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>", "<|tools|>", "<|call|>", "<|skip|>", "<|result|>",
    "<|best|>", "<|r0|>", "<|r1|>", "<|r2|>", "<|r3|>", "<|r4|>", "<|r5|>",
)  # fmt: skip
VOCABULARY_SIZE = 4096
HANZI = 1650  # how many non-ASCII characters become one token

# The stages of deepseek-coder in one expression. Its last stages only part digits and CJK runs, which never merge here.
PIECES = regex.compile(r"[\r\n]|[^\S\r\n]?\p{L}+|[^\S\r\n]?\p{P}+|.", regex.DOTALL)
PARTS = regex.compile(r"[\x00-\x7f]+|[^\x00-\x7f]")

Merge = tuple[bytes, bytes]


def byte_texts() -> list[str]:
    """The printable character that stands for each byte in GPT-2 style vocabularies."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    texts = {byte: chr(byte) for byte in printable} | {byte: chr(256 + index) for index, byte in enumerate(others)}
    return [texts[byte] for byte in range(256)]


BYTE_TEXTS = byte_texts()
BYTE_OF_TEXT = {text: byte for byte, text in enumerate(BYTE_TEXTS)}


def to_text(token: bytes) -> str:
    """A token as GPT-2 style text."""
    return "".join(BYTE_TEXTS[byte] for byte in token)


def to_bytes(text: str) -> bytes:
    """The reverse of `to_text`."""
    return bytes(BYTE_OF_TEXT[character] for character in text)


class Tokenizer:
    """Encodes and decodes texts; ids are the control tokens, the bytes, then one for each merge."""

    def __init__(self, merges: Iterable[Merge]) -> None:
        self.merges = list(merges)
        self.rank = {merge: index for index, merge in enumerate(self.merges)}
        self.tokens: list[bytes] = [name.encode() for name in CONTROL_TOKENS]
        self.tokens += [bytes([byte]) for byte in range(256)]
        self.tokens += dict.fromkeys(left + right for left, right in self.merges)
        self.control = {name: index for index, name in enumerate(CONTROL_TOKENS)}
        self.id = {token: index for index, token in enumerate(self.tokens) if index >= len(CONTROL_TOKENS)}
        self.encode_part = lru_cache(200_000)(self._encode_part)

    @staticmethod
    def load(file: Path = FILE) -> "Tokenizer":
        """Reads the merges that `train` wrote."""
        pairs = (line.split(" ") for line in file.read_text(encoding="utf8").splitlines())
        return Tokenizer((to_bytes(left), to_bytes(right)) for left, right in pairs)

    def save(self, file: Path = FILE) -> None:
        """Writes the merges, one a line."""
        lines = (f"{to_text(left)} {to_text(right)}\n" for left, right in self.merges)
        file.write_text("".join(lines), encoding="utf8")

    def _encode_part(self, part: str) -> tuple[int, ...]:
        pieces = [bytes([byte]) for byte in part.encode()]
        never = len(self.merges)
        while len(pieces) > 1:
            ranks = [self.rank.get(pair, never) for pair in zip(pieces, pieces[1:])]
            best = min(ranks)
            if best == never:
                break
            index = ranks.index(best)
            pieces[index : index + 2] = [pieces[index] + pieces[index + 1]]
        return tuple(self.id[piece] for piece in pieces)

    def encode(self, text: str) -> list[int]:
        """Token ids of plain text; control tokens are never recognised in it."""
        ids: list[int] = []
        for piece in PIECES.findall(text):
            for part in PARTS.findall(piece):
                ids.extend(self.encode_part(part))
        return ids

    def decode(self, ids: Iterable[int]) -> str:
        """The text of ids, control tokens by name."""
        return b"".join(self.tokens[index] for index in ids).decode("utf8", "replace")


def count_parts(texts: Iterable[str]) -> tuple[Counter[str], Counter[str], Counter[str]]:
    """Counts ASCII words without their blank, words that followed a blank, and non-ASCII characters."""
    words: Counter[str] = Counter()
    spaced: Counter[str] = Counter()
    characters: Counter[str] = Counter()
    for text in texts:
        for piece in PIECES.findall(text):
            for part in PARTS.findall(piece):
                if not part.isascii():
                    characters[part] += 1
                elif len(part) > 1:
                    words[part.lstrip(" ")] += 1
                    if part[0] == " ":
                        spaced[part[1:]] += 1
    return words, spaced, characters


def character_merges(characters: Iterable[str]) -> list[Merge]:
    """Merges that make each character one token, from the left, so that other characters share their first bytes."""
    merges: dict[Merge, None] = {}
    for character in characters:
        encoded = character.encode()
        for index in range(1, len(encoded)):
            merges[encoded[:index], encoded[index : index + 1]] = None
    return sorted(merges, key=lambda merge: len(merge[0]))


def word_merges(words: Counter[str], count: int) -> list[Merge]:
    """The classic BPE procedure: merges the most frequent neighbours again and again."""
    sequences = [[bytes([byte]) for byte in word.encode()] for word in words]
    counts = list(words.values())
    pairs: Counter[Merge] = Counter()
    places: dict[Merge, set[int]] = defaultdict(set)
    for index, sequence in enumerate(sequences):
        for pair in zip(sequence, sequence[1:]):
            pairs[pair] += counts[index]
            places[pair].add(index)
    merges: list[Merge] = []
    while len(merges) < count:
        best = max(pairs, key=lambda pair: (pairs[pair], pair))
        if pairs[best] < 2:
            break
        merges.append(best)
        for index in places.pop(best):
            replace_pair(sequences[index], best, counts[index], pairs, places, index)
        pairs.pop(best, None)
    return merges


def replace_pair(
    sequence: list[bytes], pair: Merge, count: int, pairs: Counter[Merge], places: dict[Merge, set[int]], index: int
) -> None:
    """Joins a pair inside one word and brings the counts of its neighbours up to date."""
    for old in zip(sequence, sequence[1:]):
        pairs[old] -= count
    position = 0
    while position + 1 < len(sequence):
        if (sequence[position], sequence[position + 1]) == pair:
            sequence[position : position + 2] = [pair[0] + pair[1]]
        position += 1
    for new in zip(sequence, sequence[1:]):
        pairs[new] += count
        places[new].add(index)


def train(texts: Iterable[str], function_words: list[str], common_characters: str) -> Tokenizer:
    """Learns a tokenizer of VOCABULARY_SIZE from texts; fixed lists say what is frequent whatever the texts are."""
    words, _, characters = count_parts(texts)
    ranked = [character for character, _ in characters.most_common()]
    chosen = list(dict.fromkeys(ranked + list(common_characters)))[:HANZI]
    accented = [chr(code) for code in range(0xC0, 0x100)]
    character_part = character_merges(chosen + accented)
    free = VOCABULARY_SIZE - len(CONTROL_TOKENS) - 256 - len(character_part)
    learnt = word_merges(words, free)
    for kept in range(len(learnt), 0, -1):
        tokens = {left + right for left, right in learnt[:kept]}
        spaced = [
            (b" ", word.encode()) for word in dict.fromkeys(function_words) if len(word) == 1 or word.encode() in tokens
        ]
        if len(tokens) + len(spaced) <= free:
            return Tokenizer(character_part + learnt[:kept] + spaced)
    raise ValueError("the vocabulary is too small for its fixed parts")


def main() -> None:
    """Trains on generated conversations and writes merges.txt."""
    from generate import conversations
    from render import plain_texts

    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--conversations", type=int, default=12_000)
    count = parser.parse_args().conversations
    texts = [text for conversation in conversations(seed=5, count=count) for text in plain_texts(conversation)]
    function_words = (HERE / "data" / "function_words.txt").read_text(encoding="utf8").split()
    common = "".join((HERE / "data" / "common_hanzi.txt").read_text(encoding="utf8").split())
    tokenizer = train(texts, function_words, common)
    tokenizer.save()
    tokens = sum(len(tokenizer.encode(text)) for text in texts[:20_000])
    print(f"{len(tokenizer.tokens)} tokens, {sum(map(len, texts[:20_000])) / tokens:.2f} characters a token")


if __name__ == "__main__":
    main()

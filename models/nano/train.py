"""Trains the nano model on generated conversations; a run is resumable and ends, its learning rate at zero, when told to."""

import argparse
import json
import queue
import random
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from generate import conversations
from initialise import initialise
from model import NanoModel, Shape
from render import OWN, Conversation, segments_of
from tokenizer import HERE, Tokenizer

LENGTHS = (96, 128, 160, 192, 224, 256, 320, 384, 448, 512, 640, 768)
OTHER_WEIGHT = 0.12  # of tokens the model need not decide itself
OTHER_SHARE = 0.25  # how many of them count at all
HARD_WEIGHTS = {"decision": 2.0, "value start": 2.0, "stop": 1.5, "skip": 1.5}  # of decisions that are rare and learnt slowest
SHORT_SHARE = 0.65  # of training conversations: more decisions a token than the others
VALIDATION_SEED = 999_983
VALIDATION_COUNT = 160


@dataclass(frozen=True)
class Example:
    """A conversation as token ids; `own` marks what the model decides, `kinds` names each such decision."""

    ids: list[int]
    own: list[bool]
    kinds: list[str]


@dataclass
class Progress:
    """Where a run stands."""

    step: int = 0
    tokens: int = 0
    own_tokens: int = 0
    seconds: float = 0.0
    history: list[dict[str, float]] = field(default_factory=list)


def encode(conversation: Conversation, tokenizer: Tokenizer) -> Example:
    """Token ids and the decisions among them: call or text, tool, skip, value start, value rest, stop, text."""
    ids: list[int] = []
    own: list[bool] = []
    kinds: list[str] = []
    labels = Labels()
    for segment in segments_of(conversation):
        tokens = [tokenizer.control[segment.text]] if segment.control else tokenizer.encode(segment.text)
        mine = segment.role == OWN
        ids += tokens
        own += [mine] * len(tokens)
        kinds += labels.of(segment.text, len(tokens)) if mine else [""] * len(tokens)
        if segment.text == "<|assistant|>":
            labels = Labels()
    return Example(ids, own, kinds)


class Labels:
    """Names the decisions of one answer, segment by segment."""

    def __init__(self) -> None:
        self.before = ""
        self.calls = False

    def of(self, text: str, length: int) -> list[str]:
        """The kind of each token of the model's next segment."""
        first, before = self.before == "", self.before
        self.before = text
        self.calls = self.calls or text == "<|call|>"
        if first:
            return ["decision"] + ["text"] * (length - 1)
        fixed = {"<|call|>": "stop", "<|end|>": "stop", "<|skip|>": "skip", "\n": "value end"}
        if text in fixed:
            return [fixed[text] if self.calls or text != "<|end|>" else "text"]
        return ["tool"] * length if before == "<|call|>" else ["value start"] + ["value rest"] * (length - 1)


@dataclass(frozen=True)
class Batch:
    """Examples of similar length, padded."""

    inputs: Tensor
    targets: Tensor
    own: Tensor
    weights: Tensor
    kinds: list[list[str]]


def to_batch(examples: list[Example]) -> Batch:
    """Pads examples to the length of their bucket; `targets` is -1 beyond the end."""
    longest = max(len(example.ids) for example in examples) - 1
    length = next(size for size in LENGTHS if size >= longest)
    inputs = torch.zeros(len(examples), length, dtype=torch.long)
    targets = torch.full((len(examples), length), -1)
    own = torch.zeros(len(examples), length, dtype=torch.bool)
    weights = torch.full((len(examples), length), OTHER_WEIGHT)
    for row, example in enumerate(examples):
        size = len(example.ids) - 1
        inputs[row, :size] = torch.tensor(example.ids[:-1])
        targets[row, :size] = torch.tensor(example.ids[1:])
        own[row, :size] = torch.tensor(example.own[1:])
        weighed = [HARD_WEIGHTS.get(kind, 1.0) if kind else OTHER_WEIGHT for kind in example.kinds[1:]]
        weights[row, :size] = torch.tensor(weighed)
    return Batch(inputs, targets, own, weights, [example.kinds[1:] for example in examples])


def batches(tokenizer: Tokenizer, seed: int, tokens: int) -> Iterator[Batch]:
    """Batches of about `tokens` tokens without end."""
    buckets: dict[int, list[Example]] = defaultdict(list)
    for conversation in conversations(seed, short_share=SHORT_SHARE):
        example = encode(conversation, tokenizer)
        size = next((length for length in LENGTHS if length >= len(example.ids) - 1), None)
        if size is None:
            continue
        buckets[size].append(example)
        if len(buckets[size]) * size >= tokens:
            yield to_batch(buckets.pop(size))


def prefetched(source: Iterator[Batch], ahead: int = 12) -> Iterator[Batch]:
    """The same batches, made by a thread of its own while the model computes."""
    waiting: queue.Queue[Batch] = queue.Queue(ahead)

    def fill() -> None:
        for batch in source:
            waiting.put(batch)

    threading.Thread(target=fill, daemon=True).start()
    while True:
        yield waiting.get()


def precision(batch: Batch) -> torch.autocast:
    """bfloat16 on a GPU; on a CPU only where its instructions are, else it is a hundred times slower than float32."""
    device = batch.inputs.device.type
    fast = device == "cuda" or torch.cpu._is_avx512_bf16_supported()
    return torch.autocast(device, torch.bfloat16, enabled=fast)


def batch_loss(model: NanoModel, batch: Batch, generator: torch.Generator) -> tuple[Tensor, float]:
    """The weighted loss, and the plain loss of the model's own tokens."""
    with precision(batch):
        others = (torch.rand(batch.targets.shape, generator=generator) < OTHER_SHARE).to(batch.own.device)
        kept = batch.own | (others & (batch.targets >= 0))
        logits = model.logits(model.hidden_at(batch.inputs, kept))
    own = batch.own[kept]
    losses = F.cross_entropy(logits.float(), batch.targets[kept], reduction="none")
    return (losses * batch.weights[kept]).sum() / own.sum(), losses[own].mean().item()


@torch.no_grad()
def validate(model: NanoModel, held_out: list[Batch]) -> dict[str, float]:
    """Share of right decisions by kind, and the loss, on conversations never trained on."""
    right: dict[str, int] = defaultdict(int)
    count: dict[str, int] = defaultdict(int)
    total = 0.0
    for batch in held_out:
        with precision(batch):
            logits = model.logits(model.hidden_at(batch.inputs, batch.own)).float()
        targets = batch.targets[batch.own]
        total += F.cross_entropy(logits, targets, reduction="sum").item()
        hits = (logits.argmax(-1) == targets).tolist()
        kinds = [kind for row, mask in zip(batch.kinds, batch.own.tolist()) for kind, mine in zip(row, mask) if mine]
        for kind, hit in zip(kinds, hits):
            right[kind] += hit
            count[kind] += 1
    scores = {kind: round(right[kind] / count[kind], 4) for kind in sorted(count)}
    return {
        "loss": round(total / sum(count.values()), 4),
        "all": round(sum(right.values()) / sum(count.values()), 4),
    } | scores


def held_out_batches(tokenizer: Tokenizer, device: str) -> list[Batch]:
    """The validation conversations, by length."""
    examples = [encode(conversation, tokenizer) for conversation in conversations(VALIDATION_SEED, VALIDATION_COUNT)]
    examples = sorted((one for one in examples if len(one.ids) <= LENGTHS[-1]), key=lambda one: len(one.ids))
    return [moved(to_batch(examples[start : start + 16]), device) for start in range(0, len(examples), 16)]


def moved(batch: Batch, device: str) -> Batch:
    """The batch on a device."""
    tensors = (batch.inputs, batch.targets, batch.own, batch.weights)
    return Batch(*(tensor.to(device) for tensor in tensors), batch.kinds)


def rate_factor(done: float, step: int) -> float:
    """A short warm-up, a plateau, then a linear way to zero."""
    warm = min(1.0, (step + 1) / 40)
    return warm * min(1.0, max(0.0, (1.0 - done) / 0.7))


def save(file: Path, model: NanoModel, optimiser: torch.optim.Optimizer, progress: Progress) -> None:
    """Writes a checkpoint in one move, so that a broken run leaves a whole one behind."""
    state = {
        "shape": model.shape.as_dict(),
        "model": model.state_dict(),
        "optimiser": optimiser.state_dict(),
        "progress": vars(progress),
    }
    part = file.with_suffix(".part")
    torch.save(state, part)
    part.replace(file)


class Run:
    """A training run that ends after a number of seconds of training, over all its resumptions."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.folder = HERE / "runs" / options.run
        self.folder.mkdir(parents=True, exist_ok=True)
        self.tokenizer = Tokenizer.load()
        torch.manual_seed(options.seed)
        shape = Shape(len(self.tokenizer.tokens), layers=options.layers, feed_forward=options.feed_forward)
        self.model = NanoModel(shape)
        initialise(self.model)
        self.model.to(options.device)
        matrices = [p for n, p in self.model.named_parameters() if p.dim() == 2 and not n.startswith("embedding")]
        others = [p for n, p in self.model.named_parameters() if p.dim() != 2 or n.startswith("embedding")]
        groups = [{"params": matrices, "weight_decay": 0.01}, {"params": others, "weight_decay": 0.0}]
        self.optimiser = torch.optim.AdamW(groups, lr=options.rate, betas=(0.9, 0.95))
        self.progress = Progress()
        self.checkpoint = self.folder / "checkpoint.pt"
        if self.checkpoint.exists():
            state = torch.load(self.checkpoint, map_location=options.device, weights_only=True)
            self.model.load_state_dict(state["model"])
            self.optimiser.load_state_dict(state["optimiser"])
            self.progress = Progress(**state["progress"])
        self.held_out = held_out_batches(self.tokenizer, options.device)
        self.random = torch.Generator().manual_seed(options.seed + self.progress.step)
        print(f"{self.model.parameter_count() / 1e6:.2f} M parameters, from step {self.progress.step}", flush=True)

    def size(self) -> int:
        """Tokens a step: few at first, when every step helps, more later."""
        done = self.progress.seconds / self.options.seconds
        return self.options.tokens * (1 if done < 0.35 else 2)

    def step(self, parts: list[Batch]) -> float:
        """One update from one or several batches."""
        done = self.progress.seconds / self.options.seconds
        for group in self.optimiser.param_groups:
            group["lr"] = self.options.rate * rate_factor(done, self.progress.step)
        plain = 0.0
        for part in parts:
            loss, own = batch_loss(self.model, moved(part, self.options.device), self.random)
            (loss / len(parts)).backward()
            plain += own / len(parts)
            self.progress.tokens += int((part.targets >= 0).sum())
            self.progress.own_tokens += int(part.own.sum())
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        self.progress.step += 1
        return plain

    def report(self, loss: float) -> None:
        """Validates, logs and saves."""
        progress = self.progress
        scores = validate(self.model, self.held_out)
        line = {
            "step": progress.step,
            "seconds": round(progress.seconds),
            "tokens": progress.tokens,
            "train": round(loss, 4),
            **scores,
        }
        progress.history.append(line)
        with (self.folder / "history.jsonl").open("a", encoding="utf8") as file:
            file.write(json.dumps(line) + "\n")
        print(time.strftime("%H:%M:%S"), line, flush=True)
        save(self.checkpoint, self.model, self.optimiser, progress)

    def go(self) -> None:
        """Trains until the run's time is used up."""
        seed = random.Random(self.options.seed * 1_000_003 + self.progress.step).randrange(10**9)
        source = prefetched(batches(self.tokenizer, seed, self.options.tokens))
        average, next_report = 0.0, self.progress.seconds
        while self.progress.seconds < self.options.seconds:
            start = time.monotonic()
            parts = [next(source) for _ in range(self.size() // self.options.tokens)]
            loss = self.step(parts)
            average = loss if average == 0 else 0.97 * average + 0.03 * loss
            if self.progress.seconds >= next_report:
                self.report(average)
                next_report = self.progress.seconds + self.options.every
            self.progress.seconds += time.monotonic() - start
        self.report(average)


def main() -> None:
    """Starts or resumes a run; its files lie in runs/NAME."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--run", default="main")
    parser.add_argument("--seconds", type=float, default=3600, help="training time of the whole run")
    parser.add_argument("--every", type=float, default=150, help="seconds between validations and checkpoints")
    parser.add_argument("--tokens", type=int, default=4096, help="tokens a batch")
    parser.add_argument("--rate", type=float, default=2e-3, help="highest learning rate")
    parser.add_argument("--layers", type=int, default=5)
    parser.add_argument("--feed-forward", type=int, default=512)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    Run(options).go()


if __name__ == "__main__":
    main()

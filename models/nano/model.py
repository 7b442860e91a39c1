"""The nano model: a small decoder of the Qwen2 shape, so that llama.cpp runs its GGUF without any change."""

import math
from dataclasses import asdict, dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True)
class Shape:
    """The sizes of a model; heads all have their own keys and values, as so small a model gains nothing by sharing."""

    vocabulary: int
    width: int = 256
    layers: int = 5
    heads: int = 4
    head_width: int = 64
    feed_forward: int = 512
    rope_base: float = 100_000.0
    context: int = 4096
    norm_epsilon: float = 1e-5

    def as_dict(self) -> dict[str, int | float]:
        """The sizes as plain values, for a checkpoint."""
        return asdict(self)


class RootMeanSquareNorm(nn.Module):
    """Scales a vector to unit root mean square, then by a learnt weight."""

    def __init__(self, width: int, epsilon: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.epsilon = epsilon

    def forward(self, x: Tensor) -> Tensor:
        """Normalises the last dimension."""
        return F.rms_norm(x, (x.shape[-1],), self.weight.to(x.dtype), self.epsilon)


def rope_tables(shape: Shape) -> tuple[Tensor, Tensor]:
    """Cosines and sines of the rotary position embedding, one row a position."""
    half = torch.arange(0, shape.head_width, 2).float() / shape.head_width
    angles = torch.arange(shape.context).float()[:, None] * shape.rope_base ** (-half)
    return angles.cos(), angles.sin()


def rotate(x: Tensor, cosines: Tensor, sines: Tensor) -> Tensor:
    """Rotates the two halves of each head against each other (the NeoX pairing, which llama.cpp's qwen2 uses)."""
    first, second = x.chunk(2, -1)
    return torch.cat((first * cosines - second * sines, second * cosines + first * sines), -1)


@dataclass
class Cache:
    """Keys and values of one block for the positions seen so far."""

    keys: Tensor
    values: Tensor


class Block(nn.Module):
    """Attention, then a gated feed-forward layer, each added to the residual stream."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        inner = shape.heads * shape.head_width
        self.shape = shape
        self.attention_norm = RootMeanSquareNorm(shape.width, shape.norm_epsilon)
        self.feed_norm = RootMeanSquareNorm(shape.width, shape.norm_epsilon)
        self.query_key_value = nn.Linear(shape.width, 3 * inner, bias=True)
        self.attention_out = nn.Linear(inner, shape.width, bias=False)
        self.gate_up = nn.Linear(shape.width, 2 * shape.feed_forward, bias=False)
        self.down = nn.Linear(shape.feed_forward, shape.width, bias=False)

    def forward(
        self, x: Tensor, rope: tuple[Tensor, Tensor], past: Cache | None, mask: Tensor | None
    ) -> tuple[Tensor, Cache]:
        """Returns the new residual stream and the keys and values to attend to from later positions."""
        mixed, cache = self.mix(x, rope, past, mask)
        return self.feed(x + self.attention_out(mixed)), cache

    def at(self, x: Tensor, rope: tuple[Tensor, Tensor], kept: Tensor) -> Tensor:
        """As `forward` for whole sequences, but only the kept positions' results: a last block need not compute others."""
        mixed, _ = self.mix(x, rope, None, None)
        return self.feed(x[kept] + self.attention_out(mixed[kept]))

    def feed(self, x: Tensor) -> Tensor:
        """The feed-forward half."""
        gate, up = self.gate_up(self.feed_norm(x)).chunk(2, -1)
        return x + self.down(F.silu(gate) * up)

    def mix(
        self, x: Tensor, rope: tuple[Tensor, Tensor], past: Cache | None, mask: Tensor | None
    ) -> tuple[Tensor, Cache]:
        """What each position's heads gather from the positions before it."""
        batch, length, _ = x.shape
        split = (batch, length, self.shape.heads, self.shape.head_width)
        parts = self.query_key_value(self.attention_norm(x)).chunk(3, -1)
        query, key, value = (part.view(split).transpose(1, 2) for part in parts)
        query, key = rotate(query, *rope), rotate(key, *rope)
        if past is not None:
            key, value = torch.cat((past.keys, key), 2), torch.cat((past.values, value), 2)
        mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=mask, is_causal=mask is None and length > 1)
        return mixed.transpose(1, 2).reshape(batch, length, -1), Cache(key, value)


class NanoModel(nn.Module):
    """The whole model; input and output embedding are one matrix."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.embedding = nn.Embedding(shape.vocabulary, shape.width)
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.layers))
        self.norm = RootMeanSquareNorm(shape.width, shape.norm_epsilon)
        cosines, sines = rope_tables(shape)
        self.register_buffer("cosines", cosines, persistent=False)
        self.register_buffer("sines", sines, persistent=False)
        self.apply_normal_weights()

    @torch.no_grad()
    def apply_normal_weights(self) -> None:
        """Draws all matrices from normal distributions; matrices that write to the residual stream are smaller."""
        for name, parameter in self.named_parameters():
            if name.endswith("bias"):
                nn.init.zeros_(parameter)
            elif parameter.dim() == 2:
                deviation = 0.02 if name.startswith("embedding") else 0.5 / math.sqrt(parameter.shape[1])
                if name.endswith(("attention_out.weight", "down.weight")):
                    deviation /= math.sqrt(2 * self.shape.layers)
                nn.init.normal_(parameter, 0.0, deviation)

    def hidden(self, ids: Tensor) -> Tensor:
        """The normalised residual stream at every position of whole sequences."""
        return self.hidden_after(ids, None)[0]

    def hidden_at(self, ids: Tensor, kept: Tensor) -> Tensor:
        """As `hidden`, for the kept positions only, one row each."""
        x = self.embedded(ids)
        rope = self.rope(0, ids.shape[1], x.dtype)
        for block in self.blocks[:-1]:
            x, _ = block(x, rope, None, None)
        return self.norm(self.blocks[-1].at(x, rope, kept))

    def embedded(self, ids: Tensor) -> Tensor:
        """The first state of the residual stream."""
        x = self.embedding(ids)
        device = ids.device.type
        return x.to(torch.get_autocast_dtype(device)) if torch.is_autocast_enabled(device) else x

    def rope(self, start: int, length: int, kind: torch.dtype) -> tuple[Tensor, Tensor]:
        """The rotary tables of some positions."""
        return self.cosines[start : start + length].to(kind), self.sines[start : start + length].to(kind)

    def hidden_after(self, ids: Tensor, past: list[Cache] | None) -> tuple[Tensor, list[Cache]]:
        """As `hidden`, for positions that follow `past`; also returns the caches that now hold them too."""
        x = self.embedded(ids)
        start = past[0].keys.shape[2] if past else 0
        length = ids.shape[1]
        rope = self.rope(start, length, x.dtype)
        mask = torch.ones(length, start + length, dtype=torch.bool).tril(start) if past and length > 1 else None
        caches = []
        for index, block in enumerate(self.blocks):
            x, cache = block(x, rope, past[index] if past else None, mask)
            caches.append(cache)
        return self.norm(x), caches

    def logits(self, hidden: Tensor) -> Tensor:
        """Scores of the next token for each of the given residual vectors."""
        return F.linear(hidden, self.embedding.weight.to(hidden.dtype))

    def parameter_count(self) -> int:
        """How many numbers the model has."""
        return sum(parameter.numel() for parameter in self.parameters())

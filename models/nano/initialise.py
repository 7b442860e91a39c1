"""A structured first state of the model in which two layers already copy: 'what followed the last time I saw this?'.

The residual stream is parted: token identity, previous token, token before that. Layer 0 moves identities one and two
places on (its query and key biases alone fix the distance through the rotary embedding); layer 1 finds the place whose
previous token equals the current one and writes what stands there. Training then changes everything freely.
"""

import math

import torch
from torch import Tensor

from model import Block, NanoModel, Shape

SHARPNESS = 12.0  # how strongly a position head prefers its distance
MATCH = 24.0  # how strongly a matching token attracts
COPY = 4.0  # how much of the found token is written
DEVIATION = 0.25  # of a token's identity
SPAN = 400  # tokens within which the slow rotary dimensions barely turn


def slow_dimensions(shape: Shape) -> Tensor:
    """Indexes of a head's rotary dimensions that barely turn within SPAN tokens: content can be compared on them."""
    half = shape.head_width // 2
    frequencies = shape.rope_base ** (-torch.arange(0, shape.head_width, 2).float() / shape.head_width)
    slow = torch.tensor([index for index in range(half) if frequencies[index] * SPAN < 1.0])
    return torch.cat([slow, slow + half])


def orthonormal(rows: int, columns: int) -> Tensor:
    """A random matrix with orthonormal rows."""
    return torch.linalg.qr(torch.randn(columns, rows))[0].T


def slices(shape: Shape, head: int) -> tuple[slice, slice, slice]:
    """Where a head's query, key and value rows lie in the joint projection."""
    width, heads = shape.head_width, shape.heads
    return tuple(slice((part * heads + head) * width, (part * heads + head + 1) * width) for part in range(3))


def set_position_head(block: Block, head: int, distance: int, into: int, projection: Tensor) -> None:
    """Makes a head write the identity of the token `distance` places back into the residual part that starts at `into`."""
    shape = block.shape
    query, key, value = slices(shape, head)
    half, width = shape.head_width // 2, projection.shape[0]
    weight, bias = block.query_key_value.weight, block.query_key_value.bias
    frequencies = shape.rope_base ** (-torch.arange(0, shape.head_width, 2).float() / shape.head_width)
    amplitude = math.sqrt(SHARPNESS * math.sqrt(shape.head_width) * 4 / half)
    weight[query] *= 0.1
    weight[key] *= 0.1
    bias[key.start : key.start + half] = amplitude
    bias[query.start : query.start + half] = amplitude * torch.cos(-frequencies * distance)
    bias[query.start + half : query.stop] = amplitude * torch.sin(-frequencies * distance)
    weight[value] = 0
    weight[value.start : value.start + width, : projection.shape[1]] = projection
    columns = slice(head * shape.head_width, (head + 1) * shape.head_width)
    block.attention_out.weight[:, columns] *= 0.1
    block.attention_out.weight[into : into + width, columns.start : columns.start + width] += (
        torch.eye(width) * DEVIATION
    )


def set_induction_head(block: Block, head: int, projection: Tensor, dimensions: Tensor) -> None:
    """Makes a head copy what follows the last place where the current token (head 0) or the one before it (head 1) stood."""
    shape = block.shape
    query, key, value = slices(shape, head)
    width, identity = projection.shape
    scale = math.sqrt(MATCH * math.sqrt(shape.head_width) / width)
    weight = block.query_key_value.weight
    weight[query] *= 0.1
    weight[key] *= 0.1
    if head == 0:
        weight[query.start + dimensions, :identity] += projection * scale
    else:
        weight[query.start + dimensions, identity : identity + width] += torch.eye(width) * scale
    start = identity + head * width
    weight[key.start + dimensions, start : start + width] += torch.eye(width) * scale
    rank = min(shape.head_width, identity)
    copied = orthonormal(rank, identity)
    weight[value] = 0
    weight[value.start : value.start + rank, :identity] = copied
    columns = slice(head * shape.head_width, (head + 1) * shape.head_width)
    block.attention_out.weight[:, columns] *= 0.1
    block.attention_out.weight[:identity, columns.start : columns.start + rank] += copied.T * COPY * DEVIATION


@torch.no_grad()
def initialise(model: NanoModel) -> None:
    """Sets the structured state; what it does not name keeps its normal weights."""
    shape = model.shape
    dimensions = slow_dimensions(shape)
    width = len(dimensions)
    identity = shape.width - 2 * width
    embedding = torch.randn(shape.vocabulary, shape.width) * 0.02
    embedding[:, :identity] = torch.randn(shape.vocabulary, identity) * DEVIATION
    model.embedding.weight.copy_(embedding)
    model.norm.weight.fill_(0.6 / math.sqrt(identity) / DEVIATION)
    projection = orthonormal(width, identity)
    for head, distance in enumerate((1, 2)):
        set_position_head(model.blocks[0], head, distance, identity + head * width, projection)
        set_induction_head(model.blocks[1], head, projection, dimensions)

"""Writes a checkpoint and the tokenizer as one GGUF of the qwen2 architecture, matrices in q8_0."""

import argparse
from pathlib import Path

import gguf
import numpy
import torch
from torch import Tensor

from initialise import initialise
from model import NanoModel, Shape
from tokenizer import CONTROL_TOKENS, HERE, Tokenizer, to_text

PRE_TOKENISER = "deepseek-coder"


def load_model(checkpoint: Path) -> NanoModel:
    """A model with the weights of a checkpoint."""
    state = torch.load(checkpoint, map_location="cpu", weights_only=True)
    model = NanoModel(Shape(**state["shape"]))
    model.load_state_dict(state["model"])
    return model


def untrained_model(vocabulary: int) -> NanoModel:
    """A model in its structured first state."""
    torch.manual_seed(1)
    model = NanoModel(Shape(vocabulary))
    initialise(model)
    return model


def tensors(model: NanoModel) -> dict[str, Tensor]:
    """All tensors by their GGUF names."""
    named = {"token_embd.weight": model.embedding.weight, "output_norm.weight": model.norm.weight}
    for index, block in enumerate(model.blocks):
        prefix = f"blk.{index}"
        weights, biases = block.query_key_value.weight.chunk(3), block.query_key_value.bias.chunk(3)
        for name, weight, bias in zip("qkv", weights, biases):
            named[f"{prefix}.attn_{name}.weight"], named[f"{prefix}.attn_{name}.bias"] = weight, bias
        gate, up = block.gate_up.weight.chunk(2)
        named |= {
            f"{prefix}.attn_norm.weight": block.attention_norm.weight,
            f"{prefix}.attn_output.weight": block.attention_out.weight,
            f"{prefix}.ffn_norm.weight": block.feed_norm.weight,
            f"{prefix}.ffn_gate.weight": gate,
            f"{prefix}.ffn_up.weight": up,
            f"{prefix}.ffn_down.weight": block.down.weight,
        }
    return named


def add_description(writer: gguf.GGUFWriter, shape: Shape) -> None:
    """General facts and the architecture's numbers."""
    writer.add_name("aiMindServe nano")
    writer.add_description("A very small model for tool calling, trained from scratch on synthetic data")
    writer.add_license("apache-2.0")
    writer.add_float32("general.sampling.temp", 0.0)  # its calls should be its best guess, not a draw
    writer.add_languages(["en", "zh"])
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    writer.add_quantization_version(2)
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.feed_forward)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.heads)
    writer.add_rope_freq_base(shape.rope_base)
    writer.add_layer_norm_rms_eps(shape.norm_epsilon)
    writer.add_vocab_size(shape.vocabulary)


def add_tokenizer(writer: gguf.GGUFWriter, tokenizer: Tokenizer) -> None:
    """Vocabulary, merges, special tokens and the chat template."""
    count = len(CONTROL_TOKENS)
    texts = [*CONTROL_TOKENS, *(to_text(token) for token in tokenizer.tokens[count:])]
    types = [gguf.TokenType.CONTROL] * count + [gguf.TokenType.NORMAL] * (len(texts) - count)
    end = tokenizer.control["<|end|>"]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(PRE_TOKENISER)
    writer.add_token_list(texts)
    writer.add_token_types(types)
    writer.add_token_merges([f"{to_text(left)} {to_text(right)}" for left, right in tokenizer.merges])
    writer.add_bos_token_id(end)
    writer.add_eos_token_id(end)
    writer.add_eot_token_id(end)
    writer.add_pad_token_id(tokenizer.control["<|pad|>"])
    writer.add_add_bos_token(False)
    writer.add_add_eos_token(False)
    writer.add_add_space_prefix(False)
    writer.add_chat_template((HERE / "chat_template.jinja").read_text(encoding="utf8"))


def write(model: NanoModel, tokenizer: Tokenizer, file: Path) -> None:
    """Writes the GGUF."""
    writer = gguf.GGUFWriter(file, "qwen2")
    add_description(writer, model.shape)
    add_tokenizer(writer, tokenizer)
    for name, tensor in tensors(model).items():
        values = tensor.detach().float().contiguous().numpy().astype(numpy.float32)
        kind = gguf.GGMLQuantizationType.Q8_0 if values.ndim == 2 else gguf.GGMLQuantizationType.F32
        writer.add_tensor(name, gguf.quants.quantize(values, kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main() -> None:
    """Exports a checkpoint, or the untrained model without one."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--checkpoint", type=Path)
    parser.add_argument("--output", type=Path, default=HERE / "aimindserve-nano.gguf")
    options = parser.parse_args()
    tokenizer = Tokenizer.load()
    model = load_model(options.checkpoint) if options.checkpoint else untrained_model(len(tokenizer.tokens))
    write(model, tokenizer, options.output)
    print(
        f"{options.output}: {options.output.stat().st_size / 1e6:.2f} MB, {model.parameter_count() / 1e6:.2f} M parameters"
    )


if __name__ == "__main__":
    main()

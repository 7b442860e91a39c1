"""Makes a tiny random model of each family with its reference answers: make_fixtures.py FOLDER.

Needs torch, transformers, tokenizers and gguf; its output lies in `fixtures/`, so that no test needs Python.
"""

import base64
import json
import sys
from pathlib import Path

import numpy as np
import torch
from gguf import GGMLQuantizationType, quants
from safetensors.torch import save_file
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM, Qwen3Config, Qwen3ForCausalLM

LLAMA_SPLIT = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
QWEN_SPLIT = LLAMA_SPLIT.replace(r"\p{N}{1,3}", r"\p{N}")

TRAINING = [
    "the quick brown fox isn't here, they're there; she'd said it's 2024 and 1,234,567 or 3.14159!",
    "def function(self, value): return self.value + value  # comment\n\n    if value is None:\n\t\tpass\n",
    "你好,世界。今天的天气怎么样?日本語のテキストもあります。한국어 텍스트도 있습니다.",
    "Größe, naïve, Übermut, señor, Привет мир, γειά σου κόσμε, नमस्ते दुनिया, สวัสดีชาวโลก, مرحبا بالعالم",
    '{"name": "get_weather", "arguments": {"city": "Oslo", "unit": "celsius"}}',
    "123 123 123 123 456 456 456 1234 12345 123456 " * 4,
    "🚀 emoji 👩‍👩‍👧 and 🏳️‍🌈 flags; ------ ====== ...... !!!!! ?????",
]

NASTY = [
    "", " ", "  ", "\n", "\r\n", "\t", "\n\n\n", " \n \n", "a", " a", "a ", "  a  b   c    ",
    "3 33 333 3333 33333 333333 3333333", "1,234,567.89 and ½ ² ③ Ⅷ ١٢٣ १२३", "x1y22z333",
    "It's IT'S it'S they'RE we'Ve I'M he'LL she'D 's'''s", "'tis 'twas don''t",
    "tabs\there\t\tand\t \tmixed \t\n\t\n", "line\rline\r\rline\n\rline\r\n\r\nend", "trailing spaces   \n   next",
    "你好,世界", "今天天气真好啊123天", "日本語のテキスト", "한국어 텍스트", "สวัสดีชาวโลก", "नमस्ते दुनिया", "مرحبا بالعالم",
    "🚀🚀 👩‍👩‍👧 🏳️‍🌈 ✅ 🦙", "café naïve Ångström", "zero\u200bwidth\u200djoin\ufeffbom", "nbsp\u00a0\u00a0x\u3000y\u2003z",
    "\u2028line\u2029paragraph\u0085next", "nul\x00here\x01\x7f", "\u00adsoft\u00adhyphen", "ﬁ ligature ﷺ",
    "def f(x):\n    return x  # ok\n\n\nclass A:\n\tpass\n", '{"a": [1, 2.5e-10, null], "b": "\\u00e9\\n"}',
    "<tag attr='v'>text</tag>", "https://example.com/a?b=c&d=%20#e", "a_b-c.d/e\\f|g~h`i^j", "$100 €50 £20 ¥10 100%",
    "!!!???...,,,;;;:::", "======-------//////", " !leading", "\n!newline", "word!\n\n\nword", "...\n   ...",
    "<|im_start|>user\nhello<|im_end|>\n", "<|begin_of_text|><|eot_id|>text", "<tool_call>\n{\"name\": 1}\n</tool_call>",
    "<|im_start", "<tool_call", "𝒜𝓁𝓅𝒽𝒶 𐍈 𠜎", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "the the  the   the", "unfamiliarWordsInCamelCase AND_SHOUTING", "ДОМ дом Дом", "ΣΊΣΥΦΟΣ σίσυφος",
]

PROMPTS = ["the quick brown fox", "Hello", "你好,世界", "def f(x):\n    return x", "3 33 333", "a", "It's a longer text, with more words than the others, so that positions matter; and some more."]

FAMILIES = {
    "llama3": dict(
        split=LLAMA_SPLIT, nfc=False, bos="<|begin_of_text|>", eos="<|eot_id|>",
        special=["<|begin_of_text|>", "<|end_of_text|>", "<|eot_id|>", "<|eom_id|>", "<|python_tag|>"], other=[],
        make=lambda size: LlamaForCausalLM(LlamaConfig(
            **size, head_dim=16, tie_word_embeddings=False, rope_parameters=dict(
                rope_theta=500000.0, rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
                original_max_position_embeddings=64))),
        dtype=torch.float16,
    ),
    "qwen2": dict(
        split=QWEN_SPLIT, nfc=True, bos=None, eos="<|im_end|>",
        special=["<|endoftext|>", "<|im_start|>", "<|im_end|>"], other=["<tool_call>", "</tool_call>", "<|fim_pad|>"],
        make=lambda size: Qwen2ForCausalLM(Qwen2Config(
            **{**size, "num_attention_heads": 2, "num_key_value_heads": 1}, tie_word_embeddings=True,
            rope_parameters=dict(rope_theta=1000000.0, rope_type="default"))),
        dtype=torch.bfloat16,
    ),
    "qwen3": dict(
        split=QWEN_SPLIT, nfc=True, bos=None, eos="<|im_end|>",
        special=["<|endoftext|>", "<|im_start|>", "<|im_end|>"], other=["<tool_call>", "</tool_call>", "<think>", "</think>"],
        make=lambda size: Qwen3ForCausalLM(Qwen3Config(
            **size, head_dim=16, tie_word_embeddings=True,
            rope_parameters=dict(rope_theta=1000000.0, rope_type="default"))),
        dtype=torch.float16,
    ),
}


def train_tokenizer(family):
    tokenizer = Tokenizer(models.BPE(ignore_merges=family["bos"] is not None))
    if family["nfc"]:
        tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(family["split"]), "isolated", invert=False),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ])
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=376, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False)
    tokenizer.train_from_iterator(TRAINING * 3, trainer)
    tokenizer.add_special_tokens([AddedToken(text, special=True, normalized=False) for text in family["special"]])
    tokenizer.add_tokens([AddedToken(text, special=False, normalized=False) for text in family["other"]])
    if family["bos"] is not None:
        begin = processors.TemplateProcessing(
            single=f"{family['bos']} $A", special_tokens=[(family["bos"], tokenizer.token_to_id(family["bos"]))])
        tokenizer.post_processor = processors.Sequence([processors.ByteLevel(trim_offsets=False), begin])
    return tokenizer


def randomise(model):
    with torch.no_grad():
        for name, value in model.named_parameters():
            if "norm" in name:
                value.copy_(1 + 0.2 * torch.randn_like(value))
            else:
                value.copy_(0.25 * torch.randn_like(value))


def write_weights(model, folder, dtype, shards):
    state = {name: value.to(dtype).contiguous() for name, value in model.state_dict().items()}
    if model.config.tie_word_embeddings:
        state.pop("lm_head.weight", None)
    names = list(state)
    if shards == 1:
        save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
        return
    weight_map = {}
    for shard in range(shards):
        file = f"model-{shard + 1:05}-of-{shards:05}.safetensors"
        part = names[shard::shards]
        save_file({name: state[name] for name in part}, folder / file, metadata={"format": "pt"})
        weight_map.update({name: file for name in part})
    index = {"metadata": {"total_size": sum(v.nbytes for v in state.values())}, "weight_map": weight_map}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))


def byte_letters():
    """The letters by which byte-level tokenizers write bytes."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in plain]
    return {chr(byte): byte for byte in plain} | {chr(256 + at): byte for at, byte in enumerate(others)}


LETTERS = byte_letters()


def token_bytes(tokenizer, index):
    text = tokenizer.id_to_token(index)
    if text is None:
        return ""
    added = {token.content for token in tokenizer.get_added_tokens_decoder().values()}
    return (text.encode() if text in added else bytes(LETTERS[letter] for letter in text)).hex()


def reference(model, tokenizer, family):
    vocabulary = model.config.vocab_size
    logits = []
    for prompt in PROMPTS:
        ids = tokenizer.encode(prompt, add_special_tokens=False).ids
        if family["bos"] is not None:
            ids = [tokenizer.token_to_id(family["bos"])] + ids
        with torch.no_grad():
            last = model(torch.tensor([ids])).logits[0, -1].float()
        values = torch.log_softmax(last, -1)
        top = torch.topk(values, 20)
        assert values.shape[0] == vocabulary
        logits.append(dict(prompt=prompt, ids=ids, top=[
            [token_bytes(tokenizer, int(index)), round(float(value), 4)] for value, index in zip(top.values, top.indices)]))
    texts = [dict(text=text, ids=tokenizer.encode(text, add_special_tokens=False).ids) for text in NASTY]
    special = [tokenizer.token_to_id(text) for text in family["special"]]
    return dict(logits=logits, texts=texts, special=special)


def old_style(config):
    """As the checkpoints of 2024 have it."""
    rope = config.pop("rope_parameters")
    config["rope_theta"] = rope.pop("rope_theta")
    config["rope_scaling"] = rope if rope["rope_type"] != "default" else None
    config["torch_dtype"] = config.pop("dtype", None)
    return config


def make(name, family, folder):
    torch.manual_seed(7)
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = train_tokenizer(family)
    size = dict(hidden_size=32, intermediate_size=32, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
                max_position_embeddings=512, vocab_size=(tokenizer.get_vocab_size() + 31) // 32 * 32, rms_norm_eps=1e-5)
    model = family["make"](size)
    randomise(model)
    dtype = family["dtype"]
    model = model.to(dtype).float().eval()
    write_weights(model, folder, dtype, shards=2 if name == "qwen3" else 1)
    config = {**model.config.to_dict(), "architectures": [type(model).__name__], "dtype": str(dtype).split(".")[1]}
    eos = tokenizer.token_to_id(family["eos"])
    end = tokenizer.token_to_id(family["special"][0] if family["bos"] is None else "<|end_of_text|>")
    config["bos_token_id"] = end if family["bos"] is None else tokenizer.token_to_id(family["bos"])
    config["eos_token_id"] = eos
    (folder / "config.json").write_text(json.dumps(config if name == "qwen3" else old_style(config)))
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    template = "{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    settings = {"bos_token": family["bos"], "eos_token": family["eos"], "model_max_length": 512}
    if family["bos"] is None:
        settings["add_bos_token"] = False
    if name == "qwen3":
        (folder / "chat_template.jinja").write_text(template)
    else:
        settings["chat_template"] = template
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    generation = {"eos_token_id": [eos, end], "temperature": 0.7, "top_p": 0.8, "top_k": 20, "do_sample": True}
    (folder / "generation_config.json").write_text(json.dumps(generation))
    (folder / "expected.json").write_text(json.dumps(reference(model, tokenizer, family), ensure_ascii=True))


def numbers(folder):
    """Blocks of 32 numbers with ggml's own rounding to Q8_0 and to half precision."""
    generator = np.random.default_rng(7)
    blocks = [generator.normal(scale=10.0 ** power, size=32) for power in range(-7, 4) for _ in range(3)]
    halves = np.arange(-16, 16) / 2
    blocks += [np.zeros(32), halves, halves / 127, halves * 8.0, np.full(32, -1.0), np.full(32, 1e-30), halves * 2.0**-24, halves * 2.0**-25]
    values = np.stack(blocks).astype(np.float32)
    encode = lambda array: base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()
    expected = {"values": encode(values), "q8": encode(quants.quantize(values, GGMLQuantizationType.Q8_0)),
                "halves": encode(values.astype(np.float16)), "bf16": encode(quants.quantize(values, GGMLQuantizationType.BF16))}
    (folder / "numbers.json").write_text(json.dumps(expected))


numbers(Path(sys.argv[1]))
for name, family in FAMILIES.items():
    make(name, family, Path(sys.argv[1]) / name)

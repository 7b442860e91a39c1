"""Choices, log probabilities and completions through the official Python SDK: argv is the base URL and the model."""

import json
import sys

from openai import OpenAI

base_url, model = sys.argv[1:3]
client = OpenAI(base_url=base_url, api_key="empty")

chat = client.chat.completions.create(
    model=model,
    messages=[{"role": "user", "content": "Hello!"}],
    n=2,
    max_tokens=12,
    logprobs=True,
    top_logprobs=2,
)
joined = all(
    bytes(byte for token in choice.logprobs.content for byte in token.bytes).decode() == choice.message.content
    for choice in chat.choices
)
raw = client.completions.create(model=model, prompt=["Hello", "你好"], max_tokens=8, logprobs=1, temperature=0)
offsets = all(
    token.startswith("bytes:") or choice.text[offset:].startswith(token)
    for choice in raw.choices
    for token, offset in zip(choice.logprobs.tokens, choice.logprobs.text_offset)
)
print(
    json.dumps(
        {
            "indexes": [choice.index for choice in chat.choices],
            "joined": joined,
            "completions": [choice.index for choice in raw.choices],
            "offsets": offsets,
        }
    )
)

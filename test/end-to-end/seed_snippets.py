"""The list dialect through the official Python SDK: argv is the base URL; prints the calls, whole and streamed."""

import json
import sys

from openai import OpenAI

api_base = sys.argv[1]
model = "Qwen2-7B-Instruct"

tools = [
    {
        "type": "function",
        "function": {
            "name": "amap_weather",
            "description": "amap weather tool",
            "parameters": [
                {
                    "name": "location",
                    "type": "string",
                    "description": "城市/区具体名称，如`北京市海淀区`请描述为`海淀区`",
                    "required": True,
                }
            ],
        },
    }
]

tool_choice = "auto"

client = OpenAI(
    base_url=api_base,
    api_key="empty",
)
messages = [{"role": "user", "content": "海淀区天气是什么？"}]
chat_completion = client.chat.completions.create(messages=messages, model=model, tools=tools, tool_choice=tool_choice)
whole = [
    {"name": call.function.name, "arguments": call.function.arguments}
    for call in chat_completion.choices[0].message.tool_calls
]

streamed = []
for chunk in client.chat.completions.create(
    messages=messages, model=model, tools=tools, tool_choice=tool_choice, temperature=0, stream=True
):
    for delta in chunk.choices[0].delta.tool_calls or []:
        while len(streamed) <= delta.index:
            streamed.append({"name": "", "arguments": ""})
        streamed[delta.index]["name"] += delta.function.name or ""
        streamed[delta.index]["arguments"] += delta.function.arguments or ""

# The second turn: the SDK's own message object goes back as it came, with the tool's result.
messages += [
    chat_completion.choices[0].message,
    {"role": "tool", "tool_call_id": chat_completion.choices[0].message.tool_calls[0].id, "content": '{"temperature": 21}'},
]
second = client.chat.completions.create(messages=messages, model=model, tools=tools)

print(
    json.dumps(
        {
            "whole": whole,
            "finish": chat_completion.choices[0].finish_reason,
            "streamed": streamed,
            "models": [item.id for item in client.models.list()],
            "second": second.choices[0].finish_reason,
        }
    )
)

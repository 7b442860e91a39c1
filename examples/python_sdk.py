from openai import OpenAI

client = OpenAI(base_url="http://127.0.0.1:31512/v1", api_key="empty")
parameters = {
    "type": "object",
    "properties": {"city": {"type": "string", "description": "Name of the city"}},
    "required": ["city"],
}
function = {"name": "get_weather", "description": "Get the current weather of a city", "parameters": parameters}

completion = client.chat.completions.create(
    model="aimindserve-nano",
    messages=[{"role": "user", "content": "What is the weather in Paris?"}],
    tools=[{"type": "function", "function": function}],
)
for call in completion.choices[0].message.tool_calls or []:
    print(call.function.name, call.function.arguments)

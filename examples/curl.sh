#!/bin/sh
# Asks for a tool call. The server: sh scripts/run_assistant_server.sh
curl http://127.0.0.1:31512/v1/chat/completions \
  -H 'Content-Type: application/json' \
  -d '{
    "model": "aimindserve-nano",
    "messages": [{"role": "user", "content": "What is the weather in Paris?"}],
    "tools": [{
      "type": "function",
      "function": {
        "name": "get_weather",
        "description": "Get the current weather of a city",
        "parameters": {
          "type": "object",
          "properties": {"city": {"type": "string", "description": "Name of the city"}},
          "required": ["city"]
        }
      }
    }]
  }'

// Renders templates with our engine for compare.py: a job as JSON on stdin, the outcomes as JSON on stdout.
// Runs the built program (npm run build).

import { readFileSync } from 'node:fs';
import { parseExact, printExact } from '../../dist/base/json.js';
import { promptText } from '../../dist/chat/prompt.js';
import { createChatTemplate } from '../../dist/template/chat-template.js';

const { templates, scenarios, tokens } = JSON.parse(readFileSync(0, 'utf8'));
const now = new Date(2026, 10, 3, 9, 5, 7);

/** OpenAI's words in ours; arguments as text, so that a template may have them either way. */
function toMessage({ reasoning_content: reasoning, tool_calls: calls, tool_call_id: callId, ...message }) {
  return {
    ...message,
    ...(reasoning !== undefined && { reasoning }),
    ...(callId !== undefined && { callId }),
    ...(calls && {
      calls: calls.map(({ id, function: { name, arguments: given } }) => ({
        id,
        name,
        arguments: printExact(parseExact(JSON.stringify(given)), 'spaced'),
      })),
    }),
  };
}

function render(template, { messages, tools, add_generation_prompt: addGenerationPrompt, variables }) {
  try {
    const shown = tools && { tools: tools.map((tool) => ({ ...tool.function, path: '' })) };
    const rendering = { messages: messages.map(toMessage), ...shown, addGenerationPrompt, variables, now };
    return promptText(template.render(rendering));
  } catch (error) {
    return { error: error.message };
  }
}

function renderAll(source) {
  try {
    const template = createChatTemplate(source, tokens);
    const { argumentsAs, emptyContent, reasoningAs } = template.abilities;
    const style = { argumentsAs, emptyContent, reasoningAs };
    return { style, outcomes: scenarios.map((scenario) => render(template, scenario)) };
  } catch (error) {
    return { error: error.message };
  }
}

process.stdout.write(JSON.stringify(templates.map(renderAll)));

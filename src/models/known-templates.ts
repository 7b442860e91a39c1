/** Chat templates with known faults, and models whose own template does better than what some of their files carry. */

/** A template that is known by its text, or by what stands in it. */
export interface KnownFault {
  readonly verdict: 'outdated' | 'broken';
  /** By `hashTemplate`; or what the text holds and lacks. */
  readonly recognised: { readonly sha256: string } | { readonly holds: string; readonly lacks: string };
  readonly reason: string;
  readonly fix: string;
  /** Where it was read. */
  readonly source: string;
}

/** Each was seen: the texts in the packages named, the faults in the threads named and by rendering them here. */
export const knownFaults: readonly KnownFault[] = [
  {
    verdict: 'outdated',
    // llama.cpp recognises it in the same way (common/chat.cpp); its text in April 2026 had 58c66fde… as hash.
    recognised: { holds: "'<|tool_call>call:'", lacks: '{#- OpenAI Chat Completions:' },
    reason:
      'It is, or is made from, a template of Gemma 4 from before 10 April 2026, which needs calls and results in a form of its own.',
    fix: templateOf('google/gemma-4-31B-it', 'chat_template.jinja'),
    source: 'https://github.com/ggml-org/llama.cpp/pull/21704',
  },
  {
    verdict: 'outdated',
    // Both macros list what a parameter's schema says; the makers replaced the one by the other.
    recognised: { holds: 'macro render_item_list', lacks: 'macro render_extra_keys' },
    reason: 'It is, or is made from, the first template of Qwen3-Coder, which was replaced in August 2025.',
    fix: templateOf('Qwen/Qwen3-Coder-30B-A3B-Instruct', 'chat_template.jinja'),
    source: 'https://github.com/ggml-org/llama.cpp/pull/15019',
  },
  {
    verdict: 'broken',
    recognised: { sha256: '56a1447ad31926fdc21fb07e56e5642bd9c850c4f52d8c8af7bbe5f079a84f5f' },
    reason: 'It is the first template of DeepSeek R1 and its distillations, which never prints the tools.',
    fix: fileOf('llama-cpp-deepseek-r1.jinja'),
    source: 'https://github.com/ggml-org/llama.cpp/blob/master/docs/function-calling.md',
  },
];

/** A model whose files often carry a template without tools although there is one with tools. */
export interface BetterTemplate {
  /** Matches its name, lower case, with dashes. */
  readonly model: RegExp;
  readonly fix: string;
  readonly source: string;
}

const functionCalling = 'https://github.com/ggml-org/llama.cpp/blob/master/docs/function-calling.md';

/** llama.cpp's documentation says of the GGUF files of each that they need this template. */
export const betterTemplates: readonly BetterTemplate[] = [
  {
    model: /hermes-2-pro/,
    fix: fileOf('NousResearch-Hermes-2-Pro-Llama-3-8B-tool_use.jinja'),
    source: functionCalling,
  },
  {
    model: /hermes-3/,
    fix: fileOf('NousResearch-Hermes-3-Llama-3.1-8B-tool_use.jinja'),
    source: functionCalling,
  },
  { model: /functionary-.*v3-2/, fix: fileOf('meetkai-functionary-medium-v3.2.jinja'), source: functionCalling },
  {
    model: /command-r7b/,
    fix: fileOf('CohereForAI-c4ai-command-r7b-12-2024-tool_use.jinja'),
    source: functionCalling,
  },
  { model: /deepseek-r1-distill/, fix: fileOf('llama-cpp-deepseek-r1.jinja'), source: functionCalling },
];

/** What a template can print besides a plain conversation. */
export type Printed = 'tools' | 'toolCalls' | 'toolResults' | 'system';

/** What templates of the catalogue leave out by their makers' design, seen by rendering them; all others print everything. */
export const leftOutByDesign: Readonly<Record<string, readonly Printed[]>> = {
  'granite-3.3': ['toolCalls'],
  'lfm2-8b-a1b': ['toolCalls'],
  // It stands before the last question only.
  'mistral-nemo': ['system'],
};

function fileOf(name: string): string {
  return `Take models/templates/${name} of llama.cpp, and give it as --chat-template FILE.`;
}

function templateOf(repository: string, file: string): string {
  return `Take ${file} of ${repository}, and give it as --chat-template FILE.`;
}

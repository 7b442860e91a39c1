/** One chat template of each family, what it is rendered with, and what Python's jinja2 makes of it. */

import { readdirSync, readFileSync } from 'node:fs';
import { type Json, parseExact, printExact } from '../../src/base/json.ts';
import type { Tool } from '../../src/chat/tool.ts';
import type { Rendering, RenderStyle, TemplateMessage } from '../../src/template/rendering.ts';
import type { TokenFacts } from '../../src/template/scope.ts';

/** A family's template, how it wants calls, and the rendering (or refusal) of each scenario by name. */
export interface TemplateFixture {
  readonly name: string;
  readonly source: string;
  readonly tokens: TokenFacts;
  readonly style: RenderStyle;
  readonly renderings: Readonly<Record<string, string | { readonly error: string }>>;
}

/** As `scenarios.json` has it: messages and tools in the words of OpenAI. */
interface GivenMessage {
  readonly role: TemplateMessage['role'];
  readonly content: string;
  readonly reasoning_content?: string;
  readonly tool_calls?: ReadonlyArray<{ id: string; function: { name: string; arguments: Json } }>;
  readonly tool_call_id?: string;
  readonly name?: string;
}

interface Given {
  readonly tools: ReadonlyArray<{ readonly function: Omit<Tool, 'path'> }>;
  readonly scenarios: Readonly<
    Record<
      string,
      {
        readonly messages: readonly GivenMessage[];
        readonly tools?: boolean;
        readonly add_generation_prompt?: boolean;
        readonly variables?: Readonly<Record<string, Json>>;
      }
    >
  >;
}

const folder = new URL('./fixtures/', import.meta.url);

/** All fixtures, by name. */
export function readFixtures(): TemplateFixture[] {
  const names = readdirSync(folder).filter((file) => file.endsWith('.jinja'));
  return names.map((file) => readFixture(file.slice(0, -'.jinja'.length)));
}

/** The fixture of one family. */
export function readFixture(name: string): TemplateFixture {
  const source = readFileSync(new URL(`${name}.jinja`, folder), 'utf8');
  const made: Omit<TemplateFixture, 'name' | 'source'> = JSON.parse(
    readFileSync(new URL(`${name}.json`, folder), 'utf8'),
  );
  return { name, source, ...made };
}

/** What each scenario asks for, by name. */
export function readScenarios(): ReadonlyMap<string, Rendering> {
  const given: Given = JSON.parse(readFileSync(new URL('./scenarios.json', import.meta.url), 'utf8'));
  const tools = given.tools.map((tool): Tool => ({ ...tool.function, path: '' }));
  return new Map(
    Object.entries(given.scenarios).map(([name, scenario]) => [
      name,
      {
        messages: scenario.messages.map(toMessage),
        ...(scenario.tools && { tools }),
        addGenerationPrompt: scenario.add_generation_prompt ?? true,
        variables: scenario.variables ?? {},
        now: new Date(2026, 10, 3, 9, 5, 7),
      },
    ]),
  );
}

function toMessage(given: GivenMessage): TemplateMessage {
  const { role, content, reasoning_content: reasoning, tool_calls: calls, tool_call_id: callId, name } = given;
  return {
    role,
    content,
    ...(reasoning !== undefined && { reasoning }),
    ...(calls && {
      calls: calls.map((call) => ({
        id: call.id,
        name: call.function.name,
        arguments: printExact(parseExact(JSON.stringify(call.function.arguments)), 'spaced'),
      })),
    }),
    ...(callId !== undefined && { callId }),
    ...(name !== undefined && { name }),
  };
}

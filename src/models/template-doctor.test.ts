import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readFixture } from '../../test/templates/fixtures.ts';
import { createChatTemplate } from '../template/chat-template.ts';
import { loadCatalog } from './catalog/load-catalog.ts';
import { knownFaults, leftOutByDesign } from './known-templates.ts';
import { examineTemplate, type TemplateFacts } from './template-doctor.ts';
import { hashTemplate } from './template-hash.ts';

const catalog = loadCatalog();
const good = { system: true, tools: true, toolCalls: true, toolResults: true };

/** As the server would see a file with this template: rendered, not asserted. */
function facts(name: string, fixture: string): TemplateFacts {
  const { source: template, tokens } = readFixture(fixture);
  return { names: [name], template, abilities: createChatTemplate(template, tokens).abilities };
}

describe('examineTemplate', () => {
  it('knows a template by its text, whatever its line ends', () => {
    const template = readFileSync(new URL('../../models/nano/chat_template.jinja', import.meta.url), 'utf8');
    for (const text of [template, template.trimEnd(), template.replaceAll('\n', '\r\n'), `${template}\n\n`])
      expect(examineTemplate({ names: ['aimindserve-nano'], template: text }, catalog)).toMatchObject({
        verdict: 'current',
        reason: "It is the known template 'nano'.",
      });
    expect(examineTemplate({ names: [], template: ` ${template}` }, catalog).verdict).toBe('unknown');
    expect(examineTemplate({ names: ['a fine-tune'], template }, catalog).verdict).toBe('current');
  });

  it('compares it with the one that is known of the model', () => {
    const template = readFileSync(new URL('../../models/nano/chat_template.jinja', import.meta.url), 'utf8');
    const other = examineTemplate({ names: ['Qwen3 8B'], template, abilities: good }, catalog);
    expect(other).toMatchObject({ verdict: 'unknown' });
    expect(other.reason).toContain("known template 'nano', while 'qwen3' is known of this model");
    const changed = examineTemplate({ names: ['Qwen3 8B'], template: 'x', abilities: good }, catalog);
    expect(changed.reason).toContain("while 'qwen3' is known of this model");
  });

  it('says when a file holds none, and where the model has one', () => {
    const bare = examineTemplate({ names: ['Qwen3 8B'] }, catalog);
    expect(bare).toMatchObject({ verdict: 'broken', reason: 'The file holds no chat template.' });
    expect(bare.fix).toContain('Qwen-Qwen3-0.6B.jinja');
    expect(examineTemplate({ names: ['mine'], template: ' \n' }, catalog).fix).toContain('chat_template.jinja');
  });

  it.each([
    ['NousResearch/Hermes-3-Llama-3.1-8B-GGUF', 'Hermes-3-Llama-3.1-8B-tool_use.jinja'],
    ['Hermes 2 Pro Llama 3 8B', 'Hermes-2-Pro-Llama-3-8B-tool_use.jinja'],
    ['functionary-small-v3.2.Q8_0.gguf', 'functionary-medium-v3.2.jinja'],
    ['DeepSeek-R1-Distill-Qwen-7B-Q4_K_M.gguf', 'llama-cpp-deepseek-r1.jinja'],
    ['C4Ai Command R7B 12 2024', 'command-r7b-12-2024-tool_use.jinja'],
    ['Qwen2.5 7B Instruct', 'Qwen-Qwen2.5-7B-Instruct.jinja'],
    ['Meta Llama 3.1 8B Instruct', 'meta-llama-Llama-3.1-8B-Instruct.jinja'],
  ])('names a template without tools in a model that has one with: %s', (name, file) => {
    const diagnosis = examineTemplate(facts(name, 'chatml'), catalog);
    expect(diagnosis.verdict).toBe('broken');
    expect(diagnosis.reason).toContain('never prints the tools');
    expect(diagnosis.fix).toContain(file);
    expect(diagnosis.fix).toContain('--chat-template FILE');
  });

  it.each([
    ['a model that never had tools', 'gemma-3-4b-it', 'gemma-2'],
    ['a base model', 'Qwen2.5-7B-Instruct-Base', 'chatml'],
    ['a stranger', 'My Model 7B', 'vicuna'],
    ['a good template of its family', 'Qwen3 8B', 'hermes'],
    ['a model that prints the system message late by design', 'Mistral Nemo Instruct 2407', 'mistral-v3'],
  ])('finds no fault with %s', (_, name, fixture) => {
    expect(examineTemplate(facts(name, fixture), catalog)).toMatchObject({ verdict: 'unknown' });
  });

  it('says nothing of what was not rendered', () => {
    const { abilities: _, ...unseen } = facts('Qwen2.5 7B Instruct', 'chatml');
    expect(examineTemplate(unseen, catalog).verdict).toBe('unknown');
  });

  it.each([
    [{ ...good, toolCalls: false }, 'never prints the calls'],
    [{ ...good, toolResults: false }, 'never prints what tools answered'],
    [{ ...good, system: false }, 'never prints the system message'],
  ])('names what it loses: %j', (abilities, reason) => {
    const diagnosis = examineTemplate({ names: ['Qwen3 8B'], template: 'x', abilities }, catalog);
    expect(diagnosis).toMatchObject({ verdict: 'broken' });
    expect(diagnosis.reason).toContain(reason);
    expect(examineTemplate({ names: ['Mine 8B'], template: 'x', abilities }, catalog).verdict).toBe('unknown');
  });

  it('tells older templates of Gemma 4 from the one that replaced them', () => {
    const old = "{{ '<|tool_call>call:' + name }}";
    const diagnosis = examineTemplate({ names: ['gemma-4-E4B-it'], template: old, abilities: good }, catalog);
    expect(diagnosis).toMatchObject({
      verdict: 'outdated',
      source: 'https://github.com/ggml-org/llama.cpp/pull/21704',
    });
    const newer = `{#- OpenAI Chat Completions: #}${old}`;
    expect(examineTemplate({ names: ['gemma-4-E4B-it'], template: newer, abilities: good }, catalog).verdict).toBe(
      'unknown',
    );
  });

  it('tells the first template of Qwen3-Coder from the one that replaced it', () => {
    const names = ['Qwen3-Coder-30B-A3B-Instruct-Q4_K_M.gguf'];
    const first = '{% macro render_item_list(item_list, tag_name) %}{% endmacro %}';
    expect(examineTemplate({ names, template: first, abilities: good }, catalog)).toMatchObject({
      verdict: 'outdated',
    });
    expect(examineTemplate({ ...facts('', 'qwen-3-coder'), names }, catalog).verdict).toBe('unknown');
  });

  it('does without a catalogue that has models', () => {
    const empty = { entries: [], templates: [] };
    expect(examineTemplate({ names: ['Qwen3 8B'], template: 'x', abilities: good }, empty).verdict).toBe('unknown');
  });

  it('never calls a template known and faulty at once', () => {
    const hashes = knownFaults.flatMap(({ recognised }) => ('sha256' in recognised ? [recognised.sha256] : []));
    expect(catalog.templates.filter(({ sha256 }) => hashes.includes(sha256))).toEqual([]);
  });
});

/** As in the catalogue's test: a folder of real templates, which are not ours to ship. */
const folder = process.env.CATALOG_TEMPLATES;

describe.runIf(folder !== undefined)('real templates', () => {
  const names = folder === undefined ? [] : readdirSync(folder).filter((name) => name.endsWith('.jinja'));

  it.each(names)('%s', (name) => {
    const template = readFileSync(join(folder ?? '', name), 'utf8');
    const { abilities } = createChatTemplate(template, { bosToken: '', eosToken: '', specialTokens: [] });
    const { verdict, reason } = examineTemplate({ names: [name], template, abilities }, catalog);
    const known = catalog.templates.find(({ sha256 }) => sha256 === hashTemplate(template));
    if (known === undefined) return;
    // One name of a file is another's beginning: QwQ-32B-Preview has a template of its own.
    expect(['current', 'unknown'], reason).toContain(verdict);
    const { system, tools, toolCalls, toolResults } = abilities;
    const leftOut = Object.entries({ system, tools, toolCalls, toolResults }).filter(([, isPrinted]) => !isPrinted);
    expect(leftOut.map(([what]) => what)).toEqual(leftOutByDesign[known.name] ?? []);
  });
});

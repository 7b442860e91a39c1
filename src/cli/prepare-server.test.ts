/** From command lines to configurations. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { explainListenError } from './listen-error.ts';
import { isLoopback } from './loopback.ts';
import { dataFolderOf, type PreparedServer, prepareServer } from './prepare-server.ts';
import { visibleGpu } from './visible-gpu.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'prepare-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const prepare = (...words: string[]): PreparedServer =>
  prepareServer(words, { environment: {}, folder, say: () => {}, warn: () => {} });

describe('prepareServer', () => {
  it('serves the bundled model under its own name', () => {
    const { model, isModelNamed } = prepare().config;
    expect(model).toMatchObject({ source: { kind: 'bundled' }, name: 'aimindserve-nano', gpu: 'auto' });
    expect(isModelNamed).toBe(false);
  });

  it.each([
    ['weights/Some-7B-00001-of-00003.gguf', 'Some-7B'],
    ['/models/Some-7B.Q4_K_M.GGUF', 'Some-7B.Q4_K_M'],
    ['path/to/weights/', 'weights'],
  ])('serves %s as written, under the name %s', (model, name) => {
    const { config } = prepare('--model', model);
    expect(config).toMatchObject({ isModelNamed: true, model: { source: { kind: 'local', path: model }, name } });
    expect(prepare(model, '--served-model-name', 'a', 'b').config.model).toMatchObject({ name: 'a', aliases: ['b'] });
  });

  it('takes a model of a hub by its repository, under its own name', () => {
    const { model } = prepare('--model', 'Qwen/Qwen3-8B-GGUF:Q8_0').config;
    const source = { kind: 'hub', hub: 'auto', repository: 'Qwen/Qwen3-8B-GGUF', quantisation: 'Q8_0' };
    expect(model).toMatchObject({ source, name: 'qwen3-8b' });
    const fromModelScope = prepare('--model', 'Qwen/Qwen3-8B-GGUF', '--hub', 'modelscope').config.model;
    expect(fromModelScope?.source).toMatchObject({ hub: 'modelscope' });
    expect(() => prepare('--model', 'Qwen/Qwen3-8B-GGUF:a b')).toThrowError(expect.objectContaining({ status: 78 }));
  });

  it('declares no model where none is wanted', () => {
    expect(prepare('--no-model').config.model).toBeUndefined();
    expect(() => prepare('--no-model', '--model', 'm.gguf')).toThrow('the opposite');
  });

  it('makes a key exactly when the address is open to others and none was given', () => {
    expect(prepare().madeKey).toBeUndefined();
    const open = prepare('--host', '0.0.0.0');
    expect(open.madeKey).toMatch(/^sk-[0-9a-f]{48}$/);
    expect(open.config.apiKeys).toEqual([open.madeKey]);
    const own = prepare('--host', '0.0.0.0', '--api-key', 'mine');
    expect(own.madeKey).toBeUndefined();
    expect(own.config.apiKeys).toEqual(['mine']);
  });

  it('takes a tool format by its name or as a file', () => {
    expect(prepare('--tool-format', 'hermes').config.model?.toolFormat).toBe('hermes');
    expect(prepare('--guarantee', 'report').config.model?.guarantee).toBe('report');
    expect(() => prepare('--guarantee', 'always')).toThrow('one of enforce, report, off');
    expect(prepare('--tool-format', 'mine.json').config.model?.toolFormat).toBe(join(folder, 'mine.json'));
  });

  it('takes a chat template as file or as text', () => {
    writeFileSync(join(folder, 't.jinja'), 'from {{ file }}');
    expect(prepare('--chat-template', 't.jinja').config.model?.chatTemplate).toBe('from {{ file }}');
    expect(prepare('--chat-template', '{{ text }}').config.model?.chatTemplate).toBe('{{ text }}');
    expect(() => prepare('--chat-template', 'absent.jinja')).toThrowError(/absent\.jinja cannot be read/);
  });
});

it.each([
  ['127.0.0.1', true],
  ['127.9.9.9', true],
  ['localhost', true],
  ['::1', true],
  ['[::1]', true],
  ['0.0.0.0', false],
  ['::', false],
  ['127.0.0.1.example.com', false],
  ['192.168.0.1', false],
])('%s is loopback: %s', (host, expected) => {
  expect(isLoopback(host)).toBe(expected);
});

it('sees a GPU by its driver', () => {
  expect(visibleGpu((path) => path === '/dev/kfd')).toContain('GPU');
});

it.each([
  ['EADDRINUSE', 'port_in_use', /Port 80 .* in use.*--port 81/],
  ['EACCES', 'invalid_config', /may not be opened/],
  ['EADDRNOTAVAIL', 'invalid_config', /not an address of this machine/],
  ['ENOTFOUND', 'invalid_config', /cannot be resolved/],
])('explains %s', (code, expected, message) => {
  const error = explainListenError({ code }, { host: '10.0.0.1', port: 80 });
  expect(error).toMatchObject({ code: expected, status: 78 });
  expect(error?.message).toMatch(message);
});

it('leaves other failures alone', () => {
  expect(explainListenError({ code: 'EIO' }, { host: 'h', port: 1 })).toBeUndefined();
  expect(explainListenError(undefined, { host: 'h', port: 1 })).toBeUndefined();
});

it('keeps its data where the person says, else at home', () => {
  expect(dataFolderOf({ AIMINDSERVE_DATA_DIR: '/d' })).toBe('/d');
  expect(dataFolderOf({})).toBe(join(homedir(), '.aimindserve'));
  expect(prepare('--data-dir', 'here').config).toMatchObject({
    dataFolder: join(folder, 'here'),
    isDataFolderNamed: true,
  });
});

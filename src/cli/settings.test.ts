/** Where settings come from and which of them win. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findFormat } from '../formats/formats.ts';
import { describeSettings, readSettings, type Settings } from './settings.ts';
import { settingNames } from './settings-table.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'settings-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const read = (words: string[], environment: Record<string, string> = {}, yaml?: string): Settings => {
  if (yaml !== undefined) writeFileSync(join(folder, 'aimindserve.yaml'), yaml);
  return readSettings({ words, environment, folder, formatOfParser: (parser) => findFormat(parser)?.name });
};

describe('readSettings', () => {
  it('has a default for all that must be decided', () => {
    expect(read([])).toEqual({
      host: '127.0.0.1',
      port: 31_512,
      names: [],
      apiKeys: [],
      parallel: 8,
      gpu: 'auto',
      backend: 'auto',
      backendParameters: [],
      hub: 'auto',
      noModel: false,
      outside: { pathRoots: [], corsOrigins: [], trustedProxies: [] },
      drainSeconds: 10,
      logLevel: 'info',
      notes: [],
    });
  });

  it('keeps the flags of vLLM for vLLM, word by word', () => {
    const words = ['--enable-auto-tool-choice', '--tool-call-parser', 'hermes', '--dtype', 'bfloat16', '--seed=3'];
    const { backend, backendParameters, notes } = read([...words, '--backend', 'vllm', '--max-model-len', '2048']);
    expect(backend).toBe('vllm');
    expect(backendParameters).toEqual([
      '--enable-auto-tool-choice',
      '--tool-call-parser=hermes',
      ...['--dtype', 'bfloat16', '--seed=3'],
    ]);
    expect(notes).toEqual([]);
    expect(read(words).backendParameters).toEqual([]);
  });

  it('reads the words of a command, blanks in quotes', () => {
    const command = '"/opt/my vllm/python" -m vllm.entrypoints.openai.api_server';
    const words = ['/opt/my vllm/python', '-m', 'vllm.entrypoints.openai.api_server'];
    expect(read(['--vllm-command', command]).vllmCommand).toEqual(words);
    expect(read([], { AIMINDSERVE_VLLM_COMMAND: 'vllm serve' }).vllmCommand).toEqual(['vllm', 'serve']);
  });

  it('prefers flag to environment to file to default', () => {
    const yaml = 'port: 3\nhost: 0.0.0.0\nparallel: 2\n';
    const settings = read(['--port', '1'], { AIMINDSERVE_PORT: '2', AIMINDSERVE_HOST: '::1' }, yaml);
    expect(settings).toMatchObject({ port: 1, host: '::1', parallel: 2 });
  });

  it('reads lists from everywhere', () => {
    expect(read([], {}, 'served_model_name: [a, b]\napi-key: k').names).toEqual(['a', 'b']);
    expect(read([], { AIMINDSERVE_SERVED_MODEL_NAME: 'a b,c' }).names).toEqual(['a', 'b', 'c']);
    expect(read(['--served-model-name', 'a', 'b,c', 'a']).names).toEqual(['a', 'b', 'c']);
  });

  it.each<[string, number | undefined]>([
    ['8192', 8192],
    ['8K', 8192],
    ['8k', 8000],
    ['1.5k', 1500],
    ['auto', undefined],
    ['-1', undefined],
  ])('understands --ctx-size %s', (text, expected) => {
    expect(read(['--ctx-size', text]).contextSize).toBe(expected);
  });

  it.each<[string[], string | undefined, RegExp]>([
    [['--port', '65536'], undefined, /--port: '65536' is not a whole number from 0 to 65535/],
    [['--port', 'http'], undefined, /--port: 'http'/],
    [['--parallel', '0'], undefined, /--parallel/],
    [['--threads', '1.5'], undefined, /--threads/],
    [['--ctx-size', '8x'], undefined, /--ctx-size: '8x' is not a number of tokens/],
    [['--gpu', 'rocm'], undefined, /--gpu: 'rocm' is not one of auto, off, cuda, vulkan, metal/],
    [['--log-level', 'loud'], undefined, /--log-level/],
    [['--drain-timeout', '-1'], undefined, /--drain-timeout: '-1' is not a whole number from 0/],
    [['--model='], undefined, /--model is empty/],
    [['--served-model-name=,'], undefined, /--served-model-name is empty/],
    [['--config', 'absent.yaml'], undefined, /absent\.yaml does not exist/],
    [[], 'prot: 1', /'prot' in .*aimindserve\.yaml is not a setting\. Did you mean 'port'\?/],
    [[], 'port: {a: 1}', /'port' in .* must be a text/],
    [[], 'port: [', /is not YAML/],
    [[], '- port', /must hold settings/],
    [[], 'port: 70000', /'port' in .*: '70000' is not a whole number/],
  ])('refuses %j %j', (words, yaml, message) => {
    expect(() => read(words, {}, yaml)).toThrowError(message);
    expect(() => read(words, {}, yaml)).toThrowError(expect.objectContaining({ status: 78 }));
  });

  it('names the variable that is wrong', () => {
    expect(() => read([], { AIMINDSERVE_PORT: 'x' })).toThrowError(/AIMINDSERVE_PORT: 'x'/);
  });

  it('says in one line what has no effect', () => {
    const { notes } = read(['--tensor-parallel-size', '2', '--dtype=auto', '--dtype', 'half']);
    expect(notes).toEqual(['No effect on this engine: --tensor-parallel-size, --dtype.']);
  });

  it('takes a tool call parser for a format only if the weights are somebody’s own', () => {
    const flags = ['--enable-auto-tool-choice', '--tool-call-parser=hermes'];
    expect(read(['--model', 'm.gguf', ...flags]).toolFormat).toBe('hermes');
    expect(read(flags).toolFormat).toBeUndefined();
    expect(read(flags).notes[0]).toContain('--tool-call-parser');
    expect(read(['m.gguf', '--tool-call-parser', 'hermes', '--tool-format', 'react']).toolFormat).toBe('react');
  });

  it("understands uvicorn's log levels", () => {
    expect(read(['--uvicorn-log-level', 'warning']).logLevel).toBe('warn');
    expect(read(['--uvicorn-log-level', 'trace']).logLevel).toBe('debug');
  });
});

describe('describeSettings', () => {
  it('shows every flag', () => {
    for (const name of settingNames) expect(describeSettings()).toContain(`--${name} `);
  });
});

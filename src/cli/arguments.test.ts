/** What command lines come to, ours and vLLM's. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isAppError } from '../base/errors.ts';
import { knownSpellings, parseArguments } from './arguments.ts';

const given = (...words: string[]): Record<string, readonly string[]> =>
  Object.fromEntries([...parseArguments(words).given].map(([name, { values }]) => [name, values]));

describe('parseArguments', () => {
  it.each<[string[], Record<string, string[]>]>([
    [[], {}],
    [['--port', '8080'], { port: ['8080'] }],
    [['--port=8080'], { port: ['8080'] }],
    [['--port', '1', '--port', '2'], { port: ['2'] }],
    [['--served-model-name', 'a', 'b', '--port', '1'], { 'served-model-name': ['a', 'b'], port: ['1'] }],
    [['--served-model-name', 'a', '--served-model-name=b,c'], { 'served-model-name': ['a', 'b,c'] }],
    [['weights/model.gguf', '--port', '1'], { model: ['weights/model.gguf'], port: ['1'] }],
    [['--', '-odd-name.gguf'], { model: ['-odd-name.gguf'] }],
    [['--max-model-len', '4096'], { 'ctx-size': ['4096'] }],
    [['--max_model_len=4096'], { 'ctx-size': ['4096'] }],
    [['--max-num-seqs', '2', '--uvicorn-log-level', 'warning'], { parallel: ['2'], 'log-level': ['warning'] }],
    [['--gpu-layers', '-1'], { 'gpu-layers': ['-1'] }],
    [['--api-key', 'a', 'model.gguf'], { 'api-key': ['a'], model: ['model.gguf'] }],
    [
      ['--served-model-name', 'Qwen2-7B-Instruct', '--model', 'path/to/weights'],
      { 'served-model-name': ['Qwen2-7B-Instruct'], model: ['path/to/weights'] },
    ],
  ])('%j', (words, expected) => {
    expect(given(...words)).toEqual(expected);
  });

  it.each<[string[], string[], string[]]>([
    [['--tensor-parallel-size', '2', 'm.gguf'], ['--tensor-parallel-size'], ['m.gguf']],
    [['--enable-auto-tool-choice', 'm.gguf'], ['--enable-auto-tool-choice'], ['m.gguf']],
    [['--gpu_memory_utilization=0.9', 'm.gguf'], ['--gpu_memory_utilization'], ['m.gguf']],
    [['--no-enable-prefix-caching', 'm.gguf'], ['--no-enable-prefix-caching'], ['m.gguf']],
    [['--lora-modules', 'a=b', 'c=d', '--dtype', 'auto', '--', 'm.gguf'], ['--lora-modules', '--dtype'], ['m.gguf']],
    [['-tp', '2', 'm.gguf'], ['-tp'], ['m.gguf']],
    [['--compilation-config.level', '3', 'm.gguf'], ['--compilation-config.level'], ['m.gguf']],
    [['--model-server', 'dashscope', 'm.gguf'], ['--model-server'], ['m.gguf']],
  ])('accepts what only others know: %j', (words, withoutEffect, model) => {
    const parsed = parseArguments(words);
    expect(parsed.withoutEffect).toEqual(withoutEffect);
    expect(parsed.given.get('model')?.values).toEqual(model);
  });

  it('keeps the hint of a tool call parser', () => {
    expect(parseArguments(['--tool-call-parser=hermes']).toolCallParser).toBe('hermes');
  });

  it.each<[string[], string, RegExp]>([
    [['--prot', '1'], 'unknown_flag', /--prot .*did you mean --port\?/],
    [['--max-modle-len', '1'], 'unknown_flag', /did you mean --max-model-len\?/],
    [['--ctxsize', '1'], 'unknown_flag', /did you mean --ctx-size\?/],
    [['--xyzzy-plugh'], 'unknown_flag', /serve --help/],
    [['-p', '1'], 'unknown_flag', /-p is not a flag/],
    [['--port'], 'invalid_config', /--port needs a value/],
    [['--port', '--host'], 'invalid_config', /--port needs a value/],
    [['a.gguf', 'b.gguf'], 'invalid_config', /'b.gguf' is one word too many/],
    [['--ssl-ca-certs', 'k.pem'], 'invalid_config', /not asked for certificates/],
  ])('refuses %j', (words, code, message) => {
    expect(() => parseArguments(words)).toThrowError(expect.objectContaining({ code }));
    expect(() => parseArguments(words)).toThrowError(message);
  });

  it('ends in a result or one of our errors, whatever the words', () => {
    const word = fc.oneof(
      fc.string(),
      fc.constantFrom(...knownSpellings()).map((name) => `--${name}`),
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 8 }), (words) => {
        try {
          parseArguments(words);
        } catch (thrown) {
          expect(isAppError(thrown)).toBe(true);
        }
      }),
      { seed: 31_512 },
    );
  });

  it('knows each spelling once', () => {
    expect(knownSpellings().length).toBe(new Set(knownSpellings()).size);
  });
});

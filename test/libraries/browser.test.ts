import { join } from 'node:path';
import { createContext, runInContext } from 'node:vm';
import { build, type Rollup } from 'vite';
import { describe, expect, it } from 'vitest';
import { repository } from '../architecture/sources.ts';

/** One file for the browser; what only Node has is left out with a mark that the test looks for. */
async function bundle(room: string): Promise<string> {
  const output = await build({
    root: repository,
    configFile: false,
    logLevel: 'silent',
    build: {
      write: false,
      minify: false,
      lib: { entry: join(repository, 'src', room, 'index.ts'), formats: ['iife'], name: 'library' },
    },
  });
  const [first] = Array.isArray(output) ? output : [output];
  if (first === undefined || !('output' in first)) throw new RangeError('nothing was built');
  const chunks = first.output.filter((part): part is Rollup.OutputChunk => part.type === 'chunk');
  expect(chunks).toHaveLength(1);
  return chunks[0]?.code ?? '';
}

/** Runs the bundle with what every browser has, and nothing else. */
function inBrowser(code: string, expression: string): unknown {
  const context = createContext({ TextEncoder, TextDecoder, URL, crypto: globalThis.crypto, performance });
  runInContext(code, context);
  return runInContext(expression, context);
}

describe('in a browser, bundled, without any of Node', () => {
  it.each([
    ['formats', `library.findFormat('hermes').render({ text: '', calls: [], tools: [] }).length`, 0],
    [
      'grammar',
      `const { node, rules } = library.grammarFromSchema({ const: 1 }, { rulePrefix: '' });
       library.compileGrammar({ root: node, rules }).start().accept(new TextEncoder().encode('1'))`,
      true,
    ],
    [
      'template',
      `library.promptText(library.createChatTemplate('{{ messages[0].content }}', { bosToken: '', eosToken: '', specialTokens: [] })
         .render({ messages: [{ role: 'user', content: 'hi' }], addGenerationPrompt: true, variables: {}, now: new Date(0) }))`,
      'hi',
    ],
    [
      'wire',
      `library.openaiChat.decode({ model: 'm', messages: [{ role: 'user', content: 'hi' }] }, { created: 0, report: false })
         .request.messages.length`,
      1,
    ],
  ])('%s works', async (room, expression, value) => {
    const code = await bundle(room);
    expect(code.match(/.*(["'`]node:|__vite-browser-external|\brequire\().*/g) ?? []).toEqual([]);
    expect(inBrowser(code, expression)).toBe(value);
  });
});

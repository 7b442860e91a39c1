import { isAbsolute, posix, win32 } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toSafePath } from './safe-name.ts';

test.each([
  'model.gguf',
  'a/b/model-00001-of-00003.gguf',
  'Qwen2.5 7B (Q4_K_M).gguf',
  '.gitattributes',
  '模型/通义.gguf',
  'a..b/...c',
  'console.json',
  'com.txt',
  '%2e%2e/x',
  'x'.repeat(230),
])('%s is taken as it is', (path) => {
  expect(toSafePath(path)).toBe(path);
});

test.each([
  '',
  '.',
  '..',
  '../x',
  'a/../x',
  'a/..',
  '/etc/passwd',
  '//host/share',
  'a//b',
  'a/',
  './a',
  'a\\b',
  '..\\x',
  'C:/x',
  'c:x',
  'a\u0000b',
  'a\nb',
  'a\u001b[2Jb',
  'a\u007fb',
  'a\u0085b',
  'a\u202egguf.exe',
  'a\u2028b',
  'CON',
  'a/nul.gguf',
  'Com1.txt',
  'lpt9',
  'a.',
  'a ',
  ' a',
  'a./b',
  'file.gguf:stream',
  'what?',
  'a*b',
  'file.gguf.part',
  'file.gguf.PART.json',
  'file.gguf.part.json.new',
  'x'.repeat(231),
  '语'.repeat(77),
  'a/'.repeat(600),
  '\ud800.gguf',
])('%j is refused', (path) => {
  expect(() => toSafePath(path)).toThrow(/^The file's path .{0,700} is not taken/su);
});

test('what is taken stays inside, on every system', () => {
  const part = fc.oneof(fc.string({ maxLength: 6 }), fc.constantFrom('..', '.', '', 'a', 'C:', '\\', '/', 'NUL', ' '));
  let taken = 0;
  fc.assert(
    fc.property(fc.array(part, { maxLength: 5 }), (parts) => {
      const path = parts.join('/');
      try {
        toSafePath(path);
      } catch {
        return;
      }
      taken++;
      expect(isAbsolute(path) || win32.isAbsolute(path)).toBe(false);
      expect(posix.join('/base', path)).toBe(`/base/${path}`);
      expect(win32.join('C:\\base', path).startsWith('C:\\base\\')).toBe(true);
    }),
    { seed: 11, numRuns: 2000 },
  );
  expect(taken).toBeGreaterThan(50);
});

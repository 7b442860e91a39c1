/** Formats from the machine's files. */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadFormatFile, loadFormatsFrom } from './load-formats.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'formats-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const write = (name: string, opening: string): string => {
  const calls = { kind: 'many', item: [opening, { kind: 'jsonCall' }] };
  const example = `${opening}{"name": "get_weather", "arguments": {"city": "Oslo"}}`;
  const path = join(folder, name);
  writeFileSync(path, JSON.stringify({ name: name.replace('.json', ''), calls, example }));
  return path;
};

describe('loadFormatsFrom', () => {
  it('reads every JSON file of a folder, and none where there is no folder', () => {
    write('b.json', '<b>');
    write('a.json', '<a>');
    writeFileSync(join(folder, 'notes.md'), 'not a format');
    expect(loadFormatsFrom(folder).map(({ format, file }) => [format.name, file])).toEqual([
      ['a', join(folder, 'a.json')],
      ['b', join(folder, 'b.json')],
    ]);
    expect(loadFormatsFrom(join(folder, 'absent'))).toEqual([]);
  });
});

describe('loadFormatFile', () => {
  it('never waits for what is no file', () => {
    expect(() => loadFormatFile('/dev/null')).toThrowError('/dev/null is not a regular file.');
    expect(() => loadFormatFile(folder)).toThrowError(`${folder} is not a regular file.`);
    const pipe = join(folder, 'pipe.json');
    execFileSync('mkfifo', [pipe]);
    expect(() => loadFormatFile(pipe)).toThrowError(`${pipe} is not a regular file.`);
  });

  it('names the file that is wrong', () => {
    const path = join(folder, 'c.json');
    expect(() => loadFormatFile(path)).toThrowError(`The tool format ${path} cannot be read.`);
    writeFileSync(path, '{"name": "c"}');
    expect(() => loadFormatFile(path)).toThrowError(`${path}: missing: 'calls'.`);
  });
});

/** Holds the source tree to the table of rooms, and each file to the house rules. */

import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  findCycles,
  findImports,
  packageOf,
  readSources,
  repository,
  resolveImport,
  roomOf,
  type SourceFile,
  withoutComments,
} from './sources.ts';
import { floorOf, rooms } from './table.ts';

const files = readSources();
const production = files.filter((file) => !file.isTest);

/** The paths of the files a rule finds fault with; a test expects none. */
const breaking = (of: readonly SourceFile[], rule: (file: SourceFile) => boolean): string[] =>
  of.filter(rule).map((file) => file.path);

describe('rooms', () => {
  it('are exactly those of the table', () => {
    expect([...new Set(files.map((file) => roomOf(file.path)))].sort()).toEqual(Object.keys(rooms).sort());
  });

  it('import only downwards, as the table says', () => {
    for (const [name, room] of Object.entries(rooms))
      for (const target of room.imports) expect(floorOf(target), `${name} → ${target}`).toBeLessThan(floorOf(name));
  });

  it('import what the table allows and nothing else', () => {
    const wrong = production.flatMap((file) => {
      const room = roomOf(file.path);
      const allowed = ['base', room, ...(rooms[room]?.imports ?? [])];
      return file.imports
        .filter((specifier) => specifier.startsWith('.'))
        .filter((specifier) => !allowed.includes(roomOf(resolveImport(file.path, specifier))))
        .map((specifier) => `${file.path} → ${specifier}`);
    });
    expect(wrong).toEqual([]);
  });

  it('use node: modules and npm packages only where the table allows', () => {
    const wrong = production.flatMap((file) => {
      const room = rooms[roomOf(file.path)];
      return file.imports
        .filter((specifier) => !specifier.startsWith('.'))
        .filter((specifier) =>
          specifier.startsWith('node:') ? !room?.node : !room?.packages.includes(packageOf(specifier)),
        )
        .map((specifier) => `${file.path} → ${specifier}`);
    });
    expect(wrong).toEqual([]);
  });

  it('allow no package that nobody uses', () => {
    for (const [name, room] of Object.entries(rooms)) {
      const used = production
        .filter((file) => roomOf(file.path) === name)
        .flatMap((file) => file.imports.map(packageOf));
      expect(used, name).toEqual(expect.arrayContaining([...room.packages]));
    }
  });
});

describe('files', () => {
  it('import relative files by their .ts name, without circles, types included', () => {
    const graph = new Map(
      files.map((file) => [
        file.path,
        file.imports.filter((specifier) => specifier.startsWith('.')).map((target) => resolveImport(file.path, target)),
      ]),
    );
    const unknown = [...graph].flatMap(([path, targets]) =>
      targets.filter((target) => !existsSync(join(repository, target))).map((target) => `${path} → ${target}`),
    );
    expect(unknown).toEqual([]);
    expect(findCycles(graph)).toEqual([]);
  });

  it('open with a sentence that says what they are', () => {
    expect(breaking(production, ({ text }) => !/^(#![^\n]*\n)?\/\*\*[\s*]*[^\s*]/.test(text))).toEqual([]);
  });

  it('document every export', () => {
    // A row of short exports without a blank line between them may share the sentence above the first.
    const paragraphs = production.flatMap(({ path, text }) => text.split(/\n\s*\n/).map((lines) => ({ path, lines })));
    const exported = /^export (?:declare |abstract |async )*(?:const|function\*?|class|interface|type) \w+/m;
    const undocumented = paragraphs.flatMap(({ path, lines }) => {
      const [found] = exported.exec(lines) ?? [];
      const said = found === undefined || /\*\/|^\/\/ /m.test(lines.slice(0, lines.indexOf(found)));
      return said ? [] : [`${path}: ${found}`];
    });
    expect(undocumented).toEqual([]);
  });

  it('are named in kebab-case, and never for nothing in particular', () => {
    const vague = /^(utils?|helpers?|common|manager|service|misc)\b/;
    const named = /^[a-z0-9]+(-[a-z0-9]+)*(\.(test|contract|property))*\.ts$/;
    expect(breaking(files, ({ path }) => !named.test(basename(path)) || vague.test(basename(path)))).toEqual([]);
    expect(
      breaking(files, ({ path }) =>
        path
          .split('/')
          .slice(1, -1)
          .some((folder) => vague.test(folder)),
      ),
    ).toEqual([]);
  });

  it('stay within 400 lines', () => {
    expect(breaking(production, ({ text }) => text.split('\n').length > 401)).toEqual([]);
  });

  it.each([
    ['throw bare errors', /\bnew (Error|TypeError|RangeError)\(/],
    ['export a default', /^export default\b/m],
    ['declare an enum', /^\s*(export )?(declare )?(const )?enum \w+ *\{/m],
    ['silence the compiler', /@ts-(ignore|nocheck|expect-error)/],
    ['use any', /(:\s*|<|\bas )any\b/],
  ])('never %s', (_, pattern) => {
    const code = ({ text }: SourceFile): string => (pattern.source.startsWith('@ts') ? text : withoutComments(text));
    expect(breaking(production, (file) => pattern.test(code(file)))).toEqual([]);
  });
});

describe('the reader of this test', () => {
  it('sees every kind of import', () => {
    const text = `
      /** import { no } from './comment.ts'; */
      // import './line.ts';
      import a from 'a';
      import type { B } from "./b.ts";
      import {
        c,
      } from './c.ts';
      import './d.ts';
      export { e } from './e.ts';
      export * from './f.ts';
      const g = await import('./g.ts');
      type H = import('./h.ts').H;
    `;
    expect(findImports(text).sort()).toEqual(
      ['a', './b.ts', './c.ts', './d.ts', './e.ts', './f.ts', './g.ts', './h.ts'].sort(),
    );
  });

  it('sees circles, also of one file', () => {
    expect(
      findCycles(
        new Map([
          ['a', ['b']],
          ['b', ['c']],
          ['c', ['b']],
          ['d', ['d']],
          ['e', ['a']],
        ]),
      ),
    ).toEqual([['b', 'c'], ['d']]);
  });

  it('knows the package of a specifier', () => {
    expect(['a/b', '@s/a/b', 'a'].map(packageOf)).toEqual(['a', '@s/a', 'a']);
  });
});

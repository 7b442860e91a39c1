import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readFixture } from '../../../test/templates/fixtures.ts';
import { isAppError } from '../../base/errors.ts';
import { detectTemplate } from '../../formats/detect-template.ts';
import { allFormats, findFormat } from '../../formats/formats.ts';
import { createChatTemplate } from '../../template/chat-template.ts';
import type { TokenFacts } from '../../template/scope.ts';
import { bitsPerWeight } from '../bits-per-weight.ts';
import { hashTemplate } from '../template-hash.ts';
import { bestForMachine } from './best-for-machine.ts';
import { type CatalogTemplate, findInCatalog } from './catalog.ts';
import { loadCatalog, parseCatalog } from './load-catalog.ts';

const catalog = loadCatalog();
const formats = [...new Set(catalog.templates.map(({ format }) => format))];

function detected(template: string, tokens: TokenFacts): string {
  const facts = { name: '', architecture: '', template, specialTokens: tokens.specialTokens };
  return detectTemplate(facts, createChatTemplate(template, tokens), allFormats).format.name;
}

describe('the shipped catalogue', () => {
  it('holds well-known models, each with the page on which its repositories were read', () => {
    expect(catalog.entries.length).toBeGreaterThanOrEqual(40);
    for (const entry of catalog.entries.filter(({ isBundled }) => !isBundled)) {
      expect([entry.huggingFace, entry.modelScope], entry.name).not.toEqual([undefined, undefined]);
      for (const quantisation of entry.quantisations)
        expect(bitsPerWeight(quantisation), `${entry.name} ${quantisation}`).toBeDefined();
      expect(entry.activeBillions ?? 0, entry.name).toBeLessThan(entry.billions);
    }
    expect(catalog.entries.filter(({ isBundled }) => isBundled).map(({ name }) => name)).toEqual(['aimindserve-nano']);
  });

  it('uses every template it names, and each once', () => {
    const used = new Set(catalog.entries.map(({ template }) => template?.name));
    expect(catalog.templates.filter(({ name }) => !used.has(name))).toEqual([]);
    expect(new Set(catalog.templates.map(({ sha256 }) => sha256)).size).toBe(catalog.templates.length);
  });

  it('names formats that there are', () => {
    for (const format of formats) expect(findFormat(format)?.name, format).toBe(format);
  });

  it('expects of the bundled model what detection finds in its template', () => {
    const template = readFileSync(new URL('../../../models/nano/chat_template.jinja', import.meta.url), 'utf8');
    const nano = findInCatalog(catalog, 'aiMindServe-Nano')?.template;
    expect(nano?.sha256).toBe(hashTemplate(template));
    expect(nano?.format).toBe(detected(template, { bosToken: '', eosToken: '', specialTokens: [] }));
  });

  it.each(formats.filter((name) => name !== 'nano'))('expects %s of templates of its family', (format) => {
    const { source, tokens } = readFixture(format);
    expect(detected(source, tokens)).toBe(format);
  });
});

/** Real templates are not ours to ship: name a folder of them (`*.jinja`) to see the catalogue derived from them again. */
const folder = process.env.CATALOG_TEMPLATES;

describe.runIf(folder !== undefined)('the templates in CATALOG_TEMPLATES', () => {
  const byHash = new Map<string, string>();
  for (const name of folder === undefined ? [] : readdirSync(folder).filter((file) => file.endsWith('.jinja'))) {
    const template = readFileSync(join(folder ?? '', name), 'utf8')
      .replaceAll('\r\n', '\n')
      .trimEnd();
    byHash.set(hashTemplate(template), template);
  }
  const known = catalog.templates.filter(({ sha256 }) => byHash.has(sha256));

  it('hold some that the catalogue knows', () => {
    expect(known.map(({ name }) => name)).not.toEqual([]);
  });

  it.each(known.map((template): [string, CatalogTemplate] => [template.name, template]))('%s', (_, template) => {
    const text = byHash.get(template.sha256) ?? '';
    const specialTokens = [
      ...new Set(text.match(/<[|｜][^<>\n'"]{1,40}[|｜]>|\[[A-Z_]+\]|<\/?(?:think|tool_call|arg_key)>/g)),
    ];
    expect(detected(text, { bosToken: '<s>', eosToken: '</s>', specialTokens })).toBe(template.format);
  });
});

const one = `models:
  - name: mine
    family: Mine
    released: 2026-01
    billions: 7
    licence: mit
    context: 32768
    quantisations: [Q4_K_M]
    huggingFace: { repository: me/mine-GGUF, source: https://example.com }
`;

function complaint(text: string): string {
  try {
    parseCatalog(text, 'mine.yaml');
  } catch (error) {
    if (isAppError(error) && error.code === 'invalid_config') return error.message;
    throw error;
  }
  return 'nothing was thrown';
}

describe('parseCatalog', () => {
  it("reads an operator's own file", () => {
    const { entries, templates } = parseCatalog(one, 'mine.yaml');
    expect(templates).toEqual([]);
    expect(entries).toEqual([
      {
        name: 'mine',
        family: 'Mine',
        released: '2026-01',
        billions: 7,
        licence: 'mit',
        context: 32_768,
        quantisations: ['Q4_K_M'],
        huggingFace: { repository: 'me/mine-GGUF', source: 'https://example.com' },
        isBundled: false,
      },
    ]);
  });

  it('takes anchors and aliases, which such files often use', () => {
    const text = one.replace('[Q4_K_M]', '&usual [Q4_K_M, Q8_0]');
    const second = one.split('\n').slice(1).join('\n').replace('mine', 'other').replace('[Q4_K_M]', '*usual');
    expect(parseCatalog(text + second, 'x').entries[1]?.quantisations).toEqual(['Q4_K_M', 'Q8_0']);
  });

  it.each([
    ['a missing field', one.replace('    licence: mit\n', ''), "line 2: models[0] lacks 'licence'"],
    ['a wrong type', one.replace('7', 'seven'), 'line 5: models[0].billions must be a number above 0'],
    ['a negative size', one.replace('7', '-7'), 'line 5: models[0].billions'],
    [
      'an unknown field',
      one.replace('family', 'familiy: x\n    family'),
      "line 3: models[0] has a field that is not known: 'familiy'",
    ],
    ['a bad date', one.replace('2026-01', '2026-13'), "line 4: models[0].released cannot be '2026-13'"],
    [
      'a repository that is a path',
      one.replace('me/mine-GGUF', '../../etc'),
      'line 9: models[0].huggingFace.repository cannot be',
    ],
    ['no hub', one.replace(/ {4}huggingFace.*\n/, ''), "models[0] needs 'huggingFace' or 'modelScope'"],
    ['no models', 'models: []', 'line 1: the file.models must be a list, not empty'],
    ['a name twice', `${one}${one.split('\n').slice(1).join('\n')}`, "line 10: models[1].name is there twice: 'mine'"],
    ['an unknown template', one.replace('family', 'template: none\n    family'), 'names none of the templates'],
    ['a key twice', one.replace('family', 'name: x\n    family'), 'line 3: '],
    ['broken YAML', 'models: [', 'line 1: '],
    ['a list at the top', '- a', 'the file must be a map of fields'],
    ['nothing', '', 'the file must be a map of fields'],
    ['a text', 'hello', 'the file must be a map of fields'],
    ['an alias to nothing', 'models: *x', 'line 1: '],
    ['an alias to itself', 'models: &x [*x]', 'mine.yaml'],
  ])('names the line of %s', (_, text, expected) => {
    expect(complaint(text)).toContain(expected);
  });

  it.each([
    ['nests deep', '['.repeat(100_000)],
    [
      'nests deep in blocks',
      Array.from({ length: 5_000 }, (_, depth) => `${' '.repeat(depth)}a:`)
        .join('\n')
        .slice(0, 4_000_000),
    ],
    [
      'multiplies itself',
      `a: &a [x,x]\n${'bcdefghij'.replace(/./g, (c, i, all) => `${c}: &${c} [*${all[i - 1] ?? 'a'},*${all[i - 1] ?? 'a'}]\n`)}models: *j`,
    ],
    ['has very many aliases', one.replace('[Q4_K_M]', `[&a Q4_K_M${', *a'.repeat(100_000)}]`)],
    ['is huge', `models: [${'x,'.repeat(1_000_000)}]`],
  ])('refuses what %s, without delay', { timeout: 20_000 }, (_, text) => {
    expect(complaint(text)).toContain('mine.yaml');
  });
});

describe('loadCatalog', () => {
  it('says which file cannot be read', () => {
    expect(() => loadCatalog('/nowhere/models.yaml')).toThrow(/nowhere\/models\.yaml' cannot be read/);
  });
});

describe('bestForMachine', () => {
  const gibibyte = 2 ** 30;

  it.each([4, 8, 16, 32, 64, 128])('offers three of different families that fit %d GiB with room for tools', (size) => {
    const best = bestForMachine(catalog, size * gibibyte);
    expect(best).toHaveLength(3);
    expect(new Set(best.map(({ entry }) => entry.family)).size).toBe(3);
    for (const { entry, sizeBytes, contextPerRequest } of best) {
      expect(sizeBytes).toBeLessThan(size * gibibyte * 0.6);
      expect(contextPerRequest, entry.name).toBeGreaterThanOrEqual(16_384);
      expect(entry.template, entry.name).toBeDefined();
    }
  });

  it('offers more to a larger machine, and the bundled model to the smallest', () => {
    const [small, large] = [8, 64].map((size) => bestForMachine(catalog, size * gibibyte)[0]?.entry.billions ?? 0);
    expect(large).toBeGreaterThan(small ?? 0);
    expect(bestForMachine(catalog, gibibyte / 4).map(({ entry }) => entry.name)).toEqual(['aimindserve-nano']);
  });
});

/** Which format a deployment gets: named, from a file, detected or inferred. */

import { describe, expect, it } from 'vitest';
import { type ProfileWishes, profileModel } from '../../src/answering/model-profile.ts';
import type { ModelSpec } from '../../src/fleet/model-spec.ts';
import { loadFormat } from '../../src/formats/load-format.ts';
import { readFixture } from '../templates/fixtures.ts';

const { source, tokens } = readFixture('hermes');
const spec = (template: string): ModelSpec => ({
  ...tokens,
  name: 'model',
  files: [],
  architecture: 'llama',
  parameterCount: 1,
  trainedContext: 1,
  template,
  vocabularySize: 1,
  sampling: {},
  sizeBytes: 1,
  kvBytesPerToken: 1,
});
const deployment = (toolFormat?: string): ProfileWishes => (toolFormat === undefined ? {} : { toolFormat });
const zebra = source.replaceAll('tool_call>', 'zebra>').replaceAll('<tools>', '<those>');
const custom = loadFormat(
  JSON.stringify({
    name: 'mine',
    detect: { template: ['<zebra>', '</zebra>'] },
    calls: { kind: 'many', item: ['<zebra>', { kind: 'jsonCall' }, '</zebra>'] },
    example: '<zebra>{"name": "get_weather", "arguments": {"city": "Oslo"}}</zebra>',
  }),
  '/formats/mine.json',
);

describe('profileModel', () => {
  it('detects what it knows', () => {
    const { format, evidence } = profileModel(spec(source), deployment());
    expect(format.name).toBe('hermes');
    expect(evidence).toMatch(/^hermes \(writes calls as the template does/);
  });

  it('infers what nobody described', () => {
    const { format, evidence } = profileModel(spec(zebra), deployment());
    expect(format.example).toBe('<zebra>\n{"name": "get_weather", "arguments": {"city": "Oslo"}}\n</zebra>');
    expect(evidence).toMatch(/^inferred \(no known format fits/);
  });

  it('takes a format of this machine if its signs are there, and says so', () => {
    const { format, evidence } = profileModel(spec(zebra), deployment(), [custom]);
    expect(format.name).toBe('mine');
    expect(evidence).toContain('custom: /formats/mine.json');
    expect(profileModel(spec(source), deployment(), [custom]).format.name).toBe('hermes');
  });

  it.each(['mine', 'MINE', '/formats/mine.json'])('takes %s when it is named', (name) => {
    expect(profileModel(spec(source), deployment(name), [custom])).toMatchObject({
      format: { name: 'mine' },
      evidence: 'mine (set by --tool-format)',
    });
  });

  it('refuses a name that nobody has', () => {
    expect(() => profileModel(spec(source), deployment('herms'))).toThrowError(/there is no format 'herms'/);
  });
});

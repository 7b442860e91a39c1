import { describe, expect, it } from 'vitest';
import { scriptedSpec } from '../../../test/fixtures/scripted-engine.ts';
import { ConfigError } from '../../base/errors.ts';
import { KnownModels } from './known-models.ts';

const bundled = { backend: 'auto', source: { kind: 'bundled' } } as const;

describe('KnownModels', () => {
  it('reads a header once', () => {
    let reads = 0;
    const peek = () => {
      reads++;
      return scriptedSpec('');
    };
    const known = new KnownModels(peek);
    expect(known.of(bundled)).toEqual(scriptedSpec(''));
    expect(known.of(bundled)).toBe(known.of(bundled));
    expect(reads).toBe(1);
  });

  it('asks again for what was not there, and does not stumble over what cannot be read', () => {
    const answers = [
      () => undefined,
      () => {
        throw new ConfigError('model_unusable', 'broken');
      },
      () => scriptedSpec(''),
    ];
    const known = new KnownModels(() => answers.shift()?.());
    expect([known.of(bundled), known.of(bundled), known.of(bundled)?.name]).toEqual([undefined, undefined, 'scripted']);
  });
});

import { Type } from 'typebox';
import { describe, expect, it } from 'vitest';
import { isAppError } from '../../base/errors.ts';
import { apiKeySpecSchema } from '../../fleet/api-key.ts';
import { deploymentWishSchema } from '../../fleet/deployment.ts';
import { checkInput } from './check-input.ts';

/** `code param: message` of the refusal, or `fine`. */
function verdict(schema: Parameters<typeof checkInput>[0], value: unknown, path?: string): string {
  try {
    checkInput(schema, value, path);
    return 'fine';
  } catch (thrown) {
    if (!isAppError(thrown)) throw thrown;
    return `${thrown.code} ${thrown.detail.param}: ${thrown.message}`;
  }
}
const ofDeployment = (value: unknown) => verdict(deploymentWishSchema, value);
const bundled = { kind: 'bundled' };

describe('a union told apart by kind', () => {
  it('complains of the chosen branch alone', () => {
    expect(ofDeployment({ source: { kind: 'local' } })).toBe("missing_field source.path: 'source.path' is missing.");
    expect(ofDeployment({ source: { kind: 'local', path: 'a', url: 'b' } })).toBe(
      "unsupported_field source.url: 'source.url' is not a known field.",
    );
    expect(ofDeployment({ source: { kind: 'hub', hub: 'auto', repository: 'x' } })).toMatch(
      /^invalid_value source.repository: /,
    );
  });

  it('names the kinds', () => {
    expect(ofDeployment({ source: { kind: 'lokal' } })).toBe(
      "invalid_value source.kind: 'source.kind' must be one of 'bundled', 'local', 'url', 'hub', 'catalogue', 'remote'. Did you mean 'local'?",
    );
    expect(ofDeployment({ source: {} })).toBe("missing_field source.kind: 'source.kind' is missing.");
    expect(ofDeployment({ source: 'Qwen/Qwen3' })).toBe(
      "invalid_type source: 'source' must be an object, but is a string.",
    );
  });
});

it('finds the field, however deep, and the word that was meant', () => {
  expect(verdict(apiKeySpecSchema, { name: 'a', scopes: ['inference'], limits: { requestPerMinute: 1 } })).toBe(
    "unsupported_field limits.requestPerMinute: 'limits.requestPerMinute' is not a known field. Did you mean 'requestsPerMinute'?",
  );
  expect(verdict(apiKeySpecSchema, { name: 'a', scopes: ['inference'], limits: { requestsPerMinute: 0 } })).toMatch(
    /^invalid_value limits.requestsPerMinute: /,
  );
  expect(verdict(apiKeySpecSchema, { name: 'a', scopes: ['all'], limits: {} })).toMatch(/^invalid_value scopes\[0\]: /);
  expect(verdict(apiKeySpecSchema, { name: 1, scopes: [], limits: {} }, 'keys[3]')).toMatch(
    /^invalid_type keys\[3\].name: /,
  );
});

it('holds maps to their names', () => {
  expect(ofDeployment({ source: bundled, environment: { '1A': 'x' } })).toMatch(/^invalid_value environment.1A: /);
  expect(ofDeployment({ source: bundled, environment: { A: 1 } })).toBe(
    "invalid_type environment.A: 'environment.A' must be a string, but is a number.",
  );
  const many = Object.fromEntries(Array.from({ length: 101 }, (_, index) => [`A${index}`, '']));
  expect(ofDeployment({ source: bundled, environment: many })).toMatch(/^invalid_value environment: /);
});

it('takes addresses without a name and password', () => {
  for (const url of ['https://files.example/m.gguf?a@b', 'http://10.0.0.1:8000', 'http://[::1]:8000/m.gguf'])
    expect(ofDeployment({ source: { kind: 'url', url } })).toBe('fine');
  for (const url of ['https://a:b@files.example/m.gguf', 'http://a\\@b/', 'file:///etc/passwd', 'https:///m.gguf'])
    expect(ofDeployment({ source: { kind: 'url', url } })).toMatch(/^invalid_value source.url: /);
});

it('tells several problems at once, but not all of many', () => {
  const value = { source: bundled, replicas: -1, parallel: 'x', gpu: 'gpu', name: ' ', bogus: 1, other: 2 };
  const told = ofDeployment(value);
  expect(told).toMatch(/^unsupported_field bogus: /);
  expect(told).toMatch(/There is more\.$/);
});

it('does not trust a prototype', () => {
  const value: unknown = JSON.parse('{"source": {"kind": "bundled"}, "__proto__": {"replicas": 1}}');
  expect(ofDeployment(value)).toMatch(/^unsupported_field __proto__: /);
});

it('loses no time on what is far too much', () => {
  const many = Array.from({ length: 200_000 }, (_, index): [string, unknown] => [`name${index}`, index]);
  const startMs = performance.now();
  const aliases = many.map(([name]) => name);
  expect(ofDeployment({ source: bundled, aliases })).toMatch(/^invalid_value aliases: /);
  expect(ofDeployment({ source: bundled, environment: Object.fromEntries(many) })).toMatch(
    /^invalid_value environment: /,
  );
  expect(ofDeployment(Object.fromEntries(many))).toMatch(/^unsupported_field name0: /);
  expect(ofDeployment({ source: bundled, systemPrompt: 'x'.repeat(8_000_000) })).toMatch(
    /^invalid_value systemPrompt: /,
  );
  expect(ofDeployment({ source: bundled, chatTemplate: 'é'.repeat(1_000_000) })).toBe('fine');
  expect(performance.now() - startMs).toBeLessThan(5_000);
});

it('takes null only where it is meant', () => {
  const schema = Type.Object({ a: Type.Union([Type.String(), Type.Null()]) });
  expect(verdict(schema, { a: null })).toBe('fine');
  expect(verdict(schema, { a: 5 })).toBe("invalid_type a: 'a' must be string or null, but is a number.");
  expect(verdict(schema, null)).toBe('invalid_type undefined: The body must be an object, but is null.');
});

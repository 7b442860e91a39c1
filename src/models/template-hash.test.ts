import { describe, expect, it } from 'vitest';
import { hashTemplate } from './template-hash.ts';

describe('hashTemplate', () => {
  it('passes over line ends and the end of the text, and nothing else', () => {
    const hash = hashTemplate('{{ a }}\n{{ b }}');
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
    for (const same of ['{{ a }}\r\n{{ b }}', '{{ a }}\n{{ b }}\n \n']) expect(hashTemplate(same)).toBe(hash);
    for (const other of ['{{ a }} \n{{ b }}', '\n{{ a }}\n{{ b }}', '{{ a }}{{ b }}'])
      expect(hashTemplate(other)).not.toBe(hash);
  });
});

import { describe, expect, it } from 'vitest';
import { dryRender } from './dry-render.ts';

const input = (source: string) => ({ source, bosToken: '', eosToken: '', specialTokens: [] });

describe('dryRender', () => {
  it('passes a template that renders', async () => {
    await dryRender(input('{% for message in messages %}{{ message.content }}{% endfor %}'));
  });

  it.each([
    ['does not compile', '{% for message in %}'],
    ['cannot render a question', "{{ raise_exception('no') }}"],
    ['never ends', '{% for a in range(9999) %}{% for b in range(9999) %}{{ b }}{% endfor %}{% endfor %}'],
    [
      'fills the memory',
      "{% set ns = namespace(s='x', l=[]) %}{% for a in range(60) %}{% set ns.s = ns.s + ns.s %}{% set ns.l = ns.l + [ns.s | upper] %}{% endfor %}",
    ],
  ])('refuses one that %s', async (_, source) => {
    await expect(dryRender(input(source))).rejects.toMatchObject({ code: 'model_unusable' });
  });
});

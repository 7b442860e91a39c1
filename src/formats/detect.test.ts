/** Which template speaks which format, and by which names formats are found. */

import { describe, expect, it } from 'vitest';
import { detectFormat } from './detect.ts';
import { aliases, allFormats, findFormat } from './formats.ts';

const detect = (template: string) =>
  detectFormat({ name: '', architecture: '', template, specialTokens: [] }, allFormats);

describe('detectFormat', () => {
  it('takes what the template writes, and ReAct where it knows no tools', () => {
    expect(detect('{% if tools %}<tools>{% endif %}<tool_call>').format.name).toBe('hermes');
    expect(detect("{{ '<|im_start|>' + message.role }}").format.name).toBe('react');
    expect(detect('{% for tool in tools %}<function=x>{% endfor %}').format.name).toBe('react');
    expect(detect('').evidence).toContain('react (the template knows no tools');
  });
});

describe('findFormat', () => {
  it('knows every format, and the names other servers use', () => {
    for (const format of allFormats) expect(findFormat(format.name)).toBe(format);
    expect(findFormat('Qwen25')?.name).toBe('hermes');
    expect(findFormat('llama3_json')?.name).toBe('llama-3-json');
    expect(findFormat('deepseek_v31')?.name).toBe('deepseek-v3.1');
    expect(findFormat('glm47')?.name).toBe('glm-4.7');
    for (const alias of Object.keys(aliases)) expect(findFormat(alias)?.name).toBe(aliases[alias]);
    expect(findFormat('constructor')).toBeUndefined();
  });
});

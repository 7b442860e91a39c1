import { describe, expect, it } from 'vitest';
import { hubEndpoints } from './hub-endpoints.ts';

describe('hubEndpoints', () => {
  it.each([
    [{}, 'https://huggingface.co', 'https://modelscope.cn'],
    [{ HF_ENDPOINT: 'https://hf-mirror.com/' }, 'https://hf-mirror.com', 'https://modelscope.cn'],
    [{ HF_ENDPOINT: 'http://mirror.lan:8080/hf//' }, 'http://mirror.lan:8080/hf', 'https://modelscope.cn'],
    [{ MODELSCOPE_ENDPOINT: 'modelscope.ai' }, 'https://huggingface.co', 'https://modelscope.ai'],
    [{ MODELSCOPE_DOMAIN: 'www.modelscope.cn' }, 'https://huggingface.co', 'https://www.modelscope.cn'],
    [
      { MODELSCOPE_ENDPOINT: 'https://a.test', MODELSCOPE_DOMAIN: 'b.test' },
      'https://huggingface.co',
      'https://a.test',
    ],
    [{ HF_ENDPOINT: '  ', MODELSCOPE_ENDPOINT: '' }, 'https://huggingface.co', 'https://modelscope.cn'],
  ])('%j', (environment, huggingface, modelscope) => {
    expect(hubEndpoints(environment)).toEqual({ huggingface, modelscope });
  });

  it.each(['https://user:secret@hub.test', 'https://hub.test?token=secret', 'ftp://hub.test', 'two words', 'https://'])(
    'refuses %s by its name, not by its text',
    (value) => {
      expect(() => hubEndpoints({ HF_ENDPOINT: value })).toThrow(/^HF_ENDPOINT must be the address of a hub/);
      expect(() => hubEndpoints({ HF_ENDPOINT: value })).not.toThrow(/secret/);
    },
  );
});

import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isAppError } from '../../base/errors.ts';
import type { DeploymentWish } from '../../fleet/deployment.ts';
import { checkDeployment } from './deployment-rules.ts';

let folder: string;
let root: string;
beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'rules-')));
  root = join(folder, 'models');
  mkdirSync(root);
  mkdirSync(join(folder, 'models-of-others'));
  writeFileSync(join(root, 'a.gguf'), '');
  writeFileSync(join(folder, 'secret'), '');
  symlinkSync(join(folder, 'secret'), join(root, 'link.gguf'));
  symlinkSync(folder, join(root, 'out'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** `code param` of the refusal, or `fine`. */
async function verdict(wish: Partial<DeploymentWish>, place?: string): Promise<string> {
  try {
    const context = { pathRoots: [root], ...(place !== undefined && { place }) };
    await checkDeployment({ source: { kind: 'bundled' }, ...wish }, context);
    return 'fine';
  } catch (thrown) {
    if (!isAppError(thrown)) throw thrown;
    return `${thrown.code} ${thrown.detail.param}`;
  }
}

describe('parameters', () => {
  it.each([
    '--host',
    '--host=0.0.0.0',
    '--host 0.0.0.0',
    '-host',
    '--HOST=x',
    '--port',
    '--port=1',
    '--api-key',
    '--api_key=x',
    '--api-key-file=x',
    '--served-model-name=x',
    '--served_model_name',
    '--served-model',
    '--serv=x',
    '--alias',
    '-a',
    '---port',
    '-m',
    '--model-url=http://169.254.169.254/x',
    '-hf',
    '--hf-token=x',
    '--dtype auto --hf-token x',
    '--dtype auto "--hf_token" x',
  ])('%s is ours', async (parameter) => {
    expect(await verdict({ backendParameters: ['--mlock', parameter] })).toBe('invalid_value backendParameters[1]');
  });

  it.each([
    '--ctx-size=4096',
    '--hostile',
    '--ports',
    '-p',
    '--flash-attn',
    'host',
    '8080',
    '-ngl',
    '--split-mode=layer',
  ])('%s is not', async (parameter) => {
    expect(await verdict({ backendParameters: [parameter] })).toBe('fine');
  });

  it.each([
    '--lora=/etc/passwd',
    '/etc/passwd',
    '--lora=../x',
    '--lora=a/../../x',
    '--lora=~/x',
    'file:///etc/passwd',
    'FILE:///etc/passwd',
    '--x={"path":"/etc/passwd"}',
    '--x={"path":"./\\u002e./secret"}',
    '--x={"path":"a\\u002F..\\u002Fsecret"}',
    '--x=a,/etc/passwd',
    '--x=[/etc/passwd]',
    '--x=key=str:/etc/passwd',
    '@/etc/passwd',
    '--x=..',
  ])('%s leads elsewhere', async (parameter) => {
    expect(await verdict({ backendParameters: [parameter] })).toBe('invalid_value backendParameters[0]');
  });

  it('may name files under a root, and addresses', async () => {
    const files = [
      `--lora=${root}/a.gguf`,
      `--lora=${root}/not-there-yet`,
      '--x=https://example.com/a',
      '--x=org/model',
    ];
    expect(await verdict({ backendParameters: files })).toBe('fine');
  });
});

describe('environment', () => {
  it.each([
    'LD_PRELOAD',
    'ld_preload',
    'LD_LIBRARY_PATH',
    'DYLD_INSERT_LIBRARIES',
    'NODE_OPTIONS',
    'NODE_V8_COVERAGE',
    'GCONV_PATH',
    'GGML_BACKEND_PATH',
    'OPENSSL_CONF',
    'VK_ICD_FILENAMES',
    'CUDA_INJECTION64_PATH',
    'AIMINDSERVE_DATA_DIR',
    'PYTHONPATH',
    'Pythonstartup',
    'PATH',
    'Path',
    'BASH_ENV',
    'LLAMA_ARG_HOST',
    'LLAMA_ARG_LORA',
    'LLAMA_API_KEY',
    'A B',
    'A=B',
    '1A',
    'A\nB',
    '',
  ])('%j is refused', async (name) => {
    expect(await verdict({ environment: { [name]: 'x' } })).toBe(`invalid_value environment.${name}`);
  });

  it.each(['/etc/cron.d/x', '~/x', '../x', 'a:/etc', '{"path": "/etc"}'])('%j leads elsewhere', async (value) => {
    expect(await verdict({ environment: { LLAMA_LOG_FILE: value } })).toBe('invalid_value environment.LLAMA_LOG_FILE');
  });

  it('takes what engines know', async () => {
    const environment = {
      CUDA_VISIBLE_DEVICES: '0',
      OMP_NUM_THREADS: '4',
      HF_TOKEN: 'x',
      MY_PATH: `${root}/x`,
      HTTPS_PROXY: 'http://proxy:3128',
      NO_PROXY: '10.0.0.0/8,.local',
      OLD_X: '',
      NODES: '1',
    };
    expect(await verdict({ environment })).toBe('fine');
    expect(await verdict({ environment: { A: 'a\0b' } })).toBe('invalid_value environment.A');
  });
});

describe('local sources', () => {
  const local = (path: string) => verdict({ source: { kind: 'local', path } });

  it('lie under a root', async () => {
    expect(await local(join(root, 'a.gguf'))).toBe('fine');
    expect(await local(root)).toBe('fine');
    expect(await local(join(root, 'later', 'b.gguf'))).toBe('fine');
  });

  it('do not lead out of it', async () => {
    const paths = [
      '../secret',
      '/etc/passwd',
      'a.gguf',
      `${root}/../secret`,
      `${root}/link.gguf`,
      `${root}/out/secret`,
    ];
    const more = [`${root}/out/nothing`, `${root}-of-others`, `${root}-of-others/x`, '/', `${root}/a\0`, ''];
    for (const path of [...paths, ...more]) expect(await local(path), path).toBe('invalid_value source.path');
  });

  it('say the same of files that are there and that are not', async () => {
    expect(await local(join(folder, 'secret'))).toBe(await local(join(folder, 'nothing')));
  });

  it('and neither do tool formats from files', async () => {
    expect(await verdict({ toolFormat: '/etc/passwd' })).toBe('invalid_value toolFormat');
    expect(await verdict({ toolFormat: 'hermes' })).toBe('fine');
  });
});

it('names the place of a deployment among others', async () => {
  const ours = { backendParameters: ['--port 1'] };
  expect(await verdict(ours, 'deployments[2]')).toBe('invalid_value deployments[2].backendParameters[0]');
  expect(await verdict(ours)).toBe('invalid_value backendParameters[0]');
});

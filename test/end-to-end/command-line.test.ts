/** The command as people use it: flags, exit codes, signals, and what it says. */

import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gather, get, post, saidIn, stream } from './ask.ts';
import { enginesOf, isRunning, repository, runCommand, startServer } from './running-server.ts';

const bundled = join(repository, 'models', 'nano', 'aimindserve-nano.gguf');
const manifest = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'));

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'command line '));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('words that say no', () => {
  beforeAll(() => {
    const weights = readFileSync(bundled);
    mkdirSync(join(folder, 'safetensors'));
    writeFileSync(join(folder, 'safetensors', 'model.safetensors'), '');
    writeFileSync(join(folder, 'safetensors', 'config.json'), '{}');
    mkdirSync(join(folder, 'nothing'));
    writeFileSync(join(folder, 'text.gguf'), 'not a model');
    writeFileSync(join(folder, 'empty.gguf'), '');
    writeFileSync(join(folder, 'truncated.gguf'), weights.subarray(0, weights.length >> 1));
    writeFileSync(join(folder, 'header-only.gguf'), weights.subarray(0, 24));
    const lying = Buffer.from(weights);
    lying.writeBigUInt64LE(2n ** 60n, 8);
    writeFileSync(join(folder, 'lying.gguf'), lying);
    writeFileSync(join(folder, 'bad.yaml'), 'prot: 1\n');
    writeFileSync(join(folder, 'endless.jinja'), '{% for i in range(100000000) %}{{ i }}{% endfor %}');
    writeFileSync(join(folder, 'broken.jinja'), '{% if %}');
  });

  it.each<[string[], RegExp]>([
    [['serve', '--prot', '1'], /--prot .*did you mean --port\?/],
    [['serve', '--port', 'http'], /--port: 'http'/],
    [['serve', '--config', 'bad.yaml'], /Did you mean 'port'\?/],
    [['serve', '--gpu', 'cuda'], /--gpu cuda: .*aimindserve engine install llama --cuda/],
    [['serve', '--tool-format', 'hermess'], /hermes/],
    [['serve', '--model', 'absent.gguf'], /absent\.gguf/],
    [['serve', '--model', 'text.gguf'], /text\.gguf/],
    [['serve', '--model', 'empty.gguf'], /empty\.gguf/],
    [['serve', '--model', 'truncated.gguf'], /truncated\.gguf/],
    [['serve', '--model', 'header-only.gguf'], /header-only\.gguf/],
    [['serve', '--model', 'lying.gguf'], /lying\.gguf/],
    [['serve', '--model', 'nothing'], /nothing/],
    [['serve', '--model', 'safetensors'], /safetensors.*GGUF/is],
    [['serve', 'Qwen/Qwen3-8B-GGUF'], /Qwen\/Qwen3-8B-GGUF/],
    [['serve', '--chat-template', 'absent.jinja'], /absent\.jinja cannot be read/],
    [['serve', '--chat-template', 'broken.jinja'], /template/i],
    [['serve', '--chat-template', 'endless.jinja'], /template/i],
    [['serve', '--host', '203.0.113.7'], /203\.0\.113\.7 is not an address of this machine/],
    [['bake'], /unknown command 'bake'/],
    [['chat', '--tolls', 'x'], /unknown option '--tolls'/],
  ])('%j exits 78', async (words, message) => {
    const [command = '', ...flags] = words;
    const { code, err } = await runCommand(command === 'serve' ? [command, '--port=0', ...flags] : words, { folder });
    expect(err).toMatch(message);
    expect(err).not.toMatch(/^\s+at /m);
    expect(code).toBe(78);
  });

  it('a server that is not there exits 3', async () => {
    const { code, err } = await runCommand(['chat', '--url', 'http://127.0.0.1:9']);
    expect([code, err]).toEqual([3, expect.stringContaining('aimindserve serve')]);
  });

  it('a port in use', async () => {
    const other = createServer();
    const port = await new Promise<number>((resolve) => {
      other.listen(0, '127.0.0.1', () => {
        const address = other.address();
        resolve(typeof address === 'object' && address !== null ? address.port : 0);
      });
    });
    const { code, err } = await runCommand(['serve', '--port', String(port)]);
    other.close();
    expect(err).toMatch(new RegExp(`Port ${port} .*in use.*--port`));
    expect(code).toBe(78);
  });
});

describe('words that tell', () => {
  it.each<[string[], RegExp]>([
    [['--version'], new RegExp(`^${manifest.version.replaceAll('.', '\\.')}$`, 'm')],
    [['--help'], /serve.*doctor.*chat.*keys/s],
    [[], /Start here/],
    [['serve', '--help'], /--served-model-name NAME.*AIMINDSERVE_PORT/s],
    [['chat', '--help'], /--tools/],
    [['doctor', '--help'], /check this machine/],
  ])('%j exits 0', async (words, message) => {
    const { code, out, err } = await runCommand(words);
    expect(out + err).toMatch(message);
    expect(code).toBe(0);
  });

  it('doctor finds this machine fit, down to a tool call', async () => {
    const { code, out } = await runCommand(['doctor', '--port', '0']);
    expect(out).toMatch(/ok +Tool call/);
    expect(out).not.toContain('FAIL');
    expect(code).toBe(0);
  });

  it('doctor says what is wrong, and what to do', async () => {
    const { code, out } = await runCommand(['doctor', '--port', '0', '--model', 'absent.gguf'], { folder });
    expect(out).toMatch(/FAIL +.*absent\.gguf/);
    expect(code).toBe(1);
  });

  it('doctor says which engine is missing, rather than wait for it', async () => {
    const weights = join(repository, 'test', 'convert', 'fixtures', 'qwen2');
    const { code, out } = await runCommand(['doctor', '--port', '0', '--model', weights, '--backend', 'vllm']);
    expect(out).toMatch(/FAIL +Engine .*needs-engine: vLLM is not installed.*aimindserve engine install vllm/);
    expect(code).toBe(1);
  });
});

describe('a server', () => {
  it('says where it is, what it serves and where its log lies, and ends in order at a signal', async () => {
    const server = await startServer();
    for (const label of ['Base URL', 'Model', 'Device', 'Context', 'Tool format', 'Log', 'curl http://127.0.0.1:'])
      expect(server.banner).toContain(label);
    const [engine = 0] = enginesOf(server);
    expect(isRunning(engine)).toBe(true);
    expect((await server.stop('SIGINT')).code).toBe(0);
    expect(isRunning(engine)).toBe(false);
  });

  it('lets what runs end before it ends', async () => {
    const server = await startServer(['--served-model-name', 'nano']);
    const request = { model: 'nano', messages: [{ role: 'user', content: 'Hello!' }], max_tokens: 100 };
    const chunks = stream(server.url, request);
    await chunks.next();
    const end = server.stop();
    const said = await gather(chunks);
    expect(['stop', 'length']).toContain(said.finish);
    expect((await end).code).toBe(0);
  });

  it('leaves no engine behind when it is killed', async () => {
    const server = await startServer();
    const [engine = 0] = enginesOf(server);
    expect(isRunning(engine)).toBe(true);
    await server.stop('SIGKILL');
    await expect.poll(() => isRunning(engine), { timeout: 20_000 }).toBe(false);
  });

  it('takes the first seed’s command, with any GGUF under the name that was asked for', async () => {
    mkdirSync(join(folder, 'path', 'to', 'weights'), { recursive: true });
    symlinkSync(bundled, join(folder, 'path', 'to', 'weights', 'model.gguf'));
    const words = ['--served-model-name', 'Qwen2-7B-Instruct', '--model', 'path/to/weights'];
    const server = await startServer(words, { folder });
    const { body } = await get(server.url, '/v1/models');
    expect(body.data.map(({ id }: { id: string }) => id)).toEqual(['Qwen2-7B-Instruct']);
    await server.stop();
  });

  it('takes the second seed’s flags of vLLM and says in a line that they do nothing', async () => {
    const words = ['--enable-auto-tool-choice', '--tool-call-parser=hermes', '--tensor-parallel-size', '2'];
    const server = await startServer(['--max-model-len', '1024', '--max-num-seqs', '3', ...words]);
    expect(server.banner).toMatch(/1024 tokens per request, 3 requests at once/);
    const { err } = await server.stop();
    expect(err).toContain(
      'No effect on this engine: --enable-auto-tool-choice, --tensor-parallel-size, --tool-call-parser.',
    );
  });

  it('reads its settings from the file in the folder and from the environment', async () => {
    mkdirSync(join(folder, 'settings'));
    copyFileSync(bundled, join(folder, 'settings', 'own.gguf'));
    writeFileSync(join(folder, 'settings', 'aimindserve.yaml'), 'model: own.gguf\nserved-model-name: from-file\n');
    const options = { folder: join(folder, 'settings'), environment: { AIMINDSERVE_API_KEY: 'secret' } };
    const server = await startServer([], options);
    expect((await fetch(`${server.url}/v1/models`)).status).toBe(401);
    const request = { model: 'from-file', messages: [{ role: 'user', content: 'Hello!' }] };
    expect((await post(server.url, request, { authorization: 'Bearer wrong' })).status).toBe(401);
    expect((await post(server.url, request, { authorization: 'Bearer secret' })).status).toBe(200);
    await server.stop();
  });

  it('that others can reach makes a key and shows it', async () => {
    const server = await startServer(['--host', '0.0.0.0', '--served-model-name', 'nano']);
    const key = /API key\s+(sk-\w+)/.exec(server.banner)?.[1];
    expect(server.banner).toContain(`Bearer ${key}`);
    const request = { model: 'nano', messages: [{ role: 'user', content: 'Hello!' }] };
    expect((await post(server.url, request)).status).toBe(401);
    expect((await post(server.url, request, { authorization: `Bearer ${key}` })).status).toBe(200);
    await server.stop();
  });

  it('does not mind a second one beside it', async () => {
    const [one, two] = await Promise.all([
      startServer(['--served-model-name', 'one']),
      startServer(['--served-model-name', 'two']),
    ]);
    const ask = (model: string): object => ({ model, messages: [{ role: 'user', content: 'Hello!' }] });
    expect((await post(one.url, ask('one'))).status).toBe(200);
    expect((await post(two.url, ask('two'))).status).toBe(200);
    expect((await post(two.url, ask('one'))).status).toBe(404);
    await Promise.all([one.stop(), two.stop()]);
  });
});

describe('the start script', () => {
  it.each([
    ['sh', ['sh']],
    ['busybox', ['busybox', 'sh']],
  ])('under %s, through a link with a blank in its path, serves what its flags say', async (name, shell) => {
    if (name === 'busybox' && (await runCommand(['true'], { program: ['sh', '-c', 'command -v busybox'] })).code !== 0)
      return;
    const home = mkdtempSync(join(folder, 'linked '));
    symlinkSync(join(repository, 'scripts', 'run_assistant_server.sh'), join(home, 'start here.sh'));
    const server = await startServer(['--served-model-name', 'nano'], {
      program: [...shell, join(home, 'start here.sh')],
      folder: home,
    });
    const answer = await post(server.url, { model: 'nano', messages: [{ role: 'user', content: 'Hello!' }] });
    expect(answer.status).toBe(200);
    expect((await server.stop()).code).toBe(0);
  });
});

describe('chat', () => {
  it('talks, shows calls, and passes results on', async () => {
    const server = await startServer(['--served-model-name', 'nano']);
    const tools = join(folder, 'tools.json');
    const parameters = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
    const tool = { name: 'get_weather', description: 'Current weather of a city', parameters };
    writeFileSync(tools, JSON.stringify([{ type: 'function', function: tool }]));
    const input = 'What is the weather in Paris?\n{"temperature": 21}\n\n\n';
    const { code, out } = await runCommand(['chat', '--url', server.url, '--tools', tools], { input });
    expect(out).toMatch(/→ get_weather\(\{"city": ?"Paris"\}\)/);
    expect(code).toBe(0);
    const refused = await runCommand(['chat', '--url', server.url, '--model', 'other'], { input: 'Hello!\n' });
    expect(refused.err).toMatch(/'other' does not exist.*nano/);
    expect(refused.code).toBe(1);
    await server.stop();
  });

  it('is what the sample of the banner asks for', async () => {
    const server = await startServer();
    const curl = server.banner.slice(server.banner.indexOf('curl '), server.banner.indexOf('\n\nCtrl-C'));
    const { out, code } = await runCommand([], { program: ['sh', '-c', curl.replace('curl', 'curl -sS')] });
    expect(code).toBe(0);
    const [call] = saidIn(JSON.parse(out)).calls;
    expect([call?.name, JSON.parse(call?.arguments ?? '')]).toEqual(['get_weather', { city: 'Paris' }]);
    await server.stop();
  });
});

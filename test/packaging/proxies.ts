/** Proxies between a client and a server: one that holds back what it may, and the real ones where they are installed. */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { repository } from '../end-to-end/running-server.ts';

/** A proxy that answers. */
export interface RunningProxy {
  readonly url: string;
  close(): Promise<void>;
}

/** How a proxy is started: before the server at `target`, itself at a port of 127.0.0.1. */
export type StartProxy = (target: string, port: number) => Promise<RunningProxy>;

/** How long a proxy waits for the next byte of an answer; the server shows life every ten seconds. */
const silenceSeconds = 14;

/**
 * As nginx does by default (ngx_http_proxy_module, proxy_buffering): an answer is passed on when it is whole, unless it
 * says `X-Accel-Buffering: no`; one that is silent for too long is cut.
 */
export const startHoldingProxy: StartProxy = async (target, port) => {
  const server = createServer((incoming, outgoing) => {
    const { method, headers } = incoming;
    const onward = request(target + (incoming.url ?? '/'), { method, headers }, (answer) => {
      answer.setTimeout(silenceSeconds * 1000, () => outgoing.destroy());
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      if (answer.headers['x-accel-buffering'] === 'no') {
        outgoing.flushHeaders();
        answer.on('data', (chunk: Buffer) => void outgoing.write(chunk));
        answer.on('end', () => outgoing.end());
        return;
      }
      const held: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => held.push(chunk));
      answer.on('end', () => outgoing.end(Buffer.concat(held)));
    });
    onward.on('error', () => outgoing.destroy());
    outgoing.on('close', () => onward.destroy());
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};

/** nginx with its own habit of buffering: what is tested is that the server's headers turn it off. */
export const startNginx: StartProxy = (target, port) =>
  startProgram(port, (folder) => {
    const path = join(folder, 'nginx.conf');
    writeFileSync(path, nginxConfiguration(nginxServer(target, port), folder));
    return [nginx, '-p', folder, '-e', join(folder, 'error.log'), '-c', path];
  });

/** Caddy as `deploy/Caddyfile` has it, but for names, ports and certificates. */
export const startCaddy: StartProxy = (target, port) =>
  startProgram(port, (folder) => {
    const path = join(folder, 'Caddyfile');
    const ours = readFileSync(join(repository, 'deploy', 'Caddyfile'), 'utf8');
    const site = ours.replace('llm.example.org {', `http://127.0.0.1:${port} {`);
    writeFileSync(path, `{\n\tadmin off\n}\n${site.replace('127.0.0.1:31512', target.replace('http://', ''))}`);
    return [caddy, 'run', '--adapter', 'caddyfile', '--config', path];
  });

/** The programs: on the search path, or where the environment says. */
const nginx = process.env['AIMINDSERVE_TEST_NGINX'] ?? 'nginx';
const caddy = process.env['AIMINDSERVE_TEST_CADDY'] ?? 'caddy';

/** Is nginx there? */
export const hasNginx = spawnSync(nginx, ['-v']).status === 0;
/** Is Caddy there? */
export const hasCaddy = spawnSync(caddy, ['version']).status === 0;

/** Does nginx take this `server` block? What it complains about otherwise. */
export function complaintsOfNginx(servers: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'nginx-test-'));
  try {
    const path = join(folder, 'nginx.conf');
    writeFileSync(path, nginxConfiguration(servers, folder));
    const { status, stderr } = spawnSync(nginx, ['-t', '-p', folder, '-e', join(folder, 'error.log'), '-c', path]);
    return status === 0 ? '' : stderr.toString();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Everything around a `server` block, for a user who is nobody special. */
function nginxConfiguration(servers: string, folder: string): string {
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${join(folder, name)};`,
  );
  return `daemon off;\npid ${join(folder, 'pid')};\nevents {}\nhttp {\naccess_log off;\n${paths.join('\n')}\n${servers}\n}\n`;
}

function nginxServer(target: string, port: number): string {
  // HTTP/1.0, its default: of chunked answers it passes on more than it promises.
  const settings = `proxy_pass ${target}; proxy_read_timeout ${silenceSeconds}s;`;
  // So large that it would hold back any answer of these tests whole.
  const buffers = 'proxy_buffer_size 1m; proxy_buffers 4 1m; proxy_busy_buffers_size 2m;';
  return `server { listen 127.0.0.1:${port}; location / { ${settings} ${buffers} } }`;
}

async function startProgram(port: number, words: (folder: string) => readonly string[]): Promise<RunningProxy> {
  const folder = mkdtempSync(join(tmpdir(), 'proxy-'));
  mkdirSync(join(folder, 'home'));
  const [program = '', ...rest] = words(folder);
  const env = { ...process.env, HOME: join(folder, 'home') };
  const child = spawn(program, rest, { stdio: ['ignore', 'pipe', 'pipe'], env });
  const url = `http://127.0.0.1:${port}`;
  let complaint = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (bytes: Buffer) => {
      complaint = (complaint + bytes).slice(-2_000);
    });
  const close = () => end(child, folder);
  for (;;) {
    if (child.exitCode !== null) throw new Error(`${program} ended: ${complaint}`);
    if (
      await fetch(`${url}/healthz`).then(
        ({ ok }) => ok,
        () => false,
      )
    )
      return { url, close };
    await sleep(50);
  }
}

async function end(child: ChildProcess, folder: string): Promise<void> {
  const ended = new Promise((resolve) => child.once('close', resolve));
  child.kill('SIGTERM');
  await ended;
  rmSync(folder, { recursive: true, force: true });
}

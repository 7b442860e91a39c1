/** What a server says of itself, and that its sample can be pasted. */

import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import type { ServerConfig } from '../server/server-config.ts';
import type { RunningServer } from '../server/start-server.ts';
import { bannerOf, sampleBody, sampleRequest } from './banner.ts';

const config: ServerConfig = {
  host: '0.0.0.0',
  port: 0,
  apiKeys: ['sk-1'],
  isModelNamed: false,
  isLoopback: false,
  environment: {},
  pathRoots: [],
  corsOrigins: [],
  trustedProxies: [],
  dataFolder: '/state',
  isDataFolderNamed: false,
  drainMs: 10_000,
  logLevel: 'info',
};
const server: RunningServer = {
  url: 'http://0.0.0.0:4321',
  description: {
    modelNames: ['first', 'second'],
    model: { name: 'first', device: 'CPU, 1 thread', contextPerRequest: 2048, parallel: 3, format: 'nano' },
    logFile: '/state/server.log',
    notes: [],
    readyMs: 432,
  },
  close: () => Promise.resolve(),
  leave: () => Promise.resolve(),
};

describe('bannerOf', () => {
  it('says where, what and how', () => {
    const banner = bannerOf(server, { config, madeKey: 'sk-1' });
    for (const fact of [
      'http://127.0.0.1:4321/v1',
      'first, second',
      'CPU, 1 thread',
      '2048',
      'nano',
      '/state/server.log',
    ])
      expect(banner).toContain(fact);
    expect(banner).toContain('sk-1   (made for this start');
    expect(banner).toContain('curl http://127.0.0.1:4321/v1/chat/completions');
    expect(banner).toContain('no TLS');
  });

  it('keeps a key of the person’s own out of its rows', () => {
    expect(bannerOf(server, { config })).not.toContain('made for this start');
  });
});

describe('sampleRequest', () => {
  it('is one command to a shell, whatever the names hold', () => {
    const odd = `it's "odd" $HOME \`x\` \\`;
    const script = `curl() { printf '%s\\n' "$@"; }\n${sampleRequest('http://h', odd, odd)}`;
    const words = execFileSync('/bin/sh', ['-c', script], { encoding: 'utf8' }).trimEnd().split('\n');
    expect(words).toEqual([
      'http://h/v1/chat/completions',
      '-H',
      `Authorization: Bearer ${odd}`,
      '-H',
      'Content-Type: application/json',
      '-d',
      JSON.stringify(sampleBody(odd)),
    ]);
  });
});

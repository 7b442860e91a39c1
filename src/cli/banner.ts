/** What a server says of itself once it answers: where, what, how, and a request to paste. */

import type { ServerConfig } from '../server/server-config.ts';
import type { ModelDescription, RunningServer } from '../server/start-server.ts';
import { isLoopback } from './loopback.ts';

/** What was asked for; `madeKey` was made because nobody gave one. */
export interface BannerFacts {
  readonly config: ServerConfig;
  readonly madeKey?: string;
}

/** The whole banner. */
export function bannerOf(server: RunningServer, { config, madeKey }: BannerFacts): string {
  const { description } = server;
  const url = reachableUrl(server.url);
  const { model, modelNames: names, logFile } = description;
  const rows: Array<readonly [string, string]> = [
    ['Base URL', `${url}/v1   (also ${url}/v1-openai)`],
    ['Model', names.length === 0 ? 'none yet: aimindserve deploy' : names.join(', ')],
    ...(model === undefined ? [] : modelRows(model)),
    ['Log', logFile],
  ];
  if (madeKey !== undefined)
    rows.push(['API key', `${madeKey}   (made for this start; choose your own with --api-key)`]);
  if (!isLoopback(config.host) && config.tls === undefined)
    rows.push(['Note', 'Others on the network can reach this address; it has no TLS (--tls-cert, --tls-key).']);
  return [
    '',
    `aiMindServe is ready (${(description.readyMs / 1000).toFixed(1)} s).`,
    '',
    ...rows.map(([label, value]) => `  ${label.padEnd(12)}${value}`),
    '',
    ...(names[0] === undefined ? [] : ['Try a tool call:', '', sampleRequest(url, names[0], config.apiKeys[0]), '']),
    'Ctrl-C ends the server.',
  ].join('\n');
}

function modelRows({
  device,
  contextPerRequest,
  parallel,
  format,
}: ModelDescription): Array<readonly [string, string]> {
  return [
    ['Device', device],
    ['Context', `${contextPerRequest} tokens per request, ${parallel} requests at once`],
    ['Tool format', format],
  ];
}

/** A curl command with a tool, for a POSIX shell. */
export function sampleRequest(url: string, model: string, key: string | undefined): string {
  const lines = [
    `curl ${url}/v1/chat/completions`,
    ...(key === undefined ? [] : [`  -H ${quote(`Authorization: Bearer ${key}`)}`]),
    "  -H 'Content-Type: application/json'",
    `  -d ${quote(JSON.stringify(sampleBody(model)))}`,
  ];
  return lines.join(' \\\n');
}

/** The smallest request that asks for a tool call. */
export function sampleBody(model: string): object {
  const parameters = {
    type: 'object',
    properties: { city: { type: 'string', description: 'Name of the city' } },
    required: ['city'],
  };
  const tool = { name: 'get_weather', description: 'Get the current weather of a city', parameters };
  return {
    model,
    messages: [{ role: 'user', content: 'What is the weather in Paris?' }],
    tools: [{ type: 'function', function: tool }],
  };
}

/** A wildcard address is not one to connect to. */
function reachableUrl(url: string): string {
  return url.replace('//0.0.0.0', '//127.0.0.1').replace('//[::]', '//[::1]');
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

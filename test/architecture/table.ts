/** The house as data: which room may import which, and which npm packages; the test holds the code to it. */

/** A room: a folder of `src/`, or the file `server.ts`. */
export interface Room {
  /** Its one responsibility, for the printed table. */
  readonly duty: string;
  /** Rooms it may import, besides `base`. */
  readonly imports: readonly string[];
  /** npm packages it may import. */
  readonly packages: readonly string[];
  /** May it use `node:` modules? What may not runs in a browser too. */
  readonly node: boolean;
}

/** All rooms, from the ground up. */
export const rooms: Readonly<Record<string, Room>> = {
  base: { duty: 'what every program needs and ours is not about', imports: [], packages: [], node: false },
  chat: { duty: 'the canonical conversation: request, message, tool, event', imports: [], packages: [], node: false },
  fleet: {
    duty: 'the nouns of operation: model, deployment, instance, key, user; their schemas',
    imports: [],
    packages: ['typebox'],
    node: false,
  },
  schema: {
    duty: 'normalises, validates and coerces by JSON Schema',
    imports: [],
    packages: ['re2js'],
    node: false,
  },
  template: {
    duty: 'a chat template in, a prompt out, within budgets',
    imports: ['chat'],
    packages: ['@huggingface/jinja'],
    node: false,
  },
  grammar: {
    duty: 'one grammar tree, from JSON Schema, as an automaton over bytes and special tokens',
    imports: ['schema'],
    packages: [],
    node: false,
  },
  wire: {
    duty: 'protocols: their JSON in, our conversation out, and back',
    imports: ['chat'],
    packages: [],
    node: false,
  },
  formats: {
    duty: 'syntaxes of tool calls: render, constrain, parse',
    imports: ['chat', 'schema', 'grammar', 'template'],
    packages: [],
    node: false,
  },
  outbound: {
    duty: 'the one HTTP client to the outside: proxy, address guard, downloads',
    imports: [],
    packages: ['undici'],
    node: true,
  },
  models: {
    duty: 'what the weights are: GGUF headers, the converter of safetensors, hubs, the catalogue, memory',
    imports: ['fleet', 'outbound'],
    packages: ['yaml'],
    node: true,
  },
  runtime: { duty: 'starts, watches and ends processes', imports: ['fleet'], packages: [], node: true },
  engines: {
    duty: 'how to launch an engine and how to ask it',
    imports: ['chat', 'fleet', 'grammar', 'runtime', 'wire', 'models', 'outbound'],
    packages: ['koffi'],
    node: true,
  },
  store: {
    duty: 'the database: one file a table, plain functions; migrations, backup',
    imports: ['chat', 'fleet'],
    packages: ['kysely', '@photostructure/sqlite', 'typebox'],
    node: true,
  },
  answering: {
    duty: "one request's way: admit, route, prompt, guarantee, meter",
    imports: ['chat', 'fleet', 'schema', 'template', 'formats', 'engines', 'store', 'outbound'],
    packages: [],
    node: true,
  },
  operating: {
    duty: "the fleet's way: start, watch and restart what is deployed",
    imports: ['chat', 'fleet', 'template', 'formats', 'engines', 'models', 'runtime', 'store', 'outbound'],
    packages: [],
    node: true,
  },
  http: {
    duty: 'the HTTP server: routes, keys, limits, status codes',
    imports: ['answering', 'operating', 'wire', 'chat', 'fleet', 'store', 'outbound'],
    packages: ['fastify', 'typebox', '@node-rs/argon2', 'openid-client', 'prom-client', 'yaml'],
    node: true,
  },
  server: {
    duty: 'constructs everything, listens, drains',
    imports: [
      'answering',
      'chat',
      'engines',
      'fleet',
      'formats',
      'grammar',
      'http',
      'models',
      'operating',
      'outbound',
      'runtime',
      'schema',
      'store',
      'template',
      'wire',
    ],
    packages: ['pino'],
    node: true,
  },
  cli: {
    duty: 'the command line',
    imports: ['server', 'chat', 'fleet', 'formats', 'wire'],
    packages: ['commander', 'yaml'],
    node: true,
  },
};

/** A room stands one floor above the highest it may import; `base` is floor 1. */
export function floorOf(name: string): number {
  if (name === 'base') return 1;
  return 1 + Math.max(...['base', ...(rooms[name]?.imports ?? [])].map(floorOf));
}

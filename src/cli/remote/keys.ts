/** `aimindserve keys`: make, list, change and revoke API keys. */

import { ConfigError } from '../../base/errors.ts';
import { parseMoment, showAgo, showTime } from './figures.ts';
import { findOne } from './find-one.ts';
import type { Item } from './item.ts';
import type { Options } from './options.ts';
import { askYes } from './person.ts';
import type { RemoteRun } from './remote-command.ts';
import type { Column } from './table.ts';

const limitFlags = [
  ['rpm', 'requestsPerMinute'],
  ['tpm', 'tokensPerMinute'],
  ['concurrency', 'concurrency'],
  ['tokens-per-day', 'tokensPerDay'],
  ['tokens-per-month', 'tokensPerMonth'],
  ['tokens-per-lifetime', 'tokensPerLifetime'],
] as const;

const search = { list: 'keys', noun: 'key' } as const;

const columns: ReadonlyArray<Column<Item>> = [
  { title: 'ID', cell: (key) => key.text('id') },
  { title: 'NAME', cell: (key) => key.text('name') },
  { title: 'ENDS IN', cell: (key) => `…${key.text('hint')}` },
  { title: 'SCOPES', cell: (key) => key.texts('scopes').join(',') },
  { title: 'EXPIRES', cell: (key) => (key.has('expiresAt') ? showTime(key.number('expiresAt')) : 'never') },
  { title: 'LAST USED', cell: (key) => showAgo(key.number('lastUsedAt')) },
  { title: 'LIMITS', cell: describeLimits },
  { title: 'CAPTURE', cell: (key) => (key.has('capture') ? 'on' : 'off') },
  { title: 'MODELS', cell: (key) => (key.has('allowedModels') ? key.texts('allowedModels').join(',') : 'all') },
];

function describeLimits(key: Item): string {
  const said = limitFlags.filter(([, field]) => key.has('limits', field));
  return said.map(([flag, field]) => `${flag} ${key.text('limits', field)}`).join(', ') || 'none';
}

/** Makes one; the secret alone goes to the standard output, for `KEY=$(aimindserve keys create …)`. */
export const createKey: RemoteRun = async ({ client, options, word, show, surroundings }) => {
  // A new key has nothing to be taken away: what is said to be off, or endless, is left out.
  const fields = Object.entries(readFields(options)).filter(([, value]) => value !== null);
  const body = { name: word(0), ...Object.fromEntries(fields) };
  const made = await client.ask({ method: 'POST', path: ['keys'], body });
  if (!options.isSet('json')) {
    const { url } = client.target;
    surroundings.warn(`Key ${made.text('key', 'id')}; its secret is shown this once. Use it at ${url}/v1`);
  }
  show(made.value, () => made.text('secret'));
  return 0;
};

/** Lists them. */
export const listKeys: RemoteRun = async ({ client, options, showTable }) => {
  const owner = options.isSet('mine') ? 'me' : undefined;
  const { items, body } = await client.list(['keys'], { search: options.text('search'), owner });
  showTable(body, { columns, items, none: 'No keys yet: aimindserve keys create NAME' });
  return 0;
};

/** Changes what is given. */
export const editKey: RemoteRun = async ({ client, options, word, show }) => {
  const name = options.text('name');
  const body = { ...readFields(options), ...(name !== undefined && { name }) };
  if (Object.keys(body).length === 0)
    throw new ConfigError('invalid_config', 'Nothing to change was given; see --help.');
  const key = await findOne(client, search, word(0));
  const edited = await client.ask({ method: 'PATCH', path: ['keys', key.text('id')], body });
  show(edited.value, () => `Changed ${edited.text('name')}.`);
  return 0;
};

/** Refuses one from now on. */
export const revokeKey: RemoteRun = async ({ client, options, word, surroundings }) => {
  const key = await findOne(client, search, word(0));
  const label = `${key.text('name')} (…${key.text('hint')})`;
  if (!(await askYes(`Revoke the key ${label}?`, options.isSet('yes')))) return 1;
  await client.ask({ method: 'DELETE', path: ['keys', key.text('id')] });
  surroundings.say(`Revoked ${label}.`);
  return 0;
};

/** Masks belong to a capture: whoever names some wants it. */
function readCapture(options: Options): Record<string, unknown> {
  const state = options.text('capture');
  const mask = options.list('mask');
  if (state !== undefined && state !== 'on' && state !== 'off')
    throw new ConfigError('invalid_config', `--capture: '${state}' is not on or off.`);
  if (state === 'off' && mask.length > 0)
    throw new ConfigError('invalid_config', '--mask goes with --capture on: nothing is kept when it is off.');
  if (state === 'off') return { capture: null };
  // Named anew each time: a merge would keep masks that nobody sees.
  return state === 'on' || mask.length > 0 ? { capture: { mask } } : {};
}

/** The fields that flags speak of, as JSON Merge Patch: null takes a bound away. */
export function readFields(options: Options): Record<string, unknown> {
  const scopes = options.words('scope');
  const models = options.words('models');
  const expires = options.text('expires');
  const limits = limitFlags.flatMap(([flag, field]) => {
    const text = options.text(flag);
    if (text === undefined) return [];
    return [[field, text === 'none' ? null : options.integer(flag, 1)] as const];
  });
  return {
    ...(scopes.length > 0 && { scopes }),
    ...(models.length > 0 && { allowedModels: models.length === 1 && models[0] === 'all' ? null : models }),
    ...(expires !== undefined && { expiresAt: expires === 'never' ? null : parseMoment(expires, '--expires') }),
    ...(limits.length > 0 && { limits: Object.fromEntries(limits) }),
    ...readCapture(options),
  };
}

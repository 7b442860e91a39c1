/** `aimindserve settings`: what administrators change while the server runs. */

import { resolve } from 'node:path';
import { ConfigError } from '../../base/errors.ts';
import { isObject } from '../../base/json.ts';
import { showTime } from './figures.ts';
import { Item } from './item.ts';
import { toPair } from './options.ts';
import { askSecret } from './person.ts';
import type { Remote, RemoteRun } from './remote-command.ts';

const texts = ['huggingfaceEndpoint', 'modelscopeEndpoint'] as const;
const lists = ['allowedHosts', 'pathRoots'] as const;

/** Shows them, and which secrets are set. */
export const showSettings: RemoteRun = async ({ client, show }) => {
  const [settings, secrets] = await Promise.all([client.get(['settings']), client.get(['settings', 'secrets'])]);
  show({ settings: settings.value, secrets: secrets.at('items').value }, () => {
    const rows: ReadonlyArray<readonly [string, string]> = [
      ...texts.map((name) => [name, settings.text(name) || '(its own)'] as const),
      ...lists.map((name) => [name, settings.texts(name).join(', ') || '(none)'] as const),
      ...secrets.items('items').map((one) => [one.text('name'), describeSecret(one)] as const),
    ];
    return rows.map(([label, value]) => `${label.padEnd(21)}${value}`).join('\n');
  });
  return 0;
};

function describeSecret(secret: Item): string {
  return `…${secret.text('hint')}, set ${showTime(secret.number('updatedAt'))}`;
}

/** Changes what is given. */
export const setSettings: RemoteRun = async (remote) => {
  const pairs = remote.words.map((word) => toPair(word, 'A setting'));
  const changes = pairs.map(([name, text]) => [name, readSetting(name, text)] as const);
  return change(remote, () => Object.fromEntries(changes));
};

function readSetting(name: string, text: string): unknown {
  if (texts.some((one) => one === name)) return text === '' ? undefined : text;
  if (!lists.some((one) => one === name))
    throw new ConfigError(
      'invalid_config',
      `'${name}' is not a setting. There are ${[...texts, ...lists].join(', ')}.`,
    );
  return text.split(',').flatMap((part) => (part.trim() === '' ? [] : [part.trim()]));
}

/** Lets models lie in a folder. */
export const allowFolder: RemoteRun = (remote) => {
  const folder = resolve(remote.surroundings.folder, remote.word(0));
  return change(remote, (before) => ({ pathRoots: [...new Set([...before.texts('pathRoots'), folder])] }));
};

/** Lets files be fetched from a host with a private address. */
export const allowHost: RemoteRun = (remote) =>
  change(remote, (before) => ({ allowedHosts: [...new Set([...before.texts('allowedHosts'), remote.word(0)])] }));

/** On what was read: a change of somebody else in between is refused, not lost. */
async function change(remote: Remote, changesTo: (before: Item) => object): Promise<number> {
  const response = await remote.client.send({ path: ['settings'] });
  const before: unknown = await response.json();
  const body = { ...(isObject(before) ? before : {}), ...changesTo(new Item(before)) };
  const headers = { 'if-match': response.headers.get('etag') ?? '*' };
  const after = await remote.client.ask({ method: 'PUT', path: ['settings'], headers, body });
  remote.show(after.value, () => 'Changed; it holds at once.');
  return 0;
}

/** Sets a secret or takes it away; it is never shown. */
export const setSecret: RemoteRun = async ({ client, options, word, surroundings }) => {
  const path = ['settings', 'secrets', word(0)];
  if (options.isSet('remove')) {
    await client.ask({ method: 'DELETE', path });
    surroundings.say(`Removed ${word(0)}.`);
    return 0;
  }
  const value = await askSecret(`${word(0)}: `, options.isSet('stdin'));
  await client.ask({ method: 'PUT', path, body: { value } });
  surroundings.say(`Set ${word(0)}.`);
  return 0;
};

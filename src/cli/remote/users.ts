/** `aimindserve users`: make, list, change and remove users. */

import { ConfigError } from '../../base/errors.ts';
import { showAgo } from './figures.ts';
import { findOne } from './find-one.ts';
import type { Item } from './item.ts';
import { askPassword, askYes } from './person.ts';
import type { Remote, RemoteRun } from './remote-command.ts';
import type { Column } from './table.ts';

const search = { list: 'users', noun: 'user' } as const;

const columns: ReadonlyArray<Column<Item>> = [
  { title: 'NAME', cell: (user) => user.text('name') },
  { title: 'ROLE', cell: (user) => user.text('role') },
  { title: 'STATE', cell: (user) => (user.isTrue('isDisabled') ? 'disabled' : 'enabled') },
  { title: 'SIGNS IN BY', cell: (user) => (user.text('origin') === 'oidc' ? 'provider' : 'password') },
  { title: 'LAST SIGN-IN', cell: (user) => showAgo(user.number('lastSignInAt')) },
  { title: 'FULL NAME', cell: (user) => user.text('fullName') },
];

/** Lists them. */
export const listUsers: RemoteRun = async ({ client, options, showTable }) => {
  const { items, body } = await client.list(['users'], { search: options.text('search') });
  showTable(body, { columns, items, none: 'No users.' });
  return 0;
};

/** Makes one. */
export const createUser: RemoteRun = async ({ client, options, word, show }) => {
  const fullName = options.text('full-name');
  const hasPassword = options.choice('password') !== false;
  const password = hasPassword ? await askPassword('new', options.isSet('password-stdin')) : undefined;
  const body = {
    name: word(0),
    role: options.text('role') ?? 'user',
    ...(fullName !== undefined && { fullName }),
    ...(password !== undefined && { password }),
  };
  const user = await client.ask({ method: 'POST', path: ['users'], body });
  show(user.value, () => `Made ${user.text('name')} (${user.text('role')}).`);
  return 0;
};

/** Changes what is given. */
export const editUser: RemoteRun = async (remote) => {
  const given = (['name', 'role', 'full-name'] as const).map((flag) => [flag, remote.options.text(flag)] as const);
  const said = given.filter(([, value]) => value !== undefined);
  if (said.length === 0) throw new ConfigError('invalid_config', 'Nothing to change was given; see --help.');
  const body = Object.fromEntries(said.map(([flag, value]) => [flag === 'full-name' ? 'fullName' : flag, value]));
  const user = await change(remote, body);
  remote.show(user.value, () => `Changed ${user.text('name')}.`);
  return 0;
};

/** Keeps one out. */
export const disableUser: RemoteRun = async (remote) => {
  const user = await change(remote, { isDisabled: true });
  remote.surroundings.say(`Disabled ${user.text('name')}: signed out everywhere, keys refused.`);
  return 0;
};

/** Lets one in again. */
export const enableUser: RemoteRun = async (remote) => {
  const user = await change(remote, { isDisabled: false });
  remote.surroundings.say(`Enabled ${user.text('name')}.`);
  return 0;
};

/** Removes one. */
export const removeUser: RemoteRun = async ({ client, options, word, surroundings }) => {
  const user = await findOne(client, search, word(0));
  if (!(await askYes(`Remove ${user.text('name')} with all their keys?`, options.isSet('yes')))) return 1;
  await client.ask({ method: 'DELETE', path: ['users', user.text('id')] });
  surroundings.say(`Removed ${user.text('name')}.`);
  return 0;
};

/** Sets somebody else's password. */
export const resetPassword: RemoteRun = async ({ client, options, word, surroundings }) => {
  const user = await findOne(client, search, word(0));
  const password = await askPassword('new', options.isSet('password-stdin'));
  await client.ask({ method: 'PUT', path: ['users', user.text('id'), 'password'], body: { password } });
  surroundings.say(`Set the password of ${user.text('name')}; they are signed out everywhere.`);
  return 0;
};

async function change({ client, word }: Remote, body: object): Promise<Item> {
  const user = await findOne(client, search, word(0));
  return client.ask({ method: 'PATCH', path: ['users', user.text('id')], body });
}

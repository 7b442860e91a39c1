/** `aimindserve login` and `logout`: from a name and a password, or a one-time link, to a key of this command line's own. */

import { hostname, userInfo } from 'node:os';
import { AuthError, ConfigError, isAppError } from '../../base/errors.ts';
import { isLoopback } from '../loopback.ts';
import { Client, toServerUrl } from './client.ts';
import { messageOf, Unreachable } from './failure.ts';
import { Item } from './item.ts';
import { askLine, askPassword } from './person.ts';
import type { Remote, RemoteRun } from './remote-command.ts';

/** A one-time link, taken apart. */
interface OneTimeLink {
  readonly url: string;
  readonly token: string;
}

/** `http://HOST:PORT/#/setup?token=…`; undefined = it is no such link. */
export function parseLink(text: string): OneTimeLink | undefined {
  const [address = '', fragment = ''] = text.trim().split('#', 2);
  const token = new URLSearchParams(fragment.split('?', 2)[1] ?? '').get('token');
  return token === null || token === '' ? undefined : { url: toServerUrl(address), token };
}

/** Signs in. */
export const login: RemoteRun = async (remote) => {
  const address = remote.words[0];
  const link = address === undefined ? undefined : parseLink(address);
  const named = remote.options.text('url') ?? address;
  const url = link?.url ?? (named === undefined ? remote.client.target.url : toServerUrl(named));
  const givenKey = remote.options.text('api-key');
  if (givenKey !== undefined) return keepGivenKey(remote, { url, key: givenKey });
  warnIfReadable(remote, url);
  const client = new Client({ url });
  const setup = await client.get(['setup']);
  const body = link === undefined ? await credentials(remote, setup) : await linkUse(remote, { link, setup });
  const path = link === undefined ? ['session'] : ['setup'];
  const response = await client.send({ method: 'POST', path, body });
  const cookie = response.headers.getSetCookie()[0]?.split(';', 1)[0] ?? '';
  const signedIn = new Item(await response.json());
  const headers = { cookie, 'x-csrf-token': signedIn.text('csrfToken') };
  const made = await makeKey(client, headers);
  // The sign-in was only for the key; who cannot end it lets it run out.
  await client.send({ method: 'DELETE', path: ['session'], headers }).catch(() => {});
  await revokeOwn(remote, url).catch(() => {});
  const userName = signedIn.text('user', 'name');
  remote.credentials.save(url, { keyId: made.text('key', 'id'), key: made.text('secret'), userName });
  remote.surroundings.say(`Signed in to ${url} as ${userName} (${signedIn.text('user', 'role')}).`);
  return 0;
};

/** A password must not cross a network in the clear without its owner knowing. */
function warnIfReadable({ surroundings }: Remote, url: string): void {
  const { protocol, hostname: host } = new URL(url);
  if (protocol === 'http:' && !isLoopback(host))
    surroundings.warn(`${url} has no TLS: others on the network can read your password.`);
}

async function credentials({ options }: Remote, setup: Item): Promise<object> {
  if (setup.isTrue('needsSetup')) {
    const where = "the server's terminal shows it, or the file admin-link in its data directory holds it";
    throw new AuthError(
      'unauthenticated',
      `This server has no administrator yet. Take its one-time link (${where}): aimindserve login LINK`,
    );
  }
  const name = options.text('username') ?? (await askName());
  return { name, password: await askPassword('known', options.isSet('password-stdin')) };
}

/** A link makes the first administrator, who has a name, or sets somebody's password. */
async function linkUse({ options }: Remote, { link, setup }: { link: OneTimeLink; setup: Item }): Promise<object> {
  const isFirst = setup.isTrue('needsSetup');
  const name = options.text('username') ?? (isFirst ? await askName(userInfo().username) : undefined);
  const password = await askPassword('new', options.isSet('password-stdin'));
  return { token: link.token, password, ...(isFirst && { name }) };
}

async function askName(usual = ''): Promise<string> {
  const typed = (await askLine(`User name${usual === '' ? '' : ` [${usual}]`}: `))?.trim() ?? '';
  const name = typed === '' ? usual : typed;
  if (name === '') throw new ConfigError('invalid_config', 'The user name is empty.');
  return name;
}

function makeKey(client: Client, headers: Readonly<Record<string, string>>): Promise<Item> {
  const name = `cli@${hostname()}`.slice(0, 100);
  const body = { name, scopes: ['inference', 'management'] };
  return client.ask({ method: 'POST', path: ['keys'], headers, body });
}

/** A key that a person brings is kept as it is, once the server knows it. */
async function keepGivenKey({ credentials: file, surroundings }: Remote, { url, key }: { url: string; key: string }) {
  const me = await new Client({ url, key }).get(['me']);
  const userName = me.text('user', 'name');
  file.save(url, { keyId: '', key, userName });
  surroundings.say(`The key of ${userName} is kept for ${url}.`);
  return 0;
}

/** Revokes the key that an earlier sign-in made; a key that a person brought is theirs. */
async function revokeOwn({ credentials: file }: Remote, url: string): Promise<void> {
  const known = file.find(url);
  if (known === undefined || known.keyId === '') return;
  await new Client({ url, key: known.key }).send({ method: 'DELETE', path: ['keys', known.keyId] });
}

/** Signs out; a server that is gone keeps nobody from forgetting it. */
export const logout: RemoteRun = async (remote) => {
  const { url } = remote.client.target;
  if (remote.credentials.find(url) === undefined) {
    remote.surroundings.say(`You are not signed in to ${url}.`);
    return 0;
  }
  let failure: unknown;
  try {
    await revokeOwn(remote, url);
  } catch (thrown) {
    failure = thrown;
  }
  remote.credentials.forget(url);
  if (failure === undefined || (isAppError(failure) && failure.kind === 'auth')) {
    remote.surroundings.say(`Signed out of ${url}.`);
    return 0;
  }
  const advice = 'The key is forgotten here, but could not be revoked there';
  throw failure instanceof Unreachable ? new Unreachable(`${advice}: ${messageOf(failure)}`) : failure;
};

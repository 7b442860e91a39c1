/** `aimindserve run`: deploy a model if it is not there, wait, and talk to it. */

import { AuthError, ConfigError, RequestError } from '../../base/errors.ts';
import { chat } from '../chat.ts';
import { listServed } from '../chat-client.ts';
import type { Client } from './client.ts';
import { showBytes } from './figures.ts';
import { followDeployment, tellEnd } from './follow-deployment.ts';
import type { Item } from './item.ts';
import { showParameters } from './list-models.ts';
import { askLine } from './person.ts';
import { readSource, sourceText } from './read-source.ts';
import type { Remote, RemoteRun } from './remote-command.ts';
import { type Column, tableOf } from './table.ts';

/** Runs it. */
export const run: RemoteRun = async (remote) => {
  const { client, options, words, surroundings } = remote;
  const [wanted] = words;
  const served = await listServed(client.target);
  const ready = served.find(({ name, isReady }) => isReady && name === (options.text('name') ?? wanted));
  const name = ready?.name ?? (await deployAndWait(remote, wanted));
  if (typeof name === 'number') return name;
  const { url, key } = client.target;
  const talk = { url, apiKey: key, model: name, system: options.text('system'), tools: options.text('tools') };
  return chat(talk, surroundings);
};

/** The name it is ready under, or the exit code. */
async function deployAndWait(remote: Remote, wanted: string | undefined): Promise<string | number> {
  const { client, options } = remote;
  const { url, key } = client.target;
  if (key === undefined)
    throw new AuthError('unauthenticated', `To deploy a model, sign in first: aimindserve login ${url}`);
  const name = options.text('name');
  const deployment = (await findNamed(client, name ?? wanted)) ?? (await deploySource(remote, wanted, name));
  if (deployment.text('state') === 'stopped') await startIt(client, deployment);
  const end = await followDeployment(remote, deployment);
  const code = await tellEnd(remote, end);
  return code === 0 ? end.deployment.text('name') : code;
}

/** Stopped by a person, or scaled down to nothing. */
async function startIt(client: Client, deployment: Item): Promise<void> {
  const path = ['deployments', deployment.text('id')];
  if (deployment.isTrue('isStopped')) await client.ask({ method: 'POST', path: [...path, 'start'] });
  if (deployment.number('spec', 'replicas') === 0)
    await client.ask({ method: 'POST', path: [...path, 'scale'], body: { replicas: 1 } });
}

/** What answers to a name, whatever its state. */
async function findNamed(client: Client, name: string | undefined): Promise<Item | undefined> {
  const { items } = await client.list(['deployments']);
  return items.find((one) => [one.text('name'), ...one.texts('spec', 'aliases')].includes(name ?? ''));
}

/** Deploys a model, unless it is there under the name it would get. */
async function deploySource(remote: Remote, wanted: string | undefined, name: string | undefined): Promise<Item> {
  const { client, options, surroundings } = remote;
  const source = await readSource(wanted ?? (await choose(remote)), surroundings.folder);
  const { nameOfSource } = await import('../../fleet/model-source.ts');
  const there = name === undefined ? await findNamed(client, nameOfSource(source)) : undefined;
  const contextSize = options.tokens('ctx-size');
  const body = { source, ...(name !== undefined && { name }), ...(contextSize !== undefined && { contextSize }) };
  return there ?? client.ask({ method: 'POST', path: ['deployments'], body });
}

/** A model of the catalogue that suits the server, and the variant of it to take. */
interface Offer {
  readonly rank: number;
  readonly entry: Item;
  readonly variant: Item;
}

const columns: ReadonlyArray<Column<Offer>> = [
  { title: '', cell: ({ rank }) => `${rank}` },
  { title: 'MODEL', cell: ({ entry }) => entry.text('name') },
  { title: 'PARAMETERS', isNumber: true, cell: ({ entry }) => showParameters(entry.number('parameterCount')) },
  { title: 'DOWNLOAD', isNumber: true, cell: ({ variant }) => showBytes(variant.number('sizeBytes')) },
  { title: 'TOOLS', cell: ({ entry }) => entry.text('tools') },
  { title: 'LICENCE', cell: ({ entry }) => entry.text('licence') },
];

/** Lets the person choose among the best that fit; the result is what they could have typed. */
async function choose({ client, surroundings, screen }: Remote): Promise<string> {
  const { items } = await client.list(['catalogue'], { fitsOnly: true });
  const offers = items.flatMap(toOffer).toSorted((one, other) => one.rank - other.rank);
  if (offers.length === 0) throw new RequestError('model_not_found', 'No model of the catalogue fits this server.');
  surroundings.warn('These fit the server:\n');
  surroundings.warn(`${tableOf(columns, offers, screen.columns)}\n`);
  const answer = (await askLine(`Which one? [1-${offers.length}, Enter = 1] `))?.trim();
  const chosen = answer === '' ? offers[0] : offers.find(({ rank }) => String(rank) === answer);
  if (chosen === undefined) throw new ConfigError('invalid_config', 'None was chosen.');
  return sourceText(chosen.variant.at('source'));
}

/** The server ranks the few that suit it best; their first variant is the usual choice. */
function toOffer(entry: Item): readonly Offer[] {
  const rank = entry.number('rank');
  const [variant] = entry.items('variants');
  return rank === undefined || variant === undefined ? [] : [{ rank, entry, variant }];
}

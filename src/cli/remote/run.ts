/** `aimindserve run`: deploy a model if it is not there, wait, and talk to it. */

import { AuthError, ConfigError, RequestError } from '../../base/errors.ts';
import { chat } from '../chat.ts';
import { listModels } from '../chat-client.ts';
import { bestOffers, type Offer } from './best-offers.ts';
import { showBytes } from './figures.ts';
import { followDeployment, tellEnd } from './follow-deployment.ts';
import type { Item } from './item.ts';
import { showParameters } from './list-models.ts';
import { askLine } from './person.ts';
import { readSource } from './read-source.ts';
import type { Remote, RemoteRun } from './remote-command.ts';
import { type Column, tableOf } from './table.ts';

/** Runs it. */
export const run: RemoteRun = async (remote) => {
  const { client, options, words, surroundings } = remote;
  const [wanted] = words;
  const served = await listModels(client.target);
  const known = [options.text('name'), wanted].find((name) => name !== undefined && served.includes(name));
  const name = known ?? (await deployAndWait(remote, wanted));
  if (typeof name === 'number') return name;
  const { url, key } = client.target;
  const talk = { url, apiKey: key, model: name, system: options.text('system'), tools: options.text('tools') };
  return chat(talk, surroundings);
};

/** The name it is ready under, or the exit code. */
async function deployAndWait(remote: Remote, wanted: string | undefined): Promise<string | number> {
  const { client, options, surroundings } = remote;
  if (client.target.key === undefined) throw new AuthError('unauthenticated', signInFirst(client.target.url));
  const offer = wanted === undefined ? await choose(remote) : undefined;
  const source = offer?.at('source').value ?? (await readSource(wanted ?? '', surroundings.folder));
  const { items } = await client.list(['deployments']);
  const name = options.text('name');
  const there = items.find((deployment) => isMeant(deployment, source, name));
  const contextSize = options.tokens('ctx-size');
  const body = { source, ...(name !== undefined && { name }), ...(contextSize !== undefined && { contextSize }) };
  const deployment = there ?? (await client.ask({ method: 'POST', path: ['deployments'], body }));
  if (deployment.text('state') === 'stopped')
    await client.ask({ method: 'POST', path: ['deployments', deployment.text('id'), 'start'] });
  const end = await followDeployment(remote, deployment);
  const code = await tellEnd(remote, end);
  return code === 0 ? end.deployment.text('name') : code;
}

function signInFirst(url: string): string {
  return `To deploy a model, sign in first: aimindserve login ${url}`;
}

/** Is this the model that is asked for, whatever it is called? */
function isMeant(deployment: Item, source: unknown, name: string | undefined): boolean {
  if (name !== undefined) return deployment.text('name') === name;
  return JSON.stringify(sorted(deployment.at('spec', 'source').value)) === JSON.stringify(sorted(source));
}

function sorted(value: unknown): unknown {
  return Object.entries(Object(value)).sort(([one], [other]) => (one < other ? -1 : 1));
}

const columns: ReadonlyArray<Column<Offer>> = [
  { title: '', cell: ({ number }) => `${number}` },
  { title: 'MODEL', cell: ({ entry }) => entry.text('name') },
  { title: 'PARAMETERS', isNumber: true, cell: ({ entry }) => showParameters(entry.number('parameterCount')) },
  { title: 'DOWNLOAD', isNumber: true, cell: ({ variant }) => showBytes(variant.number('sizeBytes')) },
  { title: 'TOOLS', cell: ({ entry }) => entry.text('tools') },
  { title: 'LICENCE', cell: ({ entry }) => entry.text('licence') },
];

/** Lets the person choose among the best that fit. */
async function choose({ client, surroundings, screen }: Remote): Promise<Item> {
  const [catalogue, devices] = await Promise.all([
    client.list(['catalogue'], { fitsOnly: true }),
    client.list(['devices']),
  ]);
  const offers = bestOffers(catalogue.items, devices.items);
  if (offers.length === 0) throw new RequestError('model_not_found', 'No model of the catalogue fits this server.');
  surroundings.warn('These fit the server:\n');
  surroundings.warn(`${tableOf(columns, offers, screen.columns)}\n`);
  const answer = (await askLine(`Which one? [1-${offers.length}, Enter = 1] `))?.trim();
  const chosen = answer === '' ? offers[0] : offers.find(({ number }) => String(number) === answer);
  if (chosen === undefined) throw new ConfigError('invalid_config', 'None was chosen.');
  return chosen.variant;
}

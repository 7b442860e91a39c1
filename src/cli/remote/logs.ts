/** `aimindserve logs`: what an engine says, followed through its restarts. */

import { setTimeout as sleep } from 'node:timers/promises';
import { RequestError } from '../../base/errors.ts';
import { untilInterrupt } from './interrupt.ts';
import type { Item } from './item.ts';
import { plainText } from './plain-text.ts';
import type { Remote, RemoteRun } from './remote-command.ts';

const pauseMs = 1_000;

/** Shows it. */
export const logs: RemoteRun = async (remote) => {
  const { client, options } = remote;
  const run = options.integer('run', 1);
  const lines = options.integer('lines', 0, 100_000);
  const instances = await instancesOf(remote);
  if (instances.length === 0) throw new RequestError('not_found', `${remote.word(0)} has no instance, and so no log.`);
  if (options.isSet('follow') && run === undefined) return followAll(remote, lines);
  await untilInterrupt(async (signal) => {
    for (const instance of instances) {
      if (instances.length > 1) remote.surroundings.say(`==> ${instance.text('id')} <==`);
      const path = ['instances', instance.text('id'), 'logs'];
      const query = { run, lines, follow: options.isSet('follow') || undefined };
      for await (const part of client.stream({ path, query, signal })) write(part);
    }
  });
  return 0;
};

/** The instances of a deployment, or the one instance that is named. */
async function instancesOf({ client, word }: Remote): Promise<readonly Item[]> {
  const wanted = word(0);
  if (wanted.startsWith('ins_')) return [await client.get(['instances', wanted])];
  return (await client.list(['instances'], { deployment: wanted })).items;
}

/** Follows every instance, those that come later too; each run once. */
async function followAll(remote: Remote, lines: number | undefined): Promise<number> {
  await untilInterrupt(async (signal) => {
    const begun = new Set<string>();
    const failures: unknown[] = [];
    while (!signal.aborted) {
      const instances = await instancesOf(remote);
      const known = instances.filter((instance) => (instance.number('run') ?? 0) > 0);
      for (const instance of known) {
        const name = `${instance.text('id')} ${instance.text('run')}`;
        if (begun.has(name)) continue;
        const isFirst = begun.size < instances.length;
        begun.add(name);
        const prefix = instances.length > 1 ? `${instance.text('id')} | ` : '';
        const query = { run: instance.number('run'), lines: isFirst ? lines : 100_000, follow: true };
        const path = ['instances', instance.text('id'), 'logs'];
        followRun(remote, { path, query, signal }, prefix).catch((thrown: unknown) => failures.push(thrown));
      }
      const [failure] = failures;
      if (failure !== undefined && !signal.aborted) throw failure;
      await sleep(pauseMs, undefined, { signal }).catch(() => {});
    }
  });
  return 0;
}

async function followRun(
  { client }: Remote,
  question: Parameters<typeof client.stream>[0],
  prefix: string,
): Promise<void> {
  for await (const part of client.stream(question)) write(prefix === '' ? part : part.replaceAll(/^(?=.)/gm, prefix));
}

/** Onto a terminal goes text only; into a file goes what the engine wrote. */
function write(part: string): void {
  process.stdout.write(process.stdout.isTTY ? plainText(part) : part);
}

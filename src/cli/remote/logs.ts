/** `aimindserve logs`: what an engine says, followed through its restarts. */

import { setTimeout as sleep } from 'node:timers/promises';
import { RequestError } from '../../base/errors.ts';
import { untilInterrupt } from './interrupt.ts';
import type { Item } from './item.ts';
import type { Remote } from './remote-command.ts';

const pauseMs = 1_000;
/** The most that the API gives at once. */
const mostLines = 100_000;
/** What is longer is broken, rather than kept in memory until it ends. */
const longestLine = 65_536;

/** What showing logs needs of a command. */
type Reader = Pick<Remote, 'client' | 'options' | 'word' | 'print' | 'surroundings'>;

/** Shows it. */
export async function logs(remote: Reader): Promise<number> {
  const { client, options } = remote;
  const run = options.integer('run', 1);
  const lines = options.integer('lines', 0, mostLines);
  const instances = await instancesOf(remote);
  if (instances.length === 0) throw new RequestError('not_found', `${remote.word(0)} has no instance, and so no log.`);
  if (options.isSet('follow') && run === undefined) return followAll(remote, lines);
  await untilInterrupt(async (signal) => {
    for (const instance of instances) {
      if (instances.length > 1) remote.print(`==> ${instance.text('id')} <==\n`);
      const path = ['instances', instance.text('id'), 'logs'];
      const query = { run, lines, follow: options.isSet('follow') || undefined };
      let isSilent = true;
      for await (const part of client.stream({ path, query, signal })) {
        if (part !== '') isSilent = false;
        remote.print(part);
      }
      if (isSilent) remote.surroundings.warn(whySilent(instance));
    }
  });
  return 0;
}

/** Nothing printed looks like a log that could not be read. */
function whySilent(instance: Item): string {
  const [state, reason] = [instance.text('state'), instance.text('reason')];
  const said = `${instance.text('id')} is ${state}, and nothing was written for it`;
  return reason === '' ? `${said}.` : `${said}: ${reason}`;
}

/** The instances of a deployment, or the one instance that is named. */
async function instancesOf({ client, word }: Reader): Promise<readonly Item[]> {
  const wanted = word(0);
  if (wanted.startsWith('ins_')) return [await client.get(['instances', wanted])];
  return (await client.list(['instances'], { deployment: wanted })).items;
}

/** Follows every instance, those that come later too; each run once. */
async function followAll(remote: Reader, lines: number | undefined): Promise<number> {
  await untilInterrupt(async (signal) => {
    const begun = new Set<string>();
    const failures: unknown[] = [];
    let wanted = lines;
    while (!signal.aborted) {
      const instances = await instancesOf(remote);
      for (const instance of instances) {
        const prefix = instances.length > 1 ? `${instance.text('id')} | ` : '';
        followRun(remote, instance, { begun, lines: wanted, prefix, signal }).catch((why: unknown) =>
          failures.push(why),
        );
      }
      // Of what was there before, the last lines; of what comes later, all.
      wanted = mostLines;
      await sleep(pauseMs, undefined, { signal }).catch(() => {});
      const [failure] = failures;
      if (failure !== undefined && !signal.aborted) throw failure;
    }
  });
  return 0;
}

interface Following {
  /** The runs that are followed already. */
  readonly begun: Set<string>;
  readonly lines: number | undefined;
  readonly prefix: string;
  readonly signal: AbortSignal;
}

/** Follows the current run of an instance, unless somebody does. */
async function followRun(
  { client, print }: Reader,
  instance: Item,
  { begun, prefix, ...wish }: Following,
): Promise<void> {
  const run = instance.number('run') ?? 0;
  const name = `${instance.text('id')} ${run}`;
  if (run === 0 || begun.has(name)) return;
  begun.add(name);
  const path = ['instances', instance.text('id'), 'logs'];
  const query = { run, lines: wish.lines, follow: true };
  let isSilent = true;
  let rest = '';
  for await (const part of client.stream({ path, query, signal: wish.signal })) {
    isSilent = false;
    // Whole lines, as other instances print theirs between.
    const lines = (rest + part).split('\n');
    const last = lines.pop() ?? '';
    rest = last.length > longestLine ? '' : last;
    for (const line of rest === last ? lines : [...lines, last]) print(`${prefix}${line}\n`);
  }
  if (rest !== '') print(`${prefix}${rest}\n`);
  // A run that only begins has no log yet, and so its log ends at once.
  if (isSilent) begun.delete(name);
}

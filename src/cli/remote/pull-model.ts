/** `aimindserve models pull` and `cancel`: weights on their way to the server. */

import { exitCodes } from '../exit-code.ts';
import { showBytes } from './figures.ts';
import { untilInterrupt } from './interrupt.ts';
import type { Item } from './item.ts';
import { LiveLine } from './live-line.ts';
import { progressBar } from './progress-bar.ts';
import { readSource } from './read-source.ts';
import type { Remote, RemoteRun } from './remote-command.ts';

/** Fetches a model and shows how far it is. */
export const pullModel: RemoteRun = async (remote) => {
  const { client, options, word, surroundings, show } = remote;
  const source = await readSource(word(0), surroundings.folder);
  const download = await client.ask({ method: 'POST', path: ['downloads'], body: { source } });
  if (options.isSet('detach')) {
    show(download.value, () => `Fetching it (${download.text('id')}); see: aimindserve models list`);
    return 0;
  }
  const end = await untilInterrupt((signal) => followDownload(remote, download, signal));
  if (end === undefined) {
    surroundings.warn(
      `The download goes on. See it: aimindserve models list   End it: aimindserve models cancel ${download.text('id')}`,
    );
    return exitCodes.interrupted.code;
  }
  for (const note of end.texts('notes')) surroundings.warn(note);
  if (end.text('state') === 'done') {
    show(end.value, () => `Fetched ${word(0)} (${showBytes(end.number('progress', 'bytesTotal'))}).`);
    return 0;
  }
  surroundings.warn(
    end.text('state') === 'cancelled' ? 'The download was cancelled.' : end.text('error') || 'The download is gone.',
  );
  return exitCodes.failed.code;
};

/** Shows a download until it ends; undefined = it was no longer waited for. */
async function followDownload({ client, screen }: Remote, first: Item, signal: AbortSignal): Promise<Item | undefined> {
  const line = new LiveLine(screen);
  const id = first.text('id');
  let last = first;
  try {
    if (isOver(last)) return last;
    for await (const { type, item } of client.watch(['downloads'], signal)) {
      const seen = type === 'snapshot' ? item.items('items').find((one) => one.text('id') === id) : item;
      const isGone = type === 'deleted' ? item.text('id') === id : seen === undefined;
      // What is cleared away while nobody looks has ended one way or the other.
      if (isGone) return last;
      if (seen?.text('id') !== id) continue;
      last = seen;
      if (isOver(last)) return last;
      line.show(progressBar(last.at('progress')), last.text('state'));
    }
    return undefined;
  } finally {
    line.end();
  }
}

function isOver(download: Item): boolean {
  return ['done', 'failed', 'cancelled'].includes(download.text('state'));
}

/** Ends a download. */
export const cancelDownload: RemoteRun = async ({ client, word, surroundings }) => {
  await client.ask({ method: 'DELETE', path: ['downloads', word(0)] });
  surroundings.say('Cancelled; what has arrived is kept for the next time.');
  return 0;
};

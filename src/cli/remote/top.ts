/** `aimindserve top`: instances and devices, drawn anew every two seconds. */

import { setTimeout as sleep } from 'node:timers/promises';
import { deviceColumns } from './devices.ts';
import { showAgo, showTime } from './figures.ts';
import type { Item } from './item.ts';
import { deploymentColumns } from './ps.ts';
import type { Remote, RemoteRun } from './remote-command.ts';
import { type Column, tableOf } from './table.ts';

const pauseMs = 2_000;
const enter = '\u001b[?1049h\u001b[?25l';
const leave = '\u001b[?25h\u001b[?1049l';
const home = '\u001b[H\u001b[2J';

/** An instance with the name of what it is an instance of. */
interface Row {
  readonly deployment: string;
  readonly instance: Item;
}

const instanceColumns: ReadonlyArray<Column<Row>> = [
  { title: 'INSTANCE', cell: ({ instance }) => instance.text('id') },
  { title: 'DEPLOYMENT', cell: ({ deployment }) => deployment },
  { title: 'STATE', cell: ({ instance }) => instance.text('state') },
  { title: 'SINCE', isNumber: true, cell: ({ instance }) => showAgo(instance.number('since')) },
  { title: 'RUN', isNumber: true, cell: ({ instance }) => instance.text('run') },
  { title: 'FAILED', isNumber: true, cell: ({ instance }) => instance.text('failures') },
  { title: 'DEVICE', cell: ({ instance }) => instance.texts('devices').join(',') || '–' },
  { title: 'WHY', cell: ({ instance }) => (instance.text('state') === 'ready' ? '' : instance.text('reason')) },
];

/** Shows it until q or Ctrl-C; once where nobody watches. */
export const top: RemoteRun = async (remote) => {
  if (remote.options.isSet('json') || process.stdout.isTTY !== true || process.stdin.isTTY !== true) {
    const { devices, deployments } = await look(remote);
    const answer = { devices: devices.map(({ value }) => value), deployments: deployments.map(({ value }) => value) };
    remote.show(answer, () => draw({ devices, deployments }, Infinity));
    return 0;
  }
  // A server that does not answer is told of on the usual screen.
  let seen = await look(remote);
  await onOwnScreen(async (signal) => {
    while (!signal.aborted) {
      const { columns, rows } = process.stdout;
      const lines = draw(seen, columns)
        .split('\n')
        .slice(0, rows - 2);
      process.stdout.write(`${home}${lines.join('\n')}\n\nq ends`);
      await sleep(pauseMs, undefined, { signal }).catch(() => {});
      if (!signal.aborted) seen = await look(remote);
    }
  });
  return 0;
};

interface Seen {
  readonly devices: readonly Item[];
  readonly deployments: readonly Item[];
}

async function look({ client }: Remote): Promise<Seen> {
  const [devices, deployments] = await Promise.all([client.list(['devices']), client.list(['deployments'])]);
  return { devices: devices.items, deployments: deployments.items };
}

/** All three tables as one text. */
export function draw({ devices, deployments }: Seen, width: number): string {
  const rows = deployments.flatMap((deployment) =>
    deployment.items('instances').map((instance) => ({ deployment: deployment.text('name'), instance })),
  );
  return [
    showTime(Math.floor(Date.now() / 1_000)),
    tableOf(deviceColumns, devices, width),
    tableOf(deploymentColumns, deployments, width),
    tableOf(instanceColumns, rows, width),
  ].join('\n\n');
}

/** Gives `work` a screen of its own and single keys; the terminal is put back whatever happens. */
async function onOwnScreen(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const controller = new AbortController();
  const { stdin, stdout } = process;
  const onKey = (key: Buffer): void => {
    // q, Q, Ctrl-C, Ctrl-D
    if (['q', 'Q', '\u0003', '\u0004'].includes(key.toString())) controller.abort();
  };
  stdin.setRawMode(true).resume().on('data', onKey);
  stdout.write(enter);
  try {
    await work(controller.signal);
  } finally {
    stdin.removeListener('data', onKey).setRawMode(false).pause();
    stdout.write(leave);
  }
}

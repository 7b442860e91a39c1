/** `aimindserve status`: how the server is doing, and who one is to it. */

import { showSpan } from './figures.ts';
import type { Item } from './item.ts';
import type { RemoteRun } from './remote-command.ts';

/** Shows it. */
export const status: RemoteRun = async ({ client, show }) => {
  const [state, me] = await Promise.all([client.get(['status']), client.get(['me'])]);
  show({ ...toObject(state), url: client.target.url, me: me.value }, () => {
    const rows: Array<readonly [string, string]> = [
      ['Server', `${client.target.url}   aiMindServe ${state.text('version')}`],
      ['Up', showSpan(state.number('uptimeSeconds') ?? 0)],
      ['You', `${me.text('user', 'name')} (${me.text('user', 'role')}), by ${me.text('kind')}`],
      ['Deployments', tally(state.at('deployments'))],
      ['Instances', tally(state.at('instances'))],
      ['Downloads', `${state.number('downloadsRunning') ?? 0} running`],
      ...state
        .items('warnings')
        .map((one) => ['Warning', `${one.text('deployment')}: ${one.text('message')}`] as const),
    ];
    return rows.map(([label, value]) => `${label.padEnd(13)}${value}`).join('\n');
  });
  return 0;
};

function toObject(item: Item): Record<string, unknown> {
  return Object.fromEntries(item.entries().map(([name, { value }]) => [name, value]));
}

function tally(counts: Item): string {
  const words = counts.entries().map(([state, count]) => `${count.text()} ${state}`);
  return words.length === 0 ? 'none' : words.join(', ');
}

import { expect, it } from 'vitest';
import { CallOrder } from './client-calls.ts';

it.each([
  ['pieces of a call without anything in them', (order: CallOrder, index: number) => order.call({ ...bare, index })],
  [
    'texts of one letter behind a call that does not end',
    (order: CallOrder) => order.text({ type: 'text-delta', text: 'x' }),
  ],
])('ends an answer of endlessly many %s', (_, say) => {
  const order = new CallOrder(() => 'fresh');
  order.call({ id: '', name: 'f', arguments: '{' });
  const flood = () => {
    for (let index = 0; index < 600_000; index++) say(order, index);
  };
  expect(flood).toThrow('The engine answered more than');
});

const bare = { id: '', name: '', arguments: '' };

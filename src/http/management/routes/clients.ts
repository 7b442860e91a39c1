/** `/clients`: the programs that ask, and what is adapted for them. */

import { Type } from 'typebox';
import type { ClientRecord } from '../../../fleet/client.ts';
import { listQuery, pageSchema, sendList } from '../list.ts';
import { defineRoute, type Route } from '../route.ts';

const count = Type.Integer({ minimum: 0 });

const clientSchema = Type.Object(
  {
    /** Its product and version, as its requests name them. */
    name: Type.String(),
    requests: count,
    firstSeenAt: Type.Integer(),
    lastSeenAt: Type.Integer(),
    /** How many of its requests had each: spellings of other protocols, ignored fields, what was adapted. */
    deviations: Type.Record(Type.String(), count),
  },
  { title: 'Client' },
);

const orders = {
  lastSeenAt: (client: ClientRecord) => client.lastSeenAt,
  firstSeenAt: (client: ClientRecord) => client.firstSeenAt,
  name: (client: ClientRecord) => client.name,
  requests: (client: ClientRecord) => client.requests,
};

const list = defineRoute({
  method: 'GET',
  path: '/clients',
  action: 'client.read',
  summary: 'Lists the programs that sent requests (the last 500), and in what they deviate from the protocol.',
  query: listQuery(Object.keys(orders)),
  reply: pageSchema(clientSchema),
  handler: ({ query }, { world }) =>
    sendList({ sort: '-lastSeenAt', ...query }, world.meter.clients, {
      texts: ({ name, deviations }) => [name, ...deviations.keys()],
      orders,
      encode: ({ deviations, ...client }) => ({ ...client, deviations: Object.fromEntries(deviations) }),
    }),
});

/** All of them. */
export const clientRoutes: readonly Route[] = [list];

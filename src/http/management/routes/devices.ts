/** `/workers` and `/devices`: the machines, what they can compute with, and what of it is given out. */

import { Type } from 'typebox';
import type { DeviceMarks, DeviceView } from '../../../operating/fleet-control.ts';
import { idParams, missing } from '../find.ts';
import { listQuery, pageSchema, sendList, watchQuery } from '../list.ts';
import { deviceSchema, workerSchema } from '../replies.ts';
import { json } from '../result.ts';
import { type Call, defineRoute, type Route } from '../route.ts';
import type { Subscription } from '../watch.ts';

interface WorkerView {
  readonly id: string;
  readonly devices: readonly DeviceView[];
}

const workers = defineRoute({
  method: 'GET',
  path: '/workers',
  action: 'device.read',
  summary: 'Lists machines with their devices.',
  query: listQuery(['id']),
  reply: pageSchema(workerSchema),
  handler: async ({ query }, { world }) => {
    const devices = await world.fleet.devices();
    const ids = [...new Set(devices.map(({ workerId }) => workerId))];
    const all = ids.map((id) => ({ id, devices: devices.filter(({ workerId }) => workerId === id) }));
    return sendList(query, all, { texts: ({ id }) => [id], orders: { id: ({ id }) => id }, encode: encodeWorker });
  },
});

function encodeWorker({ id, devices }: WorkerView) {
  const processor = devices.find(({ kind }) => kind === 'cpu');
  const accelerators = devices.filter((device) => device.kind !== 'cpu' && device.isUnified !== true);
  return {
    id,
    devices,
    acceleratorMemoryBytes: accelerators.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0),
    memoryBytes: processor?.memoryBytes ?? 0,
    ...(processor?.memoryUsedBytes !== undefined && { memoryUsedBytes: processor.memoryUsedBytes }),
    instances: [...new Set(devices.flatMap(({ instances }) => instances))],
  };
}

const deviceOrders = {
  id: ({ id }: DeviceView) => id,
  kind: ({ kind }: DeviceView) => kind,
  memoryBytes: ({ memoryBytes }: DeviceView) => memoryBytes,
};

const devices = defineRoute({
  method: 'GET',
  path: '/devices',
  action: 'device.read',
  summary: 'Lists devices, or watches them.',
  query: { ...listQuery(Object.keys(deviceOrders)), ...watchQuery },
  reply: pageSchema(deviceSchema),
  handler: async ({ query }, call) =>
    query.watch
      ? { kind: 'watch', subscription: watchDevices(call) }
      : sendList(query, await call.world.fleet.devices(), {
          texts: ({ id, name, kind }) => [id, name, kind],
          orders: deviceOrders,
          encode: (device) => device,
        }),
});

function watchDevices({ world }: Call): Subscription {
  const { fleet, feeds } = world;
  return {
    feed: feeds.devices,
    action: 'device.read',
    snapshot: () => fleet.devices(),
    item: async (id) => (await fleet.devices()).find((device) => device.id === id),
  };
}

const marks = Type.Object(
  {
    isCordoned: Type.Optional(Type.Boolean()),
    /** All of them: those that are absent are taken off. */
    labels: Type.Optional(
      Type.Record(Type.String({ minLength: 1, maxLength: 64 }), Type.String({ maxLength: 256 }), { maxProperties: 50 }),
    ),
  },
  { additionalProperties: false },
);

const mark = defineRoute({
  method: 'PATCH',
  path: '/devices/:id',
  action: 'device.cordon',
  summary: 'Keeps a device free of new instances or takes it back into use, and labels it for placements.',
  params: idParams,
  body: marks,
  reply: deviceSchema,
  audit: 'device.cordon',
  handler: async ({ params, body }, call) => {
    await deviceOf(params.id, call);
    await call.world.fleet.markDevice(params.id, body);
    call.note({ targetId: params.id, detail: describeMarks(body) });
    return json(await deviceOf(params.id, call));
  },
});

/** All of them. */
export const deviceRoutes: readonly Route[] = [workers, devices, mark];

function describeMarks({ isCordoned, labels }: DeviceMarks): string {
  const use = isCordoned === undefined ? [] : [isCordoned ? 'cordoned' : 'in use'];
  return [...use, ...(labels === undefined ? [] : ['labels'])].join(', ');
}

async function deviceOf(id: string, { world }: Call): Promise<DeviceView> {
  const device = (await world.fleet.devices()).find((one) => one.id === id);
  return device ?? missing('device', id);
}

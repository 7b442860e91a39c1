/** `/downloads` and `/model-files`: weights on their way, and what has arrived. */

import { Type } from 'typebox';
import type { Download, ModelFile } from '../../../fleet/download.ts';
import { describeSource, modelSourceSchema } from '../../../fleet/model-source.ts';
import { idParams, missing } from '../find.ts';
import { listQuery, pageSchema, sendList, watchQuery } from '../list.ts';
import { downloadSchema, modelFileSchema } from '../replies.ts';
import { done, json } from '../result.ts';
import { type Call, defineRoute, type Route } from '../route.ts';
import type { Subscription } from '../watch.ts';
import { checkRules } from './deployments.ts';

const downloadOrders = {
  startedAt: ({ startedAt }: Download) => startedAt,
  state: ({ state }: Download) => state,
};

const list = defineRoute({
  method: 'GET',
  path: '/downloads',
  action: 'download.read',
  summary: 'Lists downloads with their progress, or watches them.',
  query: { ...listQuery(Object.keys(downloadOrders)), ...watchQuery },
  reply: pageSchema(downloadSchema),
  handler: ({ query }, call) =>
    query.watch
      ? { kind: 'watch', subscription: watchDownloads(call) }
      : sendList(query, call.world.fleet.downloads(), {
          texts: ({ id, source }) => [id, describeSource(source)],
          orders: downloadOrders,
          encode: (download) => download,
        }),
});

function watchDownloads({ world }: Call): Subscription {
  const { fleet, feeds } = world;
  return {
    feed: feeds.downloads,
    action: 'download.read',
    snapshot: async () => fleet.downloads(),
    item: async (id) => fleet.downloads().find((download) => download.id === id),
  };
}

const pull = defineRoute({
  method: 'POST',
  path: '/downloads',
  action: 'download.start',
  summary: 'Fetches a model without deploying it; the same one twice is one download.',
  body: Type.Object({ source: modelSourceSchema }, { additionalProperties: false }),
  reply: downloadSchema,
  status: 202,
  audit: 'download.start',
  handler: async ({ body }, call) => {
    await checkRules(body, call);
    const download = await call.world.fleet.pull(body.source);
    call.note({ targetId: download.id, targetName: describeSource(body.source) });
    return json(download);
  },
});

const cancel = defineRoute({
  method: 'DELETE',
  path: '/downloads/:id',
  action: 'download.cancel',
  summary: 'Cancels a download; what has arrived is kept for the next time.',
  params: idParams,
  audit: 'download.cancel',
  handler: async ({ params }, { world, note }) => {
    const download = world.fleet.downloads().find(({ id }) => id === params.id) ?? missing('download', params.id);
    await world.fleet.cancelDownload(download.id);
    note({ targetId: download.id, targetName: describeSource(download.source) });
    return done;
  },
});

const fileOrders = {
  name: ({ name }: ModelFile) => name,
  sizeBytes: ({ sizeBytes }: ModelFile) => sizeBytes,
  createdAt: ({ createdAt }: ModelFile) => createdAt,
  origin: ({ origin }: ModelFile) => origin,
};

const files = defineRoute({
  method: 'GET',
  path: '/model-files',
  action: 'model-file.read',
  summary: 'Lists the models on this machine, those of other programs too.',
  query: listQuery(Object.keys(fileOrders)),
  reply: pageSchema(modelFileSchema),
  handler: async ({ query }, { world, signal }) =>
    sendList(query, await world.fleet.modelFiles(signal), {
      texts: ({ id, name, origin, quantisation, files: paths }) => [id, name, origin, quantisation, ...paths],
      orders: fileOrders,
      encode: (file) => file,
    }),
});

const removeFile = defineRoute({
  method: 'DELETE',
  path: '/model-files/:id',
  action: 'model-file.delete',
  summary: 'Deletes a model that the platform fetched itself and that no deployment uses.',
  params: idParams,
  audit: 'model-file.delete',
  handler: async ({ params }, { world, note, signal }) => {
    const found = (await world.fleet.modelFiles(signal)).find(({ id }) => id === params.id);
    const file = found ?? missing('model file', params.id);
    await world.fleet.removeModelFile(file.id);
    note({ targetId: file.id, targetName: file.name });
    return done;
  },
});

/** All of them. */
export const downloadRoutes: readonly Route[] = [list, pull, cancel, files, removeFile];

/** Puts together how models come to this machine: hubs, catalogue, downloads, and the shelf they end on. */

import { mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Clock, RandomHex } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import { type Catalog, findKin } from '../../models/catalog/catalog.ts';
import { loadCatalog } from '../../models/catalog/load-catalog.ts';
import { createConverter } from '../../models/convert/converter.ts';
import { freeMemory } from '../../models/free-memory.ts';
import type { HubKind } from '../../models/hub/hub.ts';
import { createHubs, type Hubs } from '../../models/hub/hubs.ts';
import { modelPlaces } from '../../models/on-disk/model-places.ts';
import { downloadFile } from '../../outbound/download.ts';
import { createDownloadQueue } from '../../outbound/download-queue.ts';
import type { Outbound } from '../../outbound/outbound.ts';
import { readFreeBytes } from '../../outbound/part-file.ts';
import { listModelFiles, saveModelFile } from '../../store/model-files.ts';
import type { Db } from '../../store/tables.ts';
import type { ChangeFeed } from '../change-feed.ts';
import { createConvertingShelf, isVariant, planConverted, withConversion } from './converting-shelf.ts';
import { createFetchingShelf, toModelFile } from './fetching-shelf.ts';
import { createFindFolder } from './find-folder.ts';
import { judgeWeights } from './judge-weights.ts';
import type { ReadLocal } from './local-shelf.ts';
import { ModelDownloads } from './model-downloads.ts';
import type { ModelFilesParts } from './model-files-desk.ts';
import { type FetchWish, type ModelShelf, shelfByWeights } from './model-shelf.ts';
import { formOf, OwnFiles } from './own-files.ts';
import { removePart, sweepParts } from './part-files.ts';
import { type FetchPlan, planFetch } from './plan-fetch.ts';
import { remoteShelf } from './remote-shelf.ts';
import { createWeightsShelf } from './weights-shelf.ts';

/** What it is put together from. */
export interface ModelsParts {
  readonly db: Db;
  readonly dataFolder: string;
  readonly outbound: Outbound;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Asked anew whenever a hub is: settings change while the server runs. */
  readonly endpoints: () => Readonly<Record<HubKind, string>>;
  readonly token: (hub: HubKind) => string | undefined;
  /** Replaces the catalogue that comes with the package. */
  readonly catalogFile?: string;
  readonly readLocal: ReadLocal;
  readonly workerId: string;
  readonly others: ChangeFeed;
  readonly clock: Clock;
  readonly randomHex: RandomHex;
  readonly log: Log;
}

/** Models, from wherever they are. */
export interface OpenModels {
  readonly shelf: ModelShelf;
  readonly downloads: ModelDownloads;
  readonly hubs: Hubs;
  readonly catalog: () => Catalog;
  readonly files: ModelFilesParts;
  readonly plan: (wish: FetchWish, signal: AbortSignal) => Promise<FetchPlan>;
  close(): Promise<void>;
}

/** Files fetched at once, whatever models they belong to. */
const mostRunning = 3;

/** Reads what was fetched before; asks no hub yet. */
export async function openModels(parts: ModelsParts): Promise<OpenModels> {
  const { db, dataFolder, outbound, environment, clock, randomHex, workerId } = parts;
  const folder = join(dataFolder, 'models');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const catalog = openCatalog(parts.catalogFile);
  const hubs = changingHubs(parts);
  const own = new OwnFiles(await listModelFiles(db, workerId));
  const queue = createDownloadQueue({
    download: (job) => downloadFile({ outbound, clock }, job),
    mostRunning,
    randomHex,
  });
  const converted = join(folder, 'converted');
  const converter = createConverter({
    folder: converted,
    clock,
    freeMemory,
    freeDisk: readFreeBytes,
    readyGguf: (name) => findKin(catalog(), name)?.name,
  });
  // Before anything is converted: what one is writing must not be swept away.
  await converter.sweep();
  const places = modelPlaces({ environment, home: homedir(), platform: process.platform }, folder);
  const findFolder = createFindFolder(own, places);
  const plan = async (wish: FetchWish, signal: AbortSignal) => {
    const world = { hubs, catalog, folder };
    if (wish.weights !== 'gguf') return planFetch(wish, world, signal);
    return planConverted(wish.source, converter, findFolder) ?? withConversion(await planFetch(wish, world, signal));
  };
  const downloads = new ModelDownloads({
    isHere: ({ source, weights }) =>
      (weights !== 'safetensors' && own.find(source, 'gguf') !== undefined) ||
      (!isVariant(source) && own.find(source, 'safetensors') !== undefined),
    judge: ({ weights }, fetching) => judgeWeights(fetching, weights === 'gguf' ? converter : undefined),
    plan,
    fetchFile: (file, signal, onProgress) => queue.fetch({ ...file, signal, onProgress }),
    async arrived({ source }, fetched) {
      const facts = { id: `mf_${randomHex(8)}`, workerId, createdAt: clock.unixSeconds() };
      const fresh = toModelFile(source, fetched, facts);
      const before = own.known(source).find((each) => formOf(each) === formOf(fresh));
      const file = { ...fresh, id: before?.id ?? fresh.id };
      await saveModelFile(db, file);
      own.add(file);
    },
    async discard(target) {
      await queue.settled(target);
      // One part of several may be whole; what another model has of it stays.
      if (!own.all.some(({ files }) => files.includes(target))) await rm(target, { force: true });
      await removePart(target, folder);
    },
    newId: () => `dl_${randomHex(8)}`,
    clock,
    changed: (id, type) => parts.others.tell({ kind: 'download', id, type }),
  });
  const rest = createFetchingShelf({ readLocal: parts.readLocal, downloads, own });
  const gguf = createConvertingShelf({ rest, converter, findFolder, downloads });
  const safetensors = createWeightsShelf(findFolder, downloads);
  const closing = new AbortController();
  const swept = sweepParts(folder, clock.unixMs(), closing.signal).catch((thrown: unknown) =>
    parts.log.warn({ err: thrown }, 'old parts of downloads could not be removed'),
  );
  return {
    shelf: shelfByWeights({ gguf, safetensors, none: remoteShelf }),
    downloads,
    hubs,
    catalog,
    files: {
      ...{ db, own, folder, places, memory: new Map(), workerId },
      readLocal: parts.readLocal,
      expected: () => downloads.targets,
    },
    plan,
    async close() {
      closing.abort();
      await downloads.close();
      await queue.close();
      await swept;
    },
  };
}

/** A file of one's own is read at once, so that its faults show; the shipped one when somebody asks. */
function openCatalog(file: string | undefined): () => Catalog {
  let catalog = file === undefined ? undefined : loadCatalog(file);
  return () => {
    catalog ??= loadCatalog();
    return catalog;
  };
}

/** Hubs are made anew when their addresses have changed. */
function changingHubs({ outbound, endpoints, token, clock }: ModelsParts): Hubs {
  let made: { readonly key: string; readonly hubs: Hubs } | undefined;
  return {
    pick(choice) {
      const current = endpoints();
      const key = JSON.stringify(current);
      if (made?.key !== key) made = { key, hubs: createHubs({ outbound, endpoints: current, token, clock }) };
      return made.hubs.pick(choice);
    },
  };
}

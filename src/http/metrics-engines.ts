/** What Prometheus reads of the engines: their own numbers under one name each, whichever engine it is. */

import { Gauge, type Registry } from 'prom-client';

/** What an engine tells of itself. */
interface EngineNumbers {
  readonly slots: number;
  readonly busySlots: number;
  readonly queued: number;
  readonly decodedTokens: number;
}

/** An engine that is connected. */
interface ConnectedEngine {
  /** The deployment that it serves. */
  readonly model: string;
  stats(): Promise<EngineNumbers>;
}

/** The engines of now. */
export type EnginesView = () => readonly ConnectedEngine[];

/** Where the numbers go. */
export interface EngineMetricsParts {
  readonly register: Registry;
  readonly labelOf: (model: string) => string;
  readonly engines: EnginesView;
}

/** An engine that takes longer is left out: whoever reads the numbers wants to hear of the others. */
const patienceMs = 1_000;

const gauges: ReadonlyArray<readonly [field: keyof EngineNumbers, name: string, help: string]> = [
  ['slots', 'aimindserve_engine_slots', 'Requests that the engines of a model run at once.'],
  ['busySlots', 'aimindserve_engine_busy_slots', 'Requests that the engines of a model run now.'],
  ['queued', 'aimindserve_engine_queued', 'Requests that wait inside the engines of a model.'],
  [
    'decodedTokens',
    'aimindserve_engine_decoded_tokens',
    'Tokens that the running engines of a model have written since they started, unseen ones included.',
  ],
];

/** Adds them; engines are asked when somebody reads, all at once and once for all numbers. */
export function addEngineMetrics({ register, labelOf, engines }: EngineMetricsParts): void {
  let asked: Promise<ReadonlyArray<readonly [label: string, numbers: EngineNumbers]>> | undefined;
  const ask = () => {
    asked ??= askAll(engines(), labelOf).finally(() => {
      asked = undefined;
    });
    return asked;
  };
  const registers = [register];
  for (const [field, name, help] of gauges)
    new Gauge({
      name,
      help,
      labelNames: ['model'],
      registers,
      async collect() {
        const told = await ask();
        this.reset();
        for (const [model, numbers] of told) this.inc({ model }, numbers[field]);
      },
    });
  new Gauge({
    name: 'aimindserve_engines_silent',
    help: 'Engines of which no numbers could be had within a second.',
    registers,
    async collect() {
      const connected = engines().length;
      this.set(Math.max(0, connected - (await ask()).length));
    },
  });
}

async function askAll(engines: ReturnType<EnginesView>, labelOf: EngineMetricsParts['labelOf']) {
  const told = await Promise.all(
    engines.map(async ({ model, stats }) => {
      const numbers = await withinPatience(stats);
      return numbers === undefined ? [] : [[labelOf(model), numbers] as const];
    }),
  );
  return told.flat();
}

async function withinPatience(stats: () => Promise<EngineNumbers>): Promise<EngineNumbers | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), patienceMs);
  });
  try {
    return await Promise.race([stats(), late]);
  } catch {
    // An engine that is about to end has no numbers.
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}

/** What Prometheus reads of those who wait in line. */

import { Gauge, type Registry } from 'prom-client';

/** How many wait for each model now. */
export type WaitingView = () => ReadonlyArray<{ readonly model: string; readonly count: number }>;

/** Where the numbers go. */
export interface WaitingMetricsParts {
  readonly register: Registry;
  readonly labelOf: (model: string) => string;
  readonly waiting: WaitingView;
}

/** Adds the number; it is read when somebody asks. */
export function addWaitingMetrics({ register, labelOf, waiting }: WaitingMetricsParts): void {
  new Gauge({
    name: 'aimindserve_waiting_requests',
    help: 'Requests that wait for a place at a model, or for its start.',
    labelNames: ['model'],
    registers: [register],
    collect() {
      this.reset();
      for (const { model, count } of waiting()) this.inc({ model: labelOf(model) }, count);
    },
  });
}

/** How far a download is, as one line. */

import { showBytes, showClock } from './figures.ts';
import type { Item } from './item.ts';

const cells = 24;

/** `[████████░░░░] 45 %  2.1 GB of 4.7 GB  31 MB/s  1:23 left` from a download's `progress`. */
export function progressBar(progress: Item): string {
  const done = progress.number('bytesDone') ?? 0;
  const total = progress.number('bytesTotal');
  const speed = `${showBytes(progress.number('bytesPerSecond') ?? 0)}/s`;
  if (total === undefined || total <= 0) return `${showBytes(done)}  ${speed}`;
  const part = Math.min(1, done / total);
  const full = Math.floor(part * cells);
  const bar = '█'.repeat(full) + '░'.repeat(cells - full);
  const eta = progress.number('etaSeconds');
  const left = eta === undefined ? '' : `  ${showClock(eta)} left`;
  return `[${bar}] ${Math.floor(part * 100)} %  ${showBytes(done)} of ${showBytes(total)}  ${speed}${left}`;
}

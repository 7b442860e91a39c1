/** The warnings gathered while one body is decoded; bounded, because the body decides how many there could be. */

import type { Warning } from '../../chat/request.ts';

/** More than this many warnings help nobody. */
const maxWarnings = 64;
/** Warnings quote names that the client chose. */
const maxTextLength = 300;

/** Collects warnings; those beyond the limit are counted, not kept. */
export class WarningList {
  readonly #warnings: Warning[] = [];
  #dropped = 0;

  add(code: string, message: string, param?: string): void {
    if (this.#warnings.length >= maxWarnings) this.#dropped++;
    else this.#warnings.push({ code, message: clip(message), ...(param !== undefined && { param: clip(param) }) });
  }

  all(): readonly Warning[] {
    if (this.#dropped === 0) return this.#warnings;
    return [...this.#warnings, { code: 'more_warnings', message: `${this.#dropped} more warnings are not listed.` }];
  }
}

function clip(text: string): string {
  return text.length > maxTextLength ? `${text.slice(0, maxTextLength)}…` : text;
}

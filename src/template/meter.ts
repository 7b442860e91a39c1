/** What one rendering may cost: a template is a program from a stranger. */

import { RequestError } from '../base/errors.ts';

/** Work units (about one step of evaluation, or 256 characters touched), and sizes of intermediate values. */
export interface Budget {
  readonly work: number;
  readonly textLength: number;
  readonly listLength: number;
  readonly depth: number;
}

/** For real requests: hundreds of times what long conversations with many tools need. */
export const requestBudget: Budget = { work: 2_500_000, textLength: 8_000_000, listLength: 200_000, depth: 400 };

/** For the short conversations by which abilities are learnt. */
export const probeBudget: Budget = { work: 250_000, textLength: 1_000_000, listLength: 20_000, depth: 400 };

/** For all of those conversations together. */
export const learningWork = 2_500_000;

/** Counts; throws when the budget is spent. */
export class Meter {
  readonly #budget: Budget;
  #work = 0;
  #depth = 0;

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  /** What was spent so far. */
  get work(): number {
    return this.#work;
  }

  charge(units: number): void {
    this.#work += units;
    if (this.#work > this.#budget.work) throw spent('takes too many steps');
  }

  /** Text of this length is about to be made, or was. */
  text(length: number): void {
    if (length > this.#budget.textLength) throw spent(`makes a text longer than ${this.#budget.textLength} characters`);
    this.charge(length / 256);
  }

  /** A list of this length is about to be made or walked. */
  list(length: number): void {
    if (length > this.#budget.listLength) throw spent(`makes a list of more than ${this.#budget.listLength} elements`);
    this.charge(length / 8);
  }

  enter(): void {
    this.#depth++;
    if (this.#depth > this.#budget.depth) throw spent('nests too deeply (endless recursion?)');
    this.charge(1);
  }

  leave(): void {
    this.#depth--;
  }
}

function spent(what: string): RequestError {
  return new RequestError('template_failed', `The model's chat template ${what} for this request.`);
}

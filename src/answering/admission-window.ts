/** Counts what happened in the last minute, so that no minute, wherever it begins, holds more than its limit. */

const secondMs = 1_000;
/** A minute of whole seconds, and the one that is under way. */
const slots = 61;

/** A moving minute in steps of a second: it forgets up to a second late, never early. Times in milliseconds. */
export class MinuteWindow {
  readonly #amounts = new Float64Array(slots);
  /** The newest second that was looked at. */
  #second = Number.NEGATIVE_INFINITY;
  #total = 0;

  /** What the last minute holds. */
  total(nowMs: number): number {
    this.#moveTo(nowMs);
    return this.#total;
  }

  /** Adds now; the answer is the place to correct it at later. */
  add(amount: number, nowMs: number): number {
    this.#moveTo(nowMs);
    this.#put(this.#second, amount);
    return this.#second;
  }

  /** What was added at `second` was in truth `difference` more; what turns out too little is added now. */
  correct(second: number, difference: number, nowMs: number): void {
    this.#moveTo(nowMs);
    if (difference > 0) this.#put(this.#second, difference);
    else if (second > this.#second - slots) this.#put(second, difference);
  }

  /** Milliseconds until `amount` more is within `limit`; infinite if it never is. */
  waitMs(amount: number, limit: number, nowMs: number): number {
    let excess = this.total(nowMs) + amount - limit;
    if (excess <= 0) return 0;
    for (let second = this.#second - slots + 1; second <= this.#second; second++) {
      excess -= this.#amounts[slotOf(second)] ?? 0;
      if (excess <= 0) return (second + slots) * secondMs - nowMs;
    }
    return Number.POSITIVE_INFINITY;
  }

  /** Milliseconds until nothing is left of what it holds. */
  resetMs(nowMs: number): number {
    this.#moveTo(nowMs);
    for (let second = this.#second; second > this.#second - slots; second--)
      if ((this.#amounts[slotOf(second)] ?? 0) > 0) return (second + slots) * secondMs - nowMs;
    return 0;
  }

  #put(second: number, amount: number): void {
    const slot = slotOf(second);
    this.#amounts[slot] = (this.#amounts[slot] ?? 0) + amount;
    this.#total += amount;
  }

  #moveTo(nowMs: number): void {
    const now = Math.floor(nowMs / secondMs);
    if (now <= this.#second) return;
    const first = Math.max(this.#second + 1, now - slots + 1);
    for (let second = first; second <= now; second++) {
      this.#total -= this.#amounts[slotOf(second)] ?? 0;
      this.#amounts[slotOf(second)] = 0;
    }
    this.#second = now;
  }
}

function slotOf(second: number): number {
  return ((second % slots) + slots) % slots;
}

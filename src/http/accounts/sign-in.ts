/** Signing in by name and password. */

import { isIPv6 } from 'node:net';
import { AuthError } from '../../base/errors.ts';
import type { Credentials, User } from '../../fleet/user.ts';
import { findUserByName, passwordHashOf } from '../../store/users.ts';
import type { SignedIn, Visitor } from './accounts.ts';
import { isPassword } from './passwords.ts';
import { checkSameOrigin } from './same-origin.ts';
import type { SessionParts, Sessions } from './sessions.ts';
import { refuseWhile, Throttle } from './throttle.ts';

/** Few waits for one name, so that strangers cannot lock its owner out; long ones for an address. */
const byNamePatience = { free: 10, longestWaitMs: 60_000 } as const;
const byAddressPatience = { free: 20, longestWaitMs: 900_000 } as const;

/** Signs people in, with patience that ends. */
export class SignInDesk {
  readonly #parts: SessionParts;
  readonly #sessions: Sessions;
  readonly #byName = new Throttle(byNamePatience);
  readonly #byAddress = new Throttle(byAddressPatience);

  constructor(parts: SessionParts, sessions: Sessions) {
    this.#parts = parts;
    this.#sessions = sessions;
  }

  /** LimitError `too_many_attempts`; AuthError `unauthenticated` that never says which half was wrong. */
  async signIn(credentials: Credentials, visitor: Visitor): Promise<SignedIn> {
    checkSameOrigin(visitor.headers);
    const name = credentials.name.toLowerCase();
    const network = networkOf(visitor.address);
    this.#begin(name, network);
    const user = await this.#check(credentials);
    if (user === undefined) throw new AuthError('unauthenticated', 'The name or the password is wrong.');
    // Only the name is forgiven: an account of one's own must not buy guesses at another's.
    this.#byName.forget(name);
    this.#byAddress.takeBack(network);
    return this.#sessions.begin(user, visitor);
  }

  /** Is this their password? Guesses by a session that was left open count like those at the door. */
  async confirm(user: User, password: string): Promise<boolean> {
    const name = user.name.toLowerCase();
    const nowMs = this.#parts.clock.nowMs();
    refuseWhile(this.#byName.waitMs(name, nowMs));
    this.#byName.begin(name, nowMs);
    const isRight = await isPassword(password, await passwordHashOf(this.#parts.db, user.id));
    if (isRight) this.#byName.forget(name);
    return isRight;
  }

  #begin(name: string, network: string): void {
    const nowMs = this.#parts.clock.nowMs();
    refuseWhile(Math.max(this.#byName.waitMs(name, nowMs), this.#byAddress.waitMs(network, nowMs)));
    this.#byName.begin(name, nowMs);
    this.#byAddress.begin(network, nowMs);
  }

  async #check({ name, password }: Credentials): Promise<User | undefined> {
    const user = await findUserByName(this.#parts.db, name);
    const passwordHash = user && (await passwordHashOf(this.#parts.db, user.id));
    const isRight = await isPassword(password, passwordHash);
    return isRight && user?.isDisabled === false ? user : undefined;
  }
}

/** One household has one IPv4 address, or 2⁶⁴ of IPv6: these count as one. */
function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined || !isIPv6(address)) return mapped ?? address;
  const [head = '', tail] = address.split('::');
  const front = head === '' ? [] : head.split(':');
  const back = tail ? tail.split(':') : [];
  const missing = tail === undefined ? 0 : 8 - front.length - back.length;
  const groups = [...front, ...Array.from({ length: Math.max(0, missing) }, () => '0'), ...back];
  return groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}

/** Passwords: what is long enough, and the slow hash they are kept as. */

import { LimitError, RequestError } from '../../base/errors.ts';

/** The least that OWASP recommends for Argon2id, which is the library's algorithm: 19 MiB, two passes, one lane. */
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;
const shortest = 10;
const longest = 256;
/** Each takes 19 MiB and some 30 ms of a core; more at once is no team signing in. */
const mostAtOnce = 32;

let atOnce = 0;
let nobody: Promise<string> | undefined;

/** Refuses what is too short, too long or the name itself; `param` is the field it came in. */
export function checkPassword(password: string, name: string, param: string): void {
  const length = Array.from(password).length;
  if (length < shortest || length > longest) {
    const message = `A password has ${shortest} to ${longest} characters; this one has ${length}.`;
    throw new RequestError('invalid_value', message, { param });
  }
  if (normal(password).toLowerCase() === name.toLowerCase())
    throw new RequestError('invalid_value', 'The password must not be the name.', { param });
}

/** Native code: loaded by the first password, not by every start. */
const argon2 = () => import('@node-rs/argon2');

/** The text by which a password is recognised later. */
export function hashPassword(password: string): Promise<string> {
  return inTurn(async () => (await argon2()).hash(normal(password), cost));
}

/** Is it the password? Without a hash the answer is no, after the same time: it must not tell which names exist. */
export async function isPassword(password: string, passwordHash: string | undefined): Promise<boolean> {
  const { hash, verify } = await argon2();
  nobody ??= hash('', cost);
  const against = passwordHash ?? (await nobody);
  const isRight = await inTurn(() => verify(against, normal(password)));
  return isRight && passwordHash !== undefined;
}

/** Letters that look the same are the same, whichever keyboard wrote them. */
function normal(password: string): string {
  return password.normalize('NFKC');
}

async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (atOnce >= mostAtOnce)
    throw new LimitError('too_many_attempts', 'Too many people sign in at this moment.', { retryAfter: 1 });
  atOnce++;
  try {
    return await work();
  } finally {
    atOnce--;
  }
}

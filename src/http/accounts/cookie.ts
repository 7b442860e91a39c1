/** Cookies: one is read from a request's header, one is written for a response's. */

/** A cookie to be set; never readable by scripts. */
export interface NewCookie {
  readonly name: string;
  /** Needs no escaping: base64url and dots. */
  readonly value: string;
  /** 0 removes it. */
  readonly maxAgeSeconds: number;
  /** `Lax` lets it come along when another site sends the browser here. */
  readonly sameSite: 'Strict' | 'Lax';
  readonly isSecure: boolean;
}

/** The value of the first cookie of this name. */
export function readCookie(header: string | undefined, name: string): string | undefined {
  for (const pair of (header ?? '').split(';')) {
    const end = pair.indexOf('=');
    if (end > 0 && pair.slice(0, end).trim() === name) return pair.slice(end + 1).trim();
  }
  return undefined;
}

/** The value of a `set-cookie` header. */
export function writeCookie({ name, value, maxAgeSeconds, sameSite, isSecure }: NewCookie): string {
  const secure = isSecure ? '; Secure' : '';
  return `${name}=${value}; Path=/; Max-Age=${maxAgeSeconds}; HttpOnly; SameSite=${sameSite}${secure}`;
}

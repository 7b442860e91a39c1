/** What a client calls itself, cut down to product and version. */

/** Names beyond this are cut. */
const maxChars = 80;
/** Words with slashes between them, and a version after a slash or a blank: `OpenAI/Python 1.30.1`, `curl/8.5.0`. */
const productAndVersion = /^([A-Za-z][\w.+@-]*(?:\/(?!v\d)[A-Za-z][\w.+@-]*)*)(?:[/ ]v?(\d+(?:\.\d+){0,2}))?/;

/** The name under which a client is known; every browser is `browser`, and what says nothing of use `unknown`. */
export function clientName(userAgent: string | undefined): string {
  const text = (userAgent ?? '').slice(0, 400).trim();
  if (text.startsWith('Mozilla/')) return 'browser';
  const [, product, version] = productAndVersion.exec(text) ?? [];
  if (product === undefined) return 'unknown';
  return (version === undefined ? product : `${product} ${version}`).slice(0, maxChars);
}

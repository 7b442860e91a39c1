/** Tells addresses that only this machine can reach from those that others can. */

/** Is this host name or address the machine's own loopback? */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '').toLowerCase();
  return bare === 'localhost' || bare === '::1' || /^127(\.\d{1,3}){3}$/.test(bare);
}

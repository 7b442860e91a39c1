/** Which certificate authorities are trusted: those of Node, and a file of the administrator's own. */

import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { rootCertificates } from 'node:tls';
import { ConfigError } from '../base/errors.ts';

/** All roots with those of `caFile` and NODE_EXTRA_CA_CERTS added; undefined = Node's own choice is right. */
export function readAuthorities(caFile: string | undefined, extraFile: string | undefined): string[] | undefined {
  if (caFile === undefined) return undefined;
  // Given a list, Node leaves out NODE_EXTRA_CA_CERTS; whoever set it still means it.
  const extra = extraFile === undefined || extraFile === '' ? [] : readCertificates(extraFile, 'NODE_EXTRA_CA_CERTS');
  return [...rootCertificates, ...extra, ...readCertificates(caFile, '--ca-file')];
}

function readCertificates(path: string, setting: string): string[] {
  const blocks = readText(path, setting).match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g);
  if (blocks === null) throw new ConfigError('invalid_config', `${setting}: ${path} holds no certificate in PEM form.`);
  for (const block of blocks) {
    try {
      new X509Certificate(block);
    } catch (cause) {
      throw new ConfigError('invalid_config', `${setting}: ${path} holds a certificate that cannot be read.`, {
        cause,
      });
    }
  }
  return blocks;
}

function readText(path: string, setting: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError('invalid_config', `${setting}: ${path} cannot be read: ${reason}.`, { cause });
  }
}

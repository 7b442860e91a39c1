/** A certificate and its key: read from two files, and checked before anybody relies on them. */

import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { ConfigError } from '../base/errors.ts';

/** Where the pair is kept, as PEM. */
export interface CertificateFiles {
  /** The server's own certificate first, then those of the authorities between. */
  readonly certFile: string;
  readonly keyFile: string;
}

/** The texts of both files. */
export interface Pair {
  readonly cert: string;
  readonly key: string;
}

/** Both files, checked; throws a ConfigError that names the file and what is wrong with it. */
export function readPairNow(files: CertificateFiles): Pair {
  const read = (file: string): string => {
    try {
      return readFileSync(file, 'utf8');
    } catch (cause) {
      throw unreadable(file, cause);
    }
  };
  const pair = { cert: read(files.certFile), key: read(files.keyFile) };
  checkPair(pair, files);
  return pair;
}

/** Both files, as they are now; throws a ConfigError where one cannot be read. */
export async function readPair({ certFile, keyFile }: CertificateFiles): Promise<Pair> {
  const read = async (file: string): Promise<string> => {
    try {
      return await readFile(file, 'utf8');
    } catch (cause) {
      throw unreadable(file, cause);
    }
  };
  return { cert: await read(certFile), key: await read(keyFile) };
}

/** Throws a ConfigError that names the file to mend. */
export function checkPair({ cert, key }: Pair, { certFile, keyFile }: CertificateFiles): void {
  const certificate = attempt(() => new X509Certificate(cert), `${certFile} holds no certificate in PEM form`);
  const isLocked = /ENCRYPTED/.test(key);
  const advice = `is protected by a passphrase; write it without one: openssl pkey -in ${keyFile} -out plain.key`;
  const privateKey = attempt(
    () => createPrivateKey(key),
    `${keyFile} ${isLocked ? advice : 'holds no private key in PEM form'}`,
  );
  if (!certificate.checkPrivateKey(privateKey))
    throw broken(`the key in ${keyFile} does not belong to the certificate in ${certFile}`);
  // Finds what only the library refuses: keys that are too short, broken certificates further down.
  attempt(() => createSecureContext({ cert, key }), `${certFile} and ${keyFile} cannot be used`);
}

/** Whom a certificate is for, and until when. */
export function describePair({ cert }: Pair): { readonly subject: string; readonly validTo: string } {
  const { subject, subjectAltName, validTo } = new X509Certificate(cert);
  return { subject: subjectAltName ?? subject, validTo };
}

function attempt<T>(work: () => T, failure: string): T {
  try {
    return work();
  } catch (cause) {
    throw broken(failure, cause);
  }
}

function unreadable(file: string, cause: unknown): ConfigError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return broken(`${file} cannot be read: ${reason}`, cause);
}

function broken(what: string, cause?: unknown): ConfigError {
  return new ConfigError('invalid_config', `TLS: ${what}.`, cause === undefined ? {} : { cause });
}

/** A hub's name for a file as a path that cannot lead out of its folder nor trouble any file system. */

import { RequestError } from '../base/errors.ts';

const longestPath = 1024;
/** File systems take 255 bytes a name; some are kept for the endings of unfinished downloads. */
const longestNameBytes = 230;

/** What Windows keeps for devices, with or without an ending. */
const deviceName = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?:\.|$)/i;
/** Control and direction characters, and what some file system forbids; `\` is a separator to some. */
const forbiddenCharacter = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff<>:"|?*\\]/;
/** Endings of our own files beside a download. */
const ownEnding = /\.part(?:\.json(?:\.new)?)?$/i;

/** The path with `/`, unchanged, if every part of it is harmless; throws `download_refused` otherwise. */
export function toSafePath(hubPath: string): string {
  if (hubPath.length === 0 || hubPath.length > longestPath || !hubPath.isWellFormed())
    throw refused(hubPath, 'length or letters');
  for (const name of hubPath.split('/')) {
    const fault = faultOf(name);
    if (fault !== undefined) throw refused(hubPath, fault);
  }
  return hubPath;
}

function faultOf(name: string): string | undefined {
  if (name === '') return 'an empty part';
  if (name === '.' || name === '..') return `'${name}'`;
  if (forbiddenCharacter.test(name)) return 'a forbidden character';
  if (/^ |[. ]$/.test(name)) return 'a blank or dot at the edge of a name';
  if (deviceName.test(name)) return 'a reserved name';
  if (ownEnding.test(name)) return 'the ending of an unfinished download';
  return Buffer.byteLength(name) > longestNameBytes ? 'a name that is too long' : undefined;
}

function refused(hubPath: string, fault: string): RequestError {
  const shown = JSON.stringify(hubPath.slice(0, 100));
  return new RequestError('download_refused', `The file's path ${shown} is not taken from the hub: ${fault}.`);
}

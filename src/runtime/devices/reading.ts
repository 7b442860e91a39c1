/** What readers of devices share: how they reach the machine, and how they read what it says. */

import type { Device } from '../../fleet/device.ts';

/** Reads a small text file; undefined if it is not there. */
export type ReadText = (path: string) => string | undefined;

/** Runs a program and resolves with its output; undefined if it is not there, fails, or takes too long. */
export type RunProgram = (command: string, args: readonly string[]) => Promise<string | undefined>;

/** More devices than this are a broken tool, not a machine. */
export const maxDevices = 64;

/** A petabyte; more is a broken tool as well, or means that there is no limit. */
const largest = 2 ** 50;

/** A whole number, times what one of it is worth; undefined unless it is one (tools say `[N/A]` and worse). */
export function toNumber(text: string | undefined, unit = 1): number | undefined {
  const digits = /^\s*(\d{1,16})\s*$/.exec(text ?? '')?.[1];
  const value = digits === undefined ? Number.NaN : Number(digits) * unit;
  return value <= largest ? value : undefined;
}

/** A percentage as a part of one; undefined unless it is one. */
export function toPart(text: string | undefined): number | undefined {
  const percent = /^\s*(\d{1,3}(?:\.\d+)?)\s*%?\s*$/.exec(text ?? '')?.[1];
  return percent === undefined ? undefined : Math.min(1, Number(percent) / 100);
}

/** A name fit to be shown; undefined if nothing is left, or the tool says that it knows none. */
export function toName(text: string | undefined): string | undefined {
  const name = (text ?? '')
    .replace(/[\p{Cc}\p{Cf}]/gu, ' ')
    .trim()
    .slice(0, 120);
  return name === '' || /^\[?(?:n\/?a|unknown|not supported)\b/i.test(name) ? undefined : name;
}

/** What a tool may have told of a device. */
type Facts = { readonly [Name in keyof Device]?: Device[Name] | undefined };

/** A device with what is known of it. */
export function toDevice(
  needed: Pick<Device, 'id' | 'kind' | 'name' | 'memoryBytes'>,
  { memoryUsedBytes, isUnified, utilisation, driver, uuid, cores, features }: Facts,
): Device {
  return {
    ...needed,
    ...(memoryUsedBytes !== undefined && { memoryUsedBytes }),
    ...(isUnified !== undefined && { isUnified }),
    ...(utilisation !== undefined && { utilisation }),
    ...(driver !== undefined && { driver }),
    ...(uuid !== undefined && { uuid }),
    ...(cores !== undefined && { cores }),
    ...(features !== undefined && features.length > 0 && { features }),
  };
}

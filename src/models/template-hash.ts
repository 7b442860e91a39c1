/** Tells one chat template from another, whatever their files do with line ends and the end of the text. */

import { createHash } from 'node:crypto';

/** SHA-256 (hex) of the template with `\n` line ends and without blanks at its end. */
export function hashTemplate(template: string): string {
  return createHash('sha256').update(template.replaceAll('\r\n', '\n').trimEnd()).digest('hex');
}

/** Where the bundled model lies in the package. */

import { fileURLToPath } from 'node:url';

/** The weights that come with the package. */
export function bundledModelPath(): string {
  return fileURLToPath(new URL('../../models/nano/aimindserve-nano.gguf', import.meta.url));
}

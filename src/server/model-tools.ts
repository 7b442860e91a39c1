/** What commands ask of models and formats without a running server. */

import { isAbsolute, join } from 'node:path';
import type { TemplateVerdict } from '../formats/detect-template.ts';
import { allFormats } from '../formats/formats.ts';
import type { CustomFormat } from '../formats/load-format.ts';
import { judgeTemplate } from '../operating/judge-template.ts';
import { loadFormatFile, loadFormatsFrom } from '../operating/load-formats.ts';

/** The tool formats kept on this machine, and the one in a file that was asked for. */
export function customFormats(dataFolder: string, wanted?: string): readonly CustomFormat[] {
  const named = wanted !== undefined && isAbsolute(wanted) ? [loadFormatFile(wanted)] : [];
  return [...named, ...loadFormatsFrom(join(dataFolder, 'formats'))];
}

/** Which tool format a template file or a model speaks, and why. */
export function explainFormat(path: string, dataFolder: string): Promise<TemplateVerdict> {
  const custom = customFormats(dataFolder).map(({ format }) => format);
  const [first = allFormats[0], ...others] = [...custom, ...allFormats];
  return judgeTemplate(path, [first, ...others]);
}

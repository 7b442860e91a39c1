/** The suite of all formats over one from a file: the one that `npm run format FILE.json` names, else the scaffold. */

import process from 'node:process';
import { scaffold } from '../../src/cli/formats-new.ts';
import { formatContract } from '../../src/formats/formats.contract.ts';
import { loadFormat } from '../../src/formats/load-format.ts';
import { loadFormatFile } from '../../src/operating/load-formats.ts';

const file = process.env['FORMAT_FILE'];
const { format } =
  file === undefined ? loadFormat(JSON.stringify(scaffold('mine')), 'mine.json') : loadFormatFile(file);

formatContract({ format, flattens: false, namesKeys: false });

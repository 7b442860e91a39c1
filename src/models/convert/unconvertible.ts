/** Why weights cannot be converted, as a clause that starts with 'it'; the border makes a whole sentence of it. */
export class Unconvertible extends RangeError {}

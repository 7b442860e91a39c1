/** Why weights cannot be converted, as a clause that starts with 'it'; the border makes a whole sentence of it. */
export class Unconvertible extends RangeError {}

/** The weights may well be sound, but they are for engines that open them as they are. */
export class ForOtherEngines extends Unconvertible {}

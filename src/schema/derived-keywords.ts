/** Keywords that no caller writes: our own rewriting needs them where JSON Schema has no word for what two say together. */

/** A list of patterns that strings must match as well. */
export const furtherPatterns = '$furtherPatterns';
/** A list of patterns that strings must not match. */
export const excludedPatterns = '$excludedPatterns';

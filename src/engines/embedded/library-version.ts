/** Which libraries the engine is written for; known without loading them. */

/** The npm package that carries the libraries, its version, and what the libraries call themselves. */
export const libraryPackage = '@node-llama-cpp/linux-x64';
export const packageVersion = '3.22.1';
export const llamaVersion = '0.5.0-dev';

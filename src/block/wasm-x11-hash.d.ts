/** The package ships no types. */
declare module 'wasm-x11-hash' {
  interface X11 {
    digest(input: Uint8Array): Buffer;
  }
  /** Compiles the WebAssembly module. */
  function load(): Promise<X11>;
  // biome-ignore lint/style/noDefaultExport: it is how a CommonJS `module.exports = function` is seen from here
  export default load;
}

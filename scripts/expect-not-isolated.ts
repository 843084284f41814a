if (globalThis.crossOriginIsolated) {
  throw new Error(
    'This project runs on an ordinary page, and this page is cross-origin isolated: check its headers.',
  );
}

export {};

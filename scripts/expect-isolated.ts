if (!globalThis.crossOriginIsolated) {
  throw new Error(
    'This project runs on a cross-origin isolated page, and this page is not: check its headers.',
  );
}

export {};

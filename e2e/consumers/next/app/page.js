'use client';

// Imported on the server, too, where the page is rendered first.
import * as nearshore from 'nearshore';
import * as embedders from 'nearshore/embedders';
import { useEffect } from 'react';
import { tryEverything } from './try-everything.js';

export default function Page() {
  useEffect(() => {
    tryEverything(nearshore, embedders);
  }, []);
  return <p>{typeof nearshore.openStore}</p>;
}

/**
 * Gives a buffer's memory back at once; its views are empty afterwards. The garbage collector would come too, but
 * not soon: nothing tells it that a worker which has just read 150 MB will allocate nothing more for a while.
 */
export function free(view: ArrayBufferView<ArrayBuffer>): void {
  // Missing before Chromium 114, Firefox 122 and Safari 17.4: there the collector has to do.
  view.buffer.transfer?.(0);
}

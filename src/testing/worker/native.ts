/** The browser's own functions, from before they are wrapped. */
export const native = {
  open: IDBFactory.prototype.open,
  deleteDatabase: IDBFactory.prototype.deleteDatabase,
  databases: IDBFactory.prototype.databases,
  transaction: IDBDatabase.prototype.transaction,
  close: IDBDatabase.prototype.close,
  commit: IDBTransaction.prototype.commit,
  getKey: IDBObjectStore.prototype.getKey,
};

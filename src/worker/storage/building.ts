const SUFFIX = ':reembed';

/** Under which a collection that is to take another's place is built: no collection of an app can have that name. */
export function buildingName(name: string): string {
  return name + SUFFIX;
}

export function isBuilding(name: string): boolean {
  return name.endsWith(SUFFIX);
}

/** The version in package.json. */
export const RELEASE = '0.1.0';

const whole = new Intl.NumberFormat('en');
const oneDigit = new Intl.NumberFormat('en', { minimumFractionDigits: 1, maximumFractionDigits: 1 });

export const formatCount = (count: number) => whole.format(count);
export const formatMegabytes = (bytes: number) => `${oneDigit.format(bytes / 1e6)} MB`;
export const formatMilliseconds = (milliseconds: number) => `${oneDigit.format(milliseconds)} ms`;
export const formatSeconds = (milliseconds: number) => `${oneDigit.format(milliseconds / 1000)} s`;
export const formatScore = (score: number) => score.toFixed(3);

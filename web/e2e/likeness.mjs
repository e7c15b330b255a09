// How like two sounds are: one that was synthesised, and what came out of a loudspeaker after codec, network and jitter buffer.
// Never a listening score: PESQ and POLQA are licensed; this is the correlation of log spectra in 20 ms frames, and of levels alone.

const FRAME_S = 0.02;
/** Centres in Hz, even on the mel scale up to what a telephone's voice has. */
const BANDS = Array.from({ length: 18 }, (_, n) => 700 * (10 ** ((200 + (n * (1_950 - 200)) / 17) / 2_595) - 1));
/** What is so far below the loudest frame is silence. */
const FLOOR_DB = 45;

/** `at`: where in `heard` the whole of `said` is found, in seconds; `spectrum`, `level`: correlations there, 1 for the same sound. */
export function likeness(heard, said) {
  const [where, what] = [frames(heard), frames(said)];
  let best = { at: 0, spectrum: -1, level: -1 };
  for (let at = 0; at + what.length <= where.length; at += 1) {
    const part = where.slice(at, at + what.length);
    const level = correlation(part.map(mean), what.map(mean));
    if (level < best.level - 0.2) continue;
    const spectrum = correlation(part.flat(), what.flat());
    if (spectrum > best.spectrum) best = { at: at * FRAME_S, spectrum, level };
  }
  return best;
}

export function correlation(a, b) {
  const [ma, mb] = [mean(a), mean(b)];
  let [ab, aa, bb] = [0, 0, 0];
  for (let n = 0; n < a.length; n += 1) {
    const [x, y] = [a[n] - ma, b[n] - mb];
    ab += x * y;
    aa += x * x;
    bb += y * y;
  }
  return ab / Math.sqrt(aa * bb + 1e-9);
}

export const mean = (values) => values.reduce((sum, one) => sum + one, 0) / Math.max(1, values.length);

export function percentile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}

/** Log energy of each band in each frame, in decibels under the loudest. */
function frames({ rate, samples }) {
  const length = Math.round(rate * FRAME_S);
  const window = Array.from({ length }, (_, n) => 0.5 - 0.5 * Math.cos((2 * Math.PI * n) / length));
  const all = [];
  for (let at = 0; at + length <= samples.length; at += length) {
    all.push(BANDS.map((hz) => 10 * Math.log10(goertzel(samples, at, window, (2 * Math.PI * hz) / rate) + 1)));
  }
  const loudest = all.flat().reduce((most, one) => Math.max(most, one), 0);
  return all.map((bands) => bands.map((db) => Math.max(db - loudest, -FLOOR_DB)));
}

/** The energy at one frequency (Goertzel 1958). */
function goertzel(samples, at, window, omega) {
  const turn = 2 * Math.cos(omega);
  let [one, two] = [0, 0];
  for (let n = 0; n < window.length; n += 1) [one, two] = [samples[at + n] * window[n] + turn * one - two, one];
  return one * one + two * two - turn * one * two;
}

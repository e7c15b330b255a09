#!/usr/bin/env python3
"""Trains telephone-front.bin (see telephone-front.md). Needs numpy, ffmpeg and Debian's asterisk-core-sounds-*-g722 and
pocketsphinx-en-us. Usage: telephone-front.py OUT.bin"""
import glob, struct, subprocess, sys

import numpy as np

FRAME, SHIFT, POINTS, BANDS, CEPSTRA, CONTEXT, HIDDEN, STEPS = 410, 160, 512, 25, 13, 5, 224, 10_000
# How often each piece of sound is heard, each time through another line.
TAKES = 4
LENGTH = 8 * 16_000
MODEL = "/usr/share/pocketsphinx/model/en-us/en-us/variances"


def filters():
    mel, hz, step = lambda f: 2595 * np.log10(1 + f / 700), lambda m: 700 * (10 ** (m / 2595) - 1), 16_000 / POINTS
    low, width = mel(130), (mel(6800) - mel(130)) / (BANDS + 1)
    rows = np.zeros((BANDS, POINTS // 2 + 1), np.float32)
    for band in range(BANDS):
        left, centre, right = (int(hz(low + (band + i) * width) / step + 0.5) * step for i in range(3))
        at = np.arange(POINTS // 2 + 1) * step
        rows[band] = np.maximum(np.minimum((at - left) / (centre - left), (right - at) / (right - centre)), 0) * 2 / (right - left)
    return rows


FILTERS = filters()
WINDOW = (0.54 - 0.46 * np.cos(2 * np.pi * np.arange(FRAME) / (FRAME - 1))).astype(np.float32)
COSINES = np.array([[np.cos(np.pi / BANDS * i * (j + 0.5)) * np.sqrt((1 if i == 0 else 2) / BANDS) * (1 + 11 * np.sin(i * np.pi / 22))
                     for j in range(BANDS)] for i in range(CEPSTRA)], np.float32)


def bands(x):
    """Logarithms of the mel bands, as src/speech/hear/front/mel.rs makes them."""
    x = x.astype(np.float32)
    raised = np.concatenate([x[:1], x[1:] - np.float32(0.97) * x[:-1]])
    frames = np.lib.stride_tricks.sliding_window_view(raised, FRAME)[::SHIFT] * WINDOW
    return np.log((np.abs(np.fft.rfft(frames, POINTS)) ** 2).astype(np.float32) @ FILTERS.T + np.float32(500))


def mu_law(x):
    size = np.clip(np.abs(x), 0, 32635) + 132
    step = 2.0 ** (np.floor(np.log2(size)) - 4)
    return np.sign(x) * (np.floor(size / step) * step + step / 2 - 132)


def a_law(x):
    size = np.abs(x)
    step = 2.0 ** (np.maximum(np.floor(np.log2(np.maximum(size, 1))) - 7, 1) + 3)
    return np.sign(x) * (np.floor(size / step) * step + step / 2)


def noise_of(kind, others, hz, dice):
    """Noise of a kind: white, pink, a street (low, swelling), a machine's hum, or voices."""
    white = dice.normal(0, 1, LENGTH)
    shaped = lambda gains: np.fft.irfft(np.fft.rfft(white) * gains, LENGTH)
    at = np.arange(LENGTH) / 16_000
    if kind == 0:
        return white
    if kind == 1:
        return shaped(1 / np.sqrt(np.maximum(hz, 40)))
    if kind == 2:
        swell = 1 + dice.uniform(0, 0.5) * np.sin(2 * np.pi * dice.uniform(0.1, 0.8) * at + dice.uniform(0, 6))
        return shaped(1 / (1 + (hz / dice.uniform(300, 1_500)) ** 2)) * swell
    if kind == 3:
        tone = dice.choice([50, 60, 100, 120, 180])
        return sum(np.sin(2 * np.pi * tone * k * at + dice.uniform(0, 6)) / k for k in range(1, 12)) + 0.2 * white
    return others


def pair(x, others, dice):
    """The bands of eight seconds behind a telephone, and beside a good microphone."""
    hz, x = np.fft.rfftfreq(LENGTH, 1 / 16_000), x.astype(np.float32)
    x = x * 10 ** (dice.uniform(-38, -18) / 20) * 32_768 / (np.sqrt((x**2).mean()) + 1)
    tilt = dice.uniform(-2, 2) * np.log2(np.maximum(hz, 60) / 1_000)
    x = np.fft.irfft(np.fft.rfft(x) * 10 ** (tilt / 20), LENGTH)
    clean = bands(x)
    if dice.random() < 0.8:
        noise = noise_of(dice.integers(5), others, hz, dice)
        x = x + noise * np.sqrt((x**2).mean() / ((noise**2).mean() + 1e-9)) * 10 ** (-dice.uniform(3, 35) / 20)
    if dice.random() < 0.88:
        low, high = dice.choice([0, 0, 100, 200, 300]), dice.uniform(3_400, 3_950)
        spectrum = np.fft.rfft(x) / (1 + (low / np.maximum(hz, 1)) ** 8) / (1 + np.exp((hz - high) / 40))
        narrow = np.round(np.clip(np.fft.irfft(spectrum[: LENGTH // 4 + 1], LENGTH // 2) / 2, -32_768, 32_767))
        law = dice.random()
        narrow = mu_law(narrow) if law < 0.5 else a_law(narrow) if law < 0.9 else narrow
        wide = np.zeros(LENGTH // 2 + 1, complex)
        wide[: LENGTH // 4 + 1] = np.fft.rfft(narrow)
        x = np.fft.irfft(wide / (1 + np.exp(np.minimum((hz - 3_950) / 20, 80))), LENGTH) * 2
    return bands(np.round(x)).astype(np.float16), clean.astype(np.float16)


def recordings():
    for language in ["en_US_f_Allison", "es_MX_f_Allison", "fr_CA_f_June", "it_IT_m_Carlo", "ru_RU_f_IvrvoiceRU"]:
        files = sorted(glob.glob(f"/usr/share/asterisk/sounds/{language}/**/*.g722", recursive=True))
        files = [f for f in files if "/silence/" not in f and not ("en_US" in f and "/digits/" in f)]
        coded = b"".join(open(f, "rb").read() for f in files)
        ffmpeg = ["ffmpeg", "-loglevel", "error", "-f", "g722", "-i", "-", "-ar", "16000", "-f", "s16le", "-"]
        pcm = np.frombuffer(subprocess.run(ffmpeg, input=coded, stdout=subprocess.PIPE, check=True).stdout, np.int16)
        yield from (pcm[i : i + LENGTH] for i in range(0, len(pcm) - LENGTH, LENGTH))


def floors(rows):
    """The noise below the speech in each band, as src/speech/hear/front/floor.rs follows it: (pieces, frames, bands)."""
    out, floor = np.empty_like(rows), rows[:, 0]
    for n in range(rows.shape[1]):
        above = rows[:, n] - floor
        floor = floor + above * np.where(above > 0, max(1 / (n + 1) if n < 10 else 0, 0.004), max(1 / (n + 1) if n < 10 else 0, 0.08)).astype(np.float32)
        out[:, n] = floor
    return out


def precisions():
    """Inverse variances of the model's cepstra and their first and second differences, averaged over its densities."""
    raw = open(MODEL, "rb").read()
    at = raw.index(b"endhdr\n") + 7
    codebooks, streams, densities = np.frombuffer(raw[at + 4 : at + 16], "<u4")
    values = np.frombuffer(raw[at + 20 + 4 * streams :], "<f4", codebooks * streams * densities * CEPSTRA)
    values = values.reshape(codebooks, streams, densities, CEPSTRA)
    return [1 / values[:, i].mean((0, 1)) for i in range(3)]


def train(seen, wanted):
    run, batch, dice = 64, 24, np.random.default_rng(1)
    mean, spread, width = seen.mean((0, 1)), seen.std((0, 1)), (2 * CONTEXT + 2) * BANDS
    first, second = np.zeros((run, run), np.float32), np.zeros((run, run), np.float32)
    for t in range(3, run - 3):
        first[t, [t + 2, t - 2]] = 1, -1
        second[t, [t + 3, t - 1, t + 1, t - 3]] = 1, -1, -1, 1
    metric = list(zip(precisions(), [np.eye(run, dtype=np.float32), first.T @ first, second.T @ second]))
    dense = lambda i, o: (dice.normal(0, 1, (i, o)) * np.sqrt(2 / i)).astype(np.float32)
    net = [dense(width, HIDDEN), np.zeros(HIDDEN), dense(HIDDEN, HIDDEN), np.zeros(HIDDEN), dense(HIDDEN, CEPSTRA) * 0.1, np.zeros(CEPSTRA)]
    net = [p.astype(np.float32) for p in net]
    slow, square, losses = [np.zeros_like(p) for p in net], [np.zeros_like(p) for p in net], []
    for step in range(1, STEPS + 1):
        # An utterance has been heard for a while, or has only begun.
        heard = dice.integers(0, 60)
        who, when = dice.integers(0, len(seen), batch), dice.integers(0, seen.shape[1] - heard - run - 2 * CONTEXT, batch)
        x = np.stack([seen[i, t : t + heard + run + 2 * CONTEXT] for i, t in zip(who, when)])
        floor = floors(x)[:, heard + CONTEXT : heard + CONTEXT + run]
        x = x[:, heard:]
        y = np.stack([wanted[i, t + CONTEXT : t + CONTEXT + run] for i, t in zip(who, when + heard)])
        windows = np.lib.stride_tricks.sliding_window_view((x - mean) / spread, 2 * CONTEXT + 1, axis=1)
        windows = windows.transpose(0, 1, 3, 2).reshape(batch, run, -1)
        row = np.concatenate([windows, (floor - mean) / spread], 2).reshape(-1, width)
        a = np.maximum(row @ net[0] + net[1], 0)
        b = np.maximum(a @ net[2] + net[3], 0)
        error = (b @ net[4] + net[5]).reshape(batch, run, CEPSTRA) + x[:, CONTEXT : CONTEXT + run] @ COSINES.T - y
        slope = sum(weight * (form @ error) for weight, form in metric)
        losses.append((slope * error).mean())
        out = slope.reshape(-1, CEPSTRA) * (2 / (batch * run))
        back_b = out @ net[4].T * (b > 0)
        back_a = back_b @ net[2].T * (a > 0)
        for k, g in enumerate([row.T @ back_a, back_a.sum(0), a.T @ back_b, back_b.sum(0), b.T @ out, out.sum(0)]):
            slow[k], square[k] = 0.9 * slow[k] + 0.1 * g, 0.999 * square[k] + 0.001 * g**2
            rate = 2e-3 * min(1, step / 200) * (0.5 * (1 + np.cos(np.pi * step / STEPS)) + 0.01)
            net[k] = net[k] - rate * (slow[k] / (1 - 0.9**step)) / (np.sqrt(square[k] / (1 - 0.999**step)) + 1e-8)
        if step % 250 == 0:
            print(step, f"{np.mean(losses[-250:]):.3f}", flush=True)
    scale = np.tile(1 / spread, 2 * CONTEXT + 2)
    net[1] = net[1] - (np.tile(mean, 2 * CONTEXT + 2) * scale) @ net[0]
    net[0] = net[0] * scale[:, None]
    return net


def main():
    pieces, dice = list(recordings()), np.random.default_rng(5)
    babble = lambda: sum(pieces[i].astype(np.float32) for i in dice.integers(0, len(pieces), 4))
    pairs = [pair(x, babble(), dice) for x in pieces for _ in range(TAKES)]
    seen, wanted = (np.stack(side).astype(np.float32) for side in zip(*pairs))
    with open(sys.argv[1], "wb") as out:
        out.write(b"HLT2" + struct.pack("<4I", BANDS, CONTEXT, HIDDEN, CEPSTRA))
        for tensor in train(seen, wanted @ COSINES.T):
            scale = np.abs(tensor).max() / 32_767
            out.write(struct.pack("<f", scale) + np.round(tensor.T / scale).astype("<i2").tobytes())


main()

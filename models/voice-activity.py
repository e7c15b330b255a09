#!/usr/bin/env python3
"""Trains voice-activity.bin and measures it (see voice-activity.md). Needs numpy and jax, ffmpeg, espeak-ng, and Debian's
asterisk-core-sounds-{fr,it,ru,en}-g722 and pocketsphinx-testdata. Usage: voice-activity.py OUT.bin"""
import glob, io, struct, subprocess, sys, time, wave

import jax
import jax.numpy as jnp
import numpy as np

RATE, HOP, WINDOW, POINTS, BANDS = 16_000, 160, 400, 512, 24
LENGTH = 8 * RATE
INPUTS, FIRST, SECOND, THIRD = 2 * (BANDS + 1), 48, 48, 32
FLOOR = 1e-8
SEQUENCES, STEPS, BATCH = 3_000, 3_000, 64
HZ = np.fft.rfftfreq(LENGTH, 1 / RATE)


def filters():
    """Triangles equally wide in mel, 80 to 3,900 Hz: what a telephone lets through."""
    mel, hz = lambda f: 2595 * np.log10(1 + f / 700), lambda m: 700 * (10 ** (m / 2595) - 1)
    edges = hz(np.linspace(mel(80), mel(3_900), BANDS + 2))
    at = np.arange(POINTS // 2 + 1) * RATE / POINTS
    rise = (at - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    fall = (edges[2:, None] - at) / (edges[2:] - edges[1:-1])[:, None]
    rows = np.maximum(np.minimum(rise, fall), 0)
    return (rows / rows.sum(1, keepdims=True)).astype(np.float32)


FILTERS = filters()
HANN = (0.5 - 0.5 * np.cos(2 * np.pi * (np.arange(WINDOW) + 0.5) / WINDOW)).astype(np.float32)
OWN = np.fft.irfft(np.abs(np.fft.rfft(HANN, 1024)) ** 2)
LAGS = np.arange(40, 229)
VOICE = (np.arange(POINTS // 2 + 1) * RATE / POINTS < 1_500).astype(np.float32)


def features(x):
    """For each 20 ms: twice (each 10 ms) the logarithms of the bands and how periodic the sound is, 50 numbers."""
    x = np.concatenate([np.zeros(WINDOW - HOP, np.float32), x.astype(np.float32) / 32_768])
    frames = np.lib.stride_tricks.sliding_window_view(x, WINDOW)[::HOP] * HANN
    power = (np.abs(np.fft.rfft(frames, POINTS)) ** 2).astype(np.float32)
    bands = np.log(power @ FILTERS.T + FLOOR * WINDOW)
    alike = np.fft.irfft(power * VOICE)[:, LAGS] / (np.sum(power * VOICE, 1, keepdims=True) * 2 / POINTS + 1e-9)
    periodic = np.max(alike / (OWN[LAGS] / OWN[0]) * (OWN[LAGS] / OWN[0] > 0.1), 1)
    rows = np.concatenate([bands, periodic[:, None]], 1).astype(np.float32)
    return rows[: len(rows) // 2 * 2].reshape(-1, INPUTS)


def truth(x):
    """Which 10 ms of clean sound hold speech: within 36 dB of its loud parts, gaps to 80 ms filled, blips under 30 ms not."""
    frames = x[: len(x) // HOP * HOP].reshape(-1, HOP).astype(np.float32)
    level = 10 * np.log10((frames**2).mean(1) + 1)
    said = level > max(np.percentile(level, 95) - 36, 24)
    for gap, value in [(8, True), (3, False)]:
        edges = np.flatnonzero(np.diff(np.concatenate([[not value], said == value, [not value]]).astype(int)))
        runs = np.flatnonzero(np.diff(np.concatenate([[0], (said != value).astype(int), [0]])))
        for a, b in zip(runs[::2], runs[1::2]):
            if b - a <= gap and a > 0 and b < len(said):
                said[a:b] = value
    return said


def prompts(language):
    files = sorted(f for f in glob.glob(f"/usr/share/asterisk/sounds/{language}/**/*.g722", recursive=True) if "/silence/" not in f)
    coded = b"".join(open(f, "rb").read() for f in files)
    ffmpeg = ["ffmpeg", "-loglevel", "error", "-f", "g722", "-i", "-", "-ar", str(RATE), "-f", "s16le", "-"]
    return np.frombuffer(subprocess.run(ffmpeg, input=coded, stdout=subprocess.PIPE, check=True).stdout, np.int16).astype(np.float32)


def synthetic(dice):
    """Sentences of plain words in many of espeak's voices."""
    words = {"en": "yes no please the order number is four two seven one I would like to cancel my return because it is broken thank you",
             "de": "ja nein bitte meine Bestellung ist noch nicht da ich möchte sie zurückgeben vielen Dank und auf Wiederhören",
             "es": "sí no por favor mi pedido no ha llegado quiero devolverlo muchas gracias hasta luego buenos días",
             "cmn": "我 的 订单 在 哪里 我 想 退货 好 的 谢谢 不 是 四 二 七 一", "hi": "हाँ नहीं मेरा ऑर्डर कहाँ है धन्यवाद मुझे वापस करना है",
             "ru": "да нет мой заказ ещё не пришёл я хочу вернуть спасибо до свидания", "ar": "نعم لا أين طلبي شكرا أريد إرجاعه"}
    for _ in range(160):
        language = dice.choice(list(words))
        text = " ".join(dice.choice(words[language].split(), dice.integers(4, 14)))
        kind = dice.choice(["m1", "m2", "m3", "m4", "m5", "m6", "m7", "f1", "f2", "f3", "f4", "f5"])
        args = ["espeak-ng", "-v", f"{language}+{kind}", "-p", str(dice.integers(15, 85)), "-s", str(dice.integers(120, 210)), "--stdout", text]
        heard = wave.open(io.BytesIO(subprocess.run(args, stdout=subprocess.PIPE, check=True).stdout))
        x = np.frombuffer(heard.readframes(heard.getnframes()), np.int16).astype(np.float32)
        x = np.interp(np.arange(0, len(x), 22_050 / RATE), np.arange(len(x)), x)
        yield np.concatenate([x, np.zeros(RATE // 4)])


def shaped(dice, length, gain):
    """White noise whose spectrum is multiplied by `gain` of the frequency."""
    hz = HZ if length == LENGTH else np.fft.rfftfreq(length, 1 / RATE)
    return np.fft.irfft(np.fft.rfft(dice.normal(0, 1, length)) * gain(np.maximum(hz, 20)), length)


def swell(dice, slow, fast, depth):
    points = max(int(LENGTH / RATE * dice.uniform(slow, fast)), 2)
    return 10 ** (np.interp(np.linspace(0, points - 1, LENGTH), np.arange(points), dice.uniform(-depth, 0, points)) / 20)


def coloured(dice):
    slope = dice.uniform(0, 1.1)
    return shaped(dice, LENGTH, lambda f: f**-slope) * (1 if dice.random() < 0.6 else swell(dice, 0.3, 3, 8))


def hum(dice):
    at, base = np.arange(LENGTH) / RATE, dice.choice([50, 60, 100, 120]) * dice.uniform(0.99, 1.01)
    parts = sum(np.sin(2 * np.pi * base * k * at + dice.uniform(0, 6)) * dice.uniform(0, 1) / k ** dice.uniform(0, 1.2) for k in range(1, 24))
    return parts + shaped(dice, LENGTH, lambda f: f**-0.5) * dice.uniform(0.02, 0.4) * np.std(parts)


def street(dice):
    road = shaped(dice, LENGTH, lambda f: (1 + f / dice.uniform(150, 600)) ** -1.2)
    x = road / road.std() * swell(dice, 0.3, 1, 6)
    for _ in range(dice.integers(0, 4)):
        centre, width, at = dice.uniform(0, LENGTH), dice.uniform(0.5, 2) * RATE, np.arange(LENGTH)
        low = dice.uniform(200, 900)
        car = shaped(dice, LENGTH, lambda f: np.exp(-((np.log(f / low)) ** 2)))
        x += car / car.std() * np.exp(-(((at - centre) / width) ** 2)) * dice.uniform(0.5, 3)
    for _ in range(dice.integers(0, 3)):
        start, n = dice.integers(0, LENGTH - RATE), int(dice.uniform(0.1, 0.8) * RATE)
        at, base = np.arange(n) / RATE, dice.uniform(300, 600)
        horn = sum(np.sin(2 * np.pi * base * k * r * at) / k for k in range(1, 7) for r in (1, 1.25))
        x[start : start + n] += horn * dice.uniform(0.3, 1.5)
    return x


def fan(dice):
    x = shaped(dice, LENGTH, lambda f: f**-0.6)
    for _ in range(dice.integers(1, 5)):
        centre, q = dice.uniform(100, 3_000), dice.uniform(3, 60)
        tone = shaped(dice, LENGTH, lambda f: 1 / np.sqrt(1 + (q * (f / centre - centre / f)) ** 2))
        x += tone / tone.std() * x.std() * dice.uniform(0.2, 2)
    return x


def music(dice):
    x, at = np.zeros(LENGTH), 0
    beat = int(dice.uniform(0.15, 0.7) * RATE)
    root = dice.uniform(80, 300)
    while at < LENGTH:
        n = min(int(beat * dice.integers(1, 4)), LENGTH - at)
        t = np.arange(n) / RATE
        for step in dice.choice([0, 2, 4, 5, 7, 9, 12, 14, 16, 19], dice.integers(1, 4)):
            base = root * 2 ** (step / 12)
            note = sum(np.sin(2 * np.pi * base * k * t) / k ** dice.uniform(0.7, 2) for k in range(1, 9) if base * k < 7_500)
            x[at : at + n] += note * np.exp(-t * dice.uniform(0, 5)) * dice.uniform(0.3, 1)
        if dice.random() < 0.5:
            m = min(n, RATE // 12)
            x[at : at + m] += dice.normal(0, 1, m) * np.exp(-np.arange(m) / RATE * 60) * dice.uniform(0, 2)
        at += n
    return x


def knocks(dice):
    x = shaped(dice, LENGTH, lambda f: f**-0.5) * 0.02
    for _ in range(dice.integers(5, 60)):
        n = int(dice.uniform(0.005, 0.12) * RATE)
        at = dice.integers(0, LENGTH - n)
        centre = dice.uniform(150, 4_000)
        hit = shaped(dice, n, lambda f: 1 / (1 + (2 * (f / centre - centre / f)) ** 2))
        x[at : at + n] += hit / (hit.std() + 1e-9) * np.exp(-np.arange(n) / n * dice.uniform(2, 8)) * dice.uniform(0.1, 1)
    return x


def tones(dice):
    t, x = np.arange(LENGTH) / RATE, shaped(dice, LENGTH, lambda f: f**-0.5) * 0.01
    for f in dice.choice([350, 425, 440, 480, 620, 697, 770, 852, 941, 1209, 1336, 1477, 950, 1400, 1800, 2100], dice.integers(1, 3)):
        x += np.sin(2 * np.pi * f * t)
    on = dice.uniform(0.05, 1)
    return x * ((t % (on + dice.uniform(0, 2))) < on) + shaped(dice, LENGTH, lambda f: f**-0.5) * 0.003


def wind(dice):
    x = shaped(dice, LENGTH, lambda f: (1 + (f / dice.uniform(60, 250)) ** 2) ** -1.0)
    return x / x.std() * swell(dice, 1, 6, 25)


def babble(dice, voices):
    x = np.zeros(LENGTH)
    for _ in range(dice.integers(4, 14)):
        voice = piece(dice, voices)
        x += voice / (voice.std() + 1) * dice.uniform(0.4, 1)
    return x + shaped(dice, LENGTH, lambda f: f**-0.7) * x.std() * 0.1 / 0.05 * dice.uniform(0, 0.05)


def piece(dice, voices):
    """Eight seconds of one voice, its pitch and speed moved by up to a quarter: another speaker."""
    voice, factor = voices[dice.integers(len(voices))], dice.uniform(0.8, 1.25)
    need = int(LENGTH * factor) + 2
    if len(voice) < need:
        voice = np.tile(voice, need // len(voice) + 1)
    at = dice.integers(0, len(voice) - need + 1)
    return np.interp(np.arange(LENGTH) * factor, np.arange(need), voice[at : at + need])


NOISES = [coloured, coloured, hum, street, street, fan, music, knocks, tones, wind]


def level(x, said=None):
    """Root mean square in the telephone's band, of what is said alone if that is told."""
    x = x if said is None else x[np.repeat(said, HOP)]
    return np.sqrt((x**2).mean() + 1e-3) if len(x) else 1e-3


def mu_law(x):
    size = np.clip(np.abs(x), 0, 32635) + 132
    step = 2.0 ** (np.floor(np.log2(size)) - 4)
    return np.sign(x) * (np.floor(size / step) * step + step / 2 - 132)


def telephone(x, dice):
    """Band limits of a microphone and a line; three in four lines are G.711 at 8 kHz."""
    low, narrow = dice.choice([0, 50, 100, 200, 300]), dice.random() < 0.75
    high = dice.uniform(3_300, 3_950) if narrow else 8_000
    tilt = 10 ** (dice.uniform(-3, 3) * np.log2(np.maximum(HZ, 60) / 1_000) / 20)
    spectrum = np.fft.rfft(x) * tilt / (1 + (low / np.maximum(HZ, 1)) ** 8) / (1 + np.exp(np.clip((HZ - high) / 40, -60, 60)))
    if not narrow:
        return np.clip(np.fft.irfft(spectrum, LENGTH), -32_768, 32_767)
    small = np.round(np.clip(np.fft.irfft(spectrum[: LENGTH // 4 + 1], LENGTH // 2) / 2, -32_768, 32_767))
    small = mu_law(small) if dice.random() < 0.9 else small
    wide = np.zeros(LENGTH // 2 + 1, complex)
    wide[: LENGTH // 4 + 1] = np.fft.rfft(small)
    return np.fft.irfft(wide / (1 + np.exp(np.clip((HZ - 3_950) / 20, -60, 60))), LENGTH) * 2


def call(dice, voices):
    """Eight seconds of a caller who talks now and then, with noise, over a line; and which 20 ms hold the voice."""
    voice = piece(dice, voices)
    spoken = np.ones(LENGTH)
    at = 0
    while at < LENGTH:                                   # pauses of 0.1 to 3 s
        at += int(dice.exponential(2.0) * RATE)
        pause = int(dice.uniform(0.1, 3) * RATE)
        spoken[at : at + pause] = 0
        at += pause
    soft = np.convolve(spoken, np.ones(81) / 81, "same")
    clean = voice * soft
    said = truth(voice) & (spoken.reshape(-1, HOP).mean(1) > 0.5)
    loud = 10 ** (dice.uniform(-45, -12) / 20) * 32_768
    clean *= loud / level(voice, truth(voice))
    if dice.random() < 0.08:
        clean, said = clean * 0, said & False
    snr = dice.uniform(0, 30) if dice.random() < 0.8 else dice.uniform(30, 60)
    noise = babble(dice, voices) if dice.random() < 0.3 else NOISES[dice.integers(len(NOISES))](dice)
    noise *= loud * 10 ** (-snr / 20) / level(noise)
    if dice.random() < 0.15:                             # somebody closes the window
        noise *= swell(dice, 0.3, 1, 20)
    heard = telephone(clean + noise, dice)
    return features(np.round(heard)), said.reshape(-1, 2).any(1)


def begin(key):
    def dense(key, inputs, outputs):
        return jax.random.normal(key, (inputs, outputs)) / np.sqrt(inputs), jnp.zeros(outputs)
    k = jax.random.split(key, 8)
    gru = lambda a, b, i, n: {"in": dense(a, i, 3 * n), "back": dense(b, n, 3 * n)}
    return {"first": dense(k[0], INPUTS, FIRST), "second": gru(k[1], k[2], FIRST, SECOND), "third": gru(k[3], k[4], SECOND, THIRD),
            "out": dense(k[5], THIRD, 1)}


def gru(p, xs):
    """A gated recurrent unit over (time, batch, inputs): reset, update, candidate."""
    n = p["back"][0].shape[0]
    given = xs @ p["in"][0] + p["in"][1]
    def step(h, g):
        b = h @ p["back"][0] + p["back"][1]
        r, z = jax.nn.sigmoid(g[:, :n] + b[:, :n]), jax.nn.sigmoid(g[:, n : 2 * n] + b[:, n : 2 * n])
        c = jnp.tanh(g[:, 2 * n :] + r * b[:, 2 * n :])
        h = (1 - z) * c + z * h
        return h, h
    return jax.lax.scan(step, jnp.zeros((xs.shape[1], n)), given)[1]


def score(p, xs):
    """Log-odds of speech for (batch, time, inputs)."""
    x = jnp.tanh(jnp.swapaxes(xs, 0, 1) @ p["first"][0] + p["first"][1])
    x = gru(p["third"], gru(p["second"], x))
    return jnp.swapaxes((x @ p["out"][0] + p["out"][1])[..., 0], 0, 1)


def loss(p, xs, ys):
    s = score(p, xs)[:, 10:]
    y = ys[:, 10:]
    weight = jnp.where(y, 1.0, 1.3)
    return (weight * (jnp.logaddexp(0, s) - y * s)).mean()


@jax.jit
def learn(p, m, v, t, rate, xs, ys):
    value, g = jax.value_and_grad(loss)(p, xs, ys)
    size = jnp.sqrt(sum((x**2).sum() for x in jax.tree.leaves(g)))
    g = jax.tree.map(lambda x: x / jnp.maximum(size, 1), g)
    m = jax.tree.map(lambda a, b: 0.9 * a + 0.1 * b, m, g)
    v = jax.tree.map(lambda a, b: 0.999 * a + 0.001 * b**2, v, g)
    step = lambda a, b, c: a - rate * (b / (1 - 0.9**t)) / (jnp.sqrt(c / (1 - 0.999**t)) + 1e-8)
    return jax.tree.map(step, p, m, v), m, v, value


def testers():
    """People and a voice that no training saw: Debian's English prompts, and readers of pocketsphinx-testdata."""
    yield "prompts", prompts("en_US_f_Allison")
    parts = []
    for f in sorted(glob.glob("/usr/share/pocketsphinx/test/data/**/*.wav", recursive=True)):
        parts.append(np.frombuffer(open(f, "rb").read()[44:], np.int16).astype(np.float32))
    for f in ["goforward", "something", "numbers"]:
        parts.append(np.frombuffer(open(f"/usr/share/pocketsphinx/test/data/{f}.raw", "rb").read(), np.int16).astype(np.float32))
    yield "readers", np.concatenate(parts)


def measure(run):
    dice = np.random.default_rng(99)
    crowd = [prompts(l) for l in ["fr_CA_f_June", "it_IT_m_Carlo"]]
    for name, x in testers():
        for noise in ["none", "street", "babble", "hum", "coloured"]:
            for snr in [20, 10, 5, 0] if noise != "none" else [60]:
                scores, truths = [], []
                for n in range(12):
                    at = int(len(x) / 12 * n) % max(len(x) - LENGTH // 2, 1)
                    part = x[at : at + LENGTH // 2]
                    clean = np.zeros(LENGTH)
                    clean[RATE : RATE + len(part)] = part
                    said = truth(clean)
                    clean *= 10 ** (-26 / 20) * 32_768 / level(clean, said)
                    kind = {"none": coloured, "street": street, "hum": hum, "coloured": coloured}.get(noise)
                    sound = babble(dice, crowd) if kind is None else kind(dice)
                    sound *= level(clean, said) * 10 ** (-snr / 20) / level(sound)
                    rows = features(np.round(telephone(clean + sound, dice)))
                    scores.append(run(rows)[25:])
                    truths.append(said.reshape(-1, 2).any(1)[25:])
                p, y = np.concatenate(scores), np.concatenate(truths)
                at_3 = (p[y] > np.quantile(p[~y], 0.97)).mean()
                print(f"{name:8} {noise:9} {snr:3} dB  hits {(p[y] > 0.5).mean():.3f}  false alarms {(p[~y] > 0.5).mean():.3f}"
                      f"  hits at 3 % false alarms {at_3:.3f}", flush=True)


def main():
    dice = np.random.default_rng(7)
    humans = [prompts(l) for l in ["fr_CA_f_June", "it_IT_m_Carlo", "ru_RU_f_IvrvoiceRU"]]
    machines = list(synthetic(dice))
    machines = [np.concatenate(machines[i : i + 4]) for i in range(0, len(machines), 4)]
    voices = humans * 16 + machines
    began = time.time()
    xs, ys = np.zeros((SEQUENCES, LENGTH // 320, INPUTS), np.float32), np.zeros((SEQUENCES, LENGTH // 320), bool)
    for n in range(SEQUENCES):
        xs[n], ys[n] = call(dice, voices)
    print(f"{len(xs)} calls in {time.time() - began:.0f} s, speech in {ys.mean():.2f}", flush=True)
    mean, spread = xs.mean((0, 1)), xs.std((0, 1)) + 1e-3
    xs -= mean.astype(np.float32)
    xs /= spread.astype(np.float32)
    p = begin(jax.random.key(1))
    m = jax.tree.map(jnp.zeros_like, p)
    v, total = m, 0.0
    for t in range(1, STEPS + 1):
        pick = dice.integers(0, len(xs), BATCH)
        rate = 3e-3 * min(t / 100, 1) * (0.5 + 0.5 * np.cos(np.pi * t / STEPS)) + 1e-5
        p, m, v, value = learn(p, m, v, t, rate, xs[pick], ys[pick].astype(np.float32))
        total += float(value)
        if t % 200 == 0:
            print(f"{t:5} {total / 200:.4f}  {time.time() - began:.0f} s", flush=True)
            total = 0.0
    p = jax.tree.map(np.asarray, p)
    weight, bias = p["first"]
    p["first"] = (weight / spread[:, None], bias - (mean / spread) @ weight)
    with open(sys.argv[1], "wb") as out:
        out.write(b"HLVA" + struct.pack("<5I", BANDS, INPUTS, FIRST, SECOND, THIRD))
        for weight, bias in [p["first"], p["second"]["in"], p["second"]["back"], p["third"]["in"], p["third"]["back"], p["out"]]:
            out.write(weight.T.astype("<f4").tobytes() + bias.astype("<f4").tobytes())
    one = jax.jit(lambda rows: jax.nn.sigmoid(score(p, rows[None])[0]))
    measure(lambda rows: np.asarray(one(rows)))


if __name__ == "__main__":
    main()

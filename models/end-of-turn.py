#!/usr/bin/env python3
"""Trains end-of-turn.weights and measures them (see end-of-turn.md). Needs numpy, ffmpeg, espeak-ng, and Debian's
asterisk-core-sounds-{es,fr,it,ru,en}-g722. What is measured of a pause is measured by the program itself (benches/pauses.rs).
Usage, in the project's folder: models/end-of-turn.py [FOLDER for the recordings it makes]"""
import glob, json, os, random, subprocess, sys, tempfile, wave

import numpy as np

RATE = 8_000
PROMPTS = "/usr/share/asterisk/sounds/{}*/**/*.g722"
TRAINED, TESTED = ["es", "fr", "it", "ru"], ["en"]
NAMES = ["fall", "step", "slope", "rest_200", "rest_500", "last_voiced", "unvoiced", "range"]
PENALTY = 0.01
# Sentences with a pause that is not the end, for voices made by rule: language, what comes before the comma, what after.
SAID = {
    "en": ["I ordered a lamp last week, and it has not come yet", "when I opened the parcel, one of the glasses was broken",
           "I would like to know, if I can still send it back", "my number is four one five, five five five"],
    "de": ["ich habe letzte Woche eine Lampe bestellt, und sie ist noch nicht da", "als ich das Paket geöffnet habe, war ein Glas kaputt",
           "ich wollte fragen, ob ich sie zurückschicken kann"],
    "es": ["pedí una lámpara la semana pasada, y todavía no ha llegado", "cuando abrí el paquete, un vaso estaba roto"],
    "fr": ["j'ai commandé une lampe la semaine dernière, et elle n'est pas arrivée", "quand j'ai ouvert le colis, un verre était cassé"],
    "cmn": ["我上个星期买了一盏灯，现在还没有到", "我想问一下，这个东西可以退吗", "包裹打开的时候，有一个杯子是坏的"],
}


def run(*command, given=None):
    return subprocess.run(command, input=given, capture_output=True, check=True).stdout


def narrow(*source):
    """What a phone line leaves of a recording: 8 kHz, 300 to 3,400 Hz."""
    raw = run("ffmpeg", "-v", "error", *source, "-af", "highpass=300,lowpass=3400", "-ar", str(RATE), "-ac", "1", "-f", "s16le", "-")
    return np.frombuffer(raw, np.int16)


def trimmed(pcm):
    """Without the silence at both ends."""
    if len(pcm) < RATE // 2:
        return pcm[:0]
    frames = pcm[: len(pcm) // 80 * 80].reshape(-1, 80).astype(np.float32)
    level = 10 * np.log10((frames**2).mean(1) + 1)
    loud = np.flatnonzero(level > level.max() - 35)
    return pcm[loud[0] * 80 : (loud[-1] + 1) * 80] if len(loud) else pcm[:0]


def broken_off(pcm, chance):
    """The same with a pause put into it where the voice is weakest for 40 ms, or None: a speaker who thinks between two words."""
    frames = pcm[: len(pcm) // 80 * 80].reshape(-1, 80).astype(np.float32)
    level = 10 * np.log10((frames**2).mean(1) + 1)
    middle = [i for i in range(50, len(level) - 50) if level[i : i + 4].max() < level.max() - 20]
    if not middle:
        return None
    at = chance.choice(middle) + 2
    return np.concatenate([pcm[: at * 80], np.zeros(int(RATE * chance.uniform(0.3, 1.0)), np.int16), pcm[at * 80 :]])


def recordings(folder):
    """Makes all recordings: language and kind are in their names."""
    chance = random.Random(7)

    def keep(name, pcm):
        with wave.open(f"{folder}/{name}.wav", "wb") as out:
            out.setparams((1, 2, RATE, 0, "NONE", ""))
            out.writeframes(np.concatenate([np.zeros(RATE // 2, np.int16), pcm]).astype("<i2").tobytes())

    for language in TRAINED + TESTED:
        for n, path in enumerate(sorted(glob.glob(PROMPTS.format(language), recursive=True))):
            pcm = trimmed(narrow("-f", "g722", "-i", path))
            if len(pcm) < RATE:
                continue
            keep(f"{language}-prompt-{n}", pcm)
            if (broken := broken_off(pcm, chance)) is not None:
                keep(f"{language}-broken-{n}", broken)
    for language, sentences in SAID.items():
        for n, text in enumerate(sentences):
            for voice in ["", "+f2", "+m3", "+f4"]:
                for speed in ["140", "165", "190"]:
                    wav = run("espeak-ng", "-v", language + voice, "-s", speed, "--stdout", text)
                    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
                        file.write(wav)
                        file.flush()
                        pcm = trimmed(narrow("-i", file.name))
                    if len(pcm) >= RATE:
                        keep(f"rule-{language}-{n}{voice}-{speed}", pcm)


def measured(folder):
    """Language, kind, whether it was the end, how long it was, and the measures of every pause."""
    paths = "\n".join(sorted(glob.glob(f"{folder}/*.wav")))
    lines = run("cargo", "bench", "--profile", "dev", "--bench", "pauses", given=paths.encode()).decode().splitlines()
    rows = []
    for line in map(json.loads, lines):
        language, kind = os.path.basename(line["file"]).split("-")[:2]
        rows.append((language, kind, line["ends"], line["pause_ms"], [line["measures"][name] for name in NAMES]))
    return rows


def area(score, ends):
    """The chance that an end scores higher than a pause."""
    rank = np.empty(len(score))
    rank[np.argsort(score)] = np.arange(1, len(score) + 1)
    n = ends.sum()
    return (rank[ends].sum() - n * (n + 1) / 2) / max(n * (len(ends) - n), 1)


def spread(x, mean, deviation):
    z = np.clip((x - mean) / deviation, -3, 3)
    return np.concatenate([z, z**2], 1)


def trained(x, ends, weight):
    """Logistic regression by Newton's method: mean, deviation, weights, bias."""
    mean, deviation = x.mean(0), x.std(0) + 1e-6
    z = np.c_[spread(x, mean, deviation), np.ones(len(x))]
    w, penalty = np.zeros(z.shape[1]), PENALTY * weight.sum()
    ridge = np.r_[np.full(z.shape[1] - 1, penalty), 0]
    for _ in range(30):
        p = 1 / (1 + np.exp(-z @ w))
        slope = z.T @ (weight * (p - ends)) + ridge * w
        w -= np.linalg.solve((z * (weight * p * (1 - p))[:, None]).T @ z + np.diag(ridge), slope)
    return mean, deviation, w[:-1], w[-1]


def balanced(rows):
    """Ends and pauses count alike, and so does each language."""
    key = [(row[0], row[2]) for row in rows]
    count = {k: key.count(k) for k in set(key)}
    return np.array([1 / count[k] for k in key]) * len(rows) / len(count)


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp()
    os.makedirs(folder, exist_ok=True)
    if not glob.glob(f"{folder}/*.wav"):
        recordings(folder)
    rows = measured(folder)
    x, ends = np.array([row[4] for row in rows]), np.array([row[2] for row in rows])
    odds = lambda model, x: spread(x, model[0], model[1]) @ model[2] + model[3]
    languages = sorted({row[0] for row in rows})
    learnt = [i for i, row in enumerate(rows) if row[0] not in TESTED]

    def report(name, model, where):
        for kind in sorted({rows[i][1] for i in where}) + ["all"]:
            of = [i for i in where if kind in (rows[i][1], "all")]
            print(f"{name:22} {kind:8} {len(of):5} pauses, {ends[of].sum():4} ends: area {area(odds(model, x[of]), ends[of]):.3f}")

    for left_out in [language for language in languages if language not in TESTED]:
        part = [i for i in learnt if rows[i][0] != left_out]
        model = trained(x[part], ends[part], balanced([rows[i] for i in part]))
        report(f"{left_out}, left out", model, [i for i in learnt if rows[i][0] == left_out])
    model = trained(x[learnt], ends[learnt], balanced([rows[i] for i in learnt]))
    for language in TESTED:
        where = [i for i in range(len(rows)) if rows[i][0] == language]
        report(f"{language}, never seen", model, where)
        score, weight = odds(model, x[where]), balanced([rows[i] for i in where])
        print("odds said, odds found:", end="")
        for low, high in [(-9, -1), (-1, -0.4), (-0.4, 0.4), (0.4, 1), (1, 9)]:
            of = (score >= low) & (score < high)
            found = np.log((weight * ends[where])[of].sum() / (weight * ~ends[where])[of].sum())
            print(f"  {score[of].mean():.2f} {found:.2f} ({of.sum()})", end="")
        print()
    mean, deviation, w, bias = model
    lines = [f"    [{m:.4f}, {d:.4f}, {a:.4f}, {b:.4f}], // {name}" for m, d, a, b, name in zip(mean, deviation, w, w[len(NAMES):], NAMES)]
    with open("models/end-of-turn.weights", "w") as out:
        print("([", *lines, f"], {bias:.4f})", sep="\n", file=out)


main()

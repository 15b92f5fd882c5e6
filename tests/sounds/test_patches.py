"""Patches of 3 s at 16 kHz, and the reader of WAV files that queries use."""

import io
import struct

import numpy as np
import pytest
import soundfile

from udfs import sound_patches
from udfs.sound_patches import RATE, SAMPLES, BadSound, check_format, patches, resample, starts
from udfs.sound_wav import read_wav

pytestmark = pytest.mark.unit
SUBTYPES = ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"]


def sine(hertz: float, rate: int, seconds: float = 4.0) -> np.ndarray:
    return 0.5 * np.sin(2 * np.pi * hertz * np.arange(int(seconds * rate)) / rate)


def patches_of(pcm: np.ndarray, rate: int) -> list[np.ndarray]:
    return list(patches(rate, len(pcm), lambda first, count: pcm[first : first + count]))


def wav(pcm: np.ndarray, rate: int = 16_000, subtype: str = "PCM_16", kind: str = "WAV") -> bytes:
    out = io.BytesIO()
    soundfile.write(out, pcm, rate, subtype, format=kind)
    return out.getvalue()


def test_patches_are_spread_evenly():
    assert starts(0.6) == [0.0]
    assert starts(6.1) == pytest.approx([0.021, 3.071], abs=1e-3)
    assert len(starts(3600)) == 10
    assert starts(3600)[0] == pytest.approx(178.5, abs=0.1)


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 22_050, 44_100, 44_101, 48_000, 192_000])
def test_a_tone_keeps_its_pitch_and_its_level(rate):
    (patch,) = patches_of(sine(1000, rate), rate)
    assert patch.shape == (SAMPLES,)
    assert patch.dtype == np.float32
    spectrum = np.abs(np.fft.rfft(patch * np.hanning(SAMPLES)))
    assert spectrum.argmax() * RATE / SAMPLES == pytest.approx(1000, abs=1)
    assert np.abs(patch).max() == pytest.approx(0.5, abs=0.02)


def test_what_16_khz_cannot_hold_is_filtered_out():
    assert np.abs(resample(sine(9000, 44_100), 44_100))[2000:-2000].max() < 1e-3
    assert np.abs(resample(sine(5000, 44_100), 44_100))[2000:-2000].max() > 0.49


def test_a_short_sound_is_repeated_and_a_silent_patch_left_out():
    (patch,) = patches_of(sine(440, 16_000, 1), 16_000)
    assert (patch[:16_000] == patch[16_000:32_000]).all()
    quiet = np.concatenate([np.zeros(160_000), sine(440, 16_000, 10)])
    assert len(patches_of(quiet, 16_000)) == 3
    assert patches_of(np.full(80_000, 1e-4), 16_000) == []


@pytest.mark.parametrize(
    ("rate", "channels", "frames"),
    [
        (4_000, 1, 10**5),
        (16_000, 9, 10**5),
        (16_000, 0, 10**5),
        (16_000, 1, 10),
        (16_000, 1, 10**9),
    ],
)
def test_other_formats_are_refused(rate, channels, frames):
    with pytest.raises(BadSound):
        check_format(rate, channels, frames)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_samples_that_are_no_numbers_are_refused(bad):
    with pytest.raises(BadSound, match="no numbers"):
        patches_of(np.where(np.arange(64_000) == 32_000, bad, 0.1), 16_000)


def test_integers_that_were_written_as_floats_are_refused():
    with pytest.raises(BadSound, match="samples of 16,384"):
        patches_of(sine(440, 16_000) * 32_768, 16_000)
    assert patches_of(sine(440, 16_000) * 16, 16_000)


def test_an_offset_alone_is_silence():
    assert patches_of(np.full(64_000, 0.5, np.float32), 16_000) == []


@pytest.mark.parametrize("kind", ["WAV", "WAVEX"])
@pytest.mark.parametrize("subtype", SUBTYPES)
def test_wav_files_are_read_as_by_libsndfile(subtype, kind):
    stereo = np.stack([sine(440, 16_000, 1), sine(700, 16_000, 1)], axis=1)
    content = wav(stereo, subtype=subtype, kind=kind)
    theirs, rate = soundfile.read(io.BytesIO(content), dtype="float32")
    ours = read_wav(content)
    assert (ours.rate, ours.channels, ours.frames) == (rate, 2, 16_000)
    assert np.abs(ours.read(0, 20_000) - theirs.mean(axis=1)).max() < 1e-6
    assert np.abs(ours.read(100, 50) - theirs.mean(axis=1)[100:150]).max() < 1e-6


def test_a_wav_file_that_is_cut_off_has_the_samples_that_are_there():
    assert read_wav(wav(sine(440, 16_000))[: 44 + 2 * 16_000]).frames == 16_000


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"RIFF",
        b"RIFF\0\0\0\0WAVE",
        b"OggS" + bytes(100),
        b"RIFF\0\0\0\0WAVEfmt \x02\0\0\0ab" + b"data" + bytes(100),
        b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0" + struct.pack("<HHIIHH", 1, 0, 0, 0, 0, 16)
        + b"data\xff\xff\xff\xff" + bytes(100),
        b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0" + struct.pack("<HHIIHH", 2, 1, 16_000, 0, 2, 4)
        + b"data\xff\xff\xff\xff" + bytes(100_000),
    ],
)  # fmt: skip
def test_bytes_that_are_no_wav_file_are_refused(content):
    with pytest.raises(BadSound):
        read_wav(content)


def test_only_so_many_chunks_are_read_before_the_samples():
    content = wav(sine(440, 16_000, 1))
    chunks = [content[:12] + b"note\0\0\0\0" * number + content[12:] for number in (900, 10**6)]
    assert read_wav(chunks[0]).frames == 16_000
    with pytest.raises(BadSound, match="without its format or without samples"):
        read_wav(chunks[1])


def test_random_changes_of_a_wav_file_are_read_or_refused():
    random = np.random.default_rng(0)
    original = wav(sine(440, 16_000, 1))
    for _ in range(200):
        content = bytearray(original)
        for place in random.integers(0, 60, 4):
            content[place] = random.integers(256)
        try:
            file = read_wav(bytes(content))
            list(patches(file.rate, file.frames, file.read))
        except BadSound:
            pass


def test_the_response_of_the_low_pass_falls_from_1_to_0():
    response = sound_patches._low_pass(1001)
    assert response[:850] == pytest.approx(1, abs=1e-3)
    assert response[-1] < 2e-3

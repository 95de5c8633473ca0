"""Notes, checkpoints and cosignatures as others write them, and what is believed of them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from stores.tree.checkpoints import Checkpoint, NoCheckpoint
from stores.tree.notes import Kind, NoNote, Note, NotSigned, SignerKey, VerifierKey

SPEC_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
SPEC_NOTE = (
    "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppz"
    "i2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)
"""The example of c2sp.org/signed-note."""
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotp"
    "RZb6KE6RyyBwJnAM=\n"
)
"""The example of golang.org/x/mod/sumdb/note."""
SPEC_COSIGNED = (
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcy"
    "v2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
    "— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3"
    "b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"
)
"""The example of c2sp.org/tlog-cosignature, of which no keys are published."""
WITNESSED = (
    "arche2025h1.staging.ct.transparency.dev\n1432088532\n"
    "U7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=\n\n"
    "— arche2025h1.staging.ct.transparency.dev ui8GwCF1+kWqZrxGdhj4aX3gcw7XUlXQQabg/27lefwhUkzbC"
    "3NygNI75MdhL1bfTW9g8Ei59RA23oHP7Ry1k3ZFWwQ=\n"
    "— transparency.dev/DEV:witness-little-garden 2AQqhwAAAABqEiEgzgFIqqhbUoDwjMWE6UP8nd8/KYTzwZ"
    "2rhIgcqoXHAwVkjZr4AscylP3v7sEodkRAErumC2q44vdgJY096st5BQ==\n"
    "— remora.n621.de 2net5wAAAABqEiEgPlfF3V06o0Y+fHM+J5J9s27wgxxcOVSpZ/2g/KSiXCg9DEZI+aVCIobWX9"
    "sXTynk5XeU/zZ0WBxtqB0DrAWfBw==\n"
    "— witness.stagemole.eu Z/euoAAAAABqEiEgw0i+7g2ENfDAWHmtRzCfKTHSDwYDJA2NmKeGi9Y8FtEyOUvVr+AJ"
    "mIY/2TUFucgKi7lI7cUiOvKFYe/TmN9DAg==\n"
)
"""A checkpoint of a public log of Certificate Transparency, with the lines of public witnesses."""
LOG_KEY = (
    "arche2025h1.staging.ct.transparency.dev+ba2f06c0+AU0vHmlGCS/PdN8b2OaGmKprLI8HKM+dJ472xgFYh15f"
)
WITNESS_KEYS = (
    "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2",
    "witness.stagemole.eu+67f7aea0+BEqSG3yu9YrmcM3BHvQYTxwFj3uSWakQepafafpUqklv",
    "transparency.dev/DEV:witness-little-garden+d8042a87"
    "+BCtusOxINQNUTN5Oj8HObRkh2yHf/MwYaGX4CPdiVEPM",
)
LOG = SignerKey("example.com/log", Kind.NOTE, bytes(range(32)))
WITNESS = SignerKey("example.com/witness", Kind.COSIGNATURE, bytes(range(1, 33)))
NAMES = st.text(st.characters(exclude_characters="+", exclude_categories=("Z", "C")), min_size=1)


def keys(*texts: str) -> list[VerifierKey]:
    return [VerifierKey.parse(text) for text in texts]


@pytest.mark.parametrize(("key", "whole"), [(SPEC_KEY, SPEC_NOTE), (GO_KEY, GO_NOTE)])
def test_published_notes_are_signed_by_their_published_keys(key: str, whole: str) -> None:
    (known,) = keys(key)
    note = Note.parse(whole)
    assert note.signed_by([known]) == {known: None}
    assert (str(note), str(known)) == (whole, key)


def test_a_public_logs_checkpoint_is_signed_by_it_and_cosigned_by_public_witnesses() -> None:
    note = Note.parse(WITNESSED)
    log, *witnesses = keys(LOG_KEY, *WITNESS_KEYS)
    assert note.signed_by([log]) == {log: None}
    assert note.signed_by(witnesses) == dict.fromkeys(witnesses, 0x6A122120)
    checkpoint = Checkpoint.parse(note.text)
    assert (checkpoint.origin, checkpoint.size) == (log.name, 1432088532)
    assert str(checkpoint) == note.text


def test_a_checkpoint_that_was_changed_is_signed_by_nobody() -> None:
    note = Note.parse(WITNESSED.replace("1432088532", "1432088531"))
    for key in keys(LOG_KEY, *WITNESS_KEYS):
        with pytest.raises(NotSigned):
            note.signed_by([key])


def test_the_example_of_a_cosignature_is_read_as_it_is_meant() -> None:
    note = Note.parse(SPEC_COSIGNED)
    checkpoint = Checkpoint.parse(note.text)
    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20852163)
    assert str(note) == SPEC_COSIGNED
    with pytest.raises(NotSigned):
        note.signed_by(keys(*WITNESS_KEYS, LOG_KEY))


def test_what_the_hub_signs_and_a_witness_cosigns_verifies_with_their_public_keys() -> None:
    note = Checkpoint("example.com/log", 7, bytes(32)).signed(LOG)
    both = replace(note, lines=(*note.lines, WITNESS.cosign(note.text, time=1_790_000_000)))
    read = Note.parse(str(both))
    expected = {LOG.verifier: None, WITNESS.verifier: 1_790_000_000}
    assert read.signed_by([LOG.verifier, WITNESS.verifier]) == expected
    assert VerifierKey.parse(str(WITNESS.verifier)) == WITNESS.verifier


def test_a_cosignature_is_no_signature_and_its_time_is_signed() -> None:
    note = Checkpoint("example.com/log", 7, bytes(32)).signed(LOG)
    same = SignerKey(LOG.name, Kind.COSIGNATURE, LOG.seed)
    with pytest.raises(NotSigned):
        note.signed_by([same.verifier])
    honest = WITNESS.cosign(note.text, time=1_790_000_000)
    later = WITNESS.cosign(note.text, time=1_790_000_001)
    behind_the_time = honest.rindex(" ") + 17
    line = honest[:behind_the_time] + later[behind_the_time:]
    with pytest.raises(NotSigned):
        Note(note.text, (line,)).signed_by([WITNESS.verifier])


def test_a_line_of_a_known_key_that_is_not_its_own_spoils_the_note() -> None:
    note = Checkpoint("example.com/log", 7, bytes(32)).signed(LOG)
    forged = SignerKey("example.com/log", Kind.NOTE, LOG.seed).sign("another text\n")
    with pytest.raises(NotSigned):
        Note(note.text, (*note.lines, forged)).signed_by([LOG.verifier])


@pytest.mark.parametrize(
    "whole",
    [
        "",
        "text\n",
        "text\n\n",
        "text\n\n— a Uw2QOg==",
        "text\n\n- a Uw2QOg==\n",
        "text\n\n— a+b Uw2QOg==\n",
        "text\n\n— a  Uw2QOg==\n",
        "text\n\n— a Uw2QOg\n",
        "te\txt\n\n— a Uw2QOg==\n",
        "text\n\n— a Uw2QOg==\n\u2028",
    ],
)
def test_what_is_no_note_is_refused(whole: str) -> None:
    with pytest.raises((NoNote, NotSigned)):
        Note.parse(whole).signed_by(keys(SPEC_KEY))


@for_all(st.text())
def test_whatever_is_given_is_a_note_or_refused_as_none(whole: str) -> None:
    for given in (whole, f"text\n\n— {whole}\n", f"{whole}\n\n— a Uw2QOg==\n"):
        try:
            note = Note.parse(given)
        except NoNote:
            continue
        assert str(note) == given
        with pytest.raises((NoNote, NotSigned)):
            note.signed_by(keys(SPEC_KEY))


@for_all(NAMES, st.sampled_from(Kind), st.binary(min_size=32, max_size=32))
def test_keys_are_read_as_they_are_written(name: str, kind: Kind, seed: bytes) -> None:
    key = SignerKey(name, kind, seed).verifier
    assert VerifierKey.parse(str(key)) == key


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "a+b+c",
        SPEC_KEY[:-1],
        SPEC_KEY + "=",
        SPEC_KEY.replace("530d903a", "530d903b"),
        SPEC_KEY.replace("530d903a", "530D903A"),
        SPEC_KEY.replace("example.com", "example com"),
        SPEC_KEY.replace("+AekyeRrm", "+AukyeRrm"),
    ],
)
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(NoNote):
        VerifierKey.parse(text)


ROOT = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="


@pytest.mark.parametrize(
    "text",
    [
        f"log\n1\n{ROOT}",
        f"log\n01\n{ROOT}\n",
        f"log\n-1\n{ROOT}\n",
        f"log\n٣\n{ROOT}\n",
        f"\n1\n{ROOT}\n",
        f"log\n1\n{ROOT[:-4]}\n",
        "log\n1\n",
        f"log\n1\n{ROOT}\n\n",
    ],
)
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(NoCheckpoint):
        Checkpoint.parse(text)


def test_lines_behind_the_root_are_for_others_and_are_signed_with_it() -> None:
    assert Checkpoint.parse(f"log\n1\n{ROOT}\nmore\n").size == 1

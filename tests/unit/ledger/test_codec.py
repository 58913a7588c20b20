"""The line format (docs/design/ledger.md, Line format)."""

import json
import zlib
from datetime import UTC, datetime
from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulk_onboard.ledger.codec import LineError, LineFault, checksums_fit, decode, encode, stamp
from bulk_onboard.model.entry import AnyEntry, Entry, Intent, LedgerOpened, Op, Swept, Throttled
from tests.unit.ledger.samples import story

SWEPT = b'{"at":"","entry":"swept","records":3,"seq":1,"v":1'
NO_SURROGATES = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
STRATEGIES = {str: NO_SURROGATES, int: st.integers(-(2**53), 2**53), float: st.floats(-1e9, 1e9)}

for text_of in STRATEGIES.items():
    st.register_type_strategy(*text_of)


def sealed(body: bytes) -> bytes:
    """A line, without its newline, of this body and the checksum that fits."""
    return body + b',"crc":"%08x"}' % zlib.crc32(body)


def fault_of(line: bytes) -> LineFault:
    """What `decode` says is wrong."""
    with pytest.raises(LineError) as caught:
        decode(line)
    return caught.value.fault


def test_line_is_the_documents_own_example():
    """An intent reads as docs/design/ledger.md, Line format, shows it: sorted, without blanks, the checksum last."""
    entry = Intent(
        v=1, seq=17, at="2026-01-05T10:00:00.123Z", token="abcdefgh23456777", key="K-0017",
        op=Op.CREATE, attempt=1, alias="K-0017 ~abcdefgh23456777", fingerprint="0f" * 32,
    )  # fmt: skip
    body = (
        b'{"alias":"K-0017 ~abcdefgh23456777","at":"2026-01-05T10:00:00.123Z","attempt":1,"entry":"intent",'
        b'"fingerprint":"' + b"0f" * 32 + b'","key":"K-0017","op":"create","seq":17,"token":"abcdefgh23456777","v":1'
    )

    line = encode(entry)

    assert body + b',"crc":"' + f"{zlib.crc32(body):08x}".encode() + b'"}\n' == line


def test_stamp_is_utc_in_milliseconds():
    """The journal's stamp: version, number, and the instant with three decimals and a Z."""
    now = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)

    stamped = stamp(Swept(records=3), seq=7, now=now)

    assert Swept(v=1, seq=7, at="2026-01-05T10:00:00.000Z", records=3) == stamped


@given(st.one_of([st.from_type(entry) for entry in get_args(AnyEntry)]))
def test_every_entry_comes_back(entry):
    """Whatever an entry holds, its line is ASCII, sorted, ended by the only newline in it, and reads back as it was."""
    stamped = stamp(entry, seq=1, now=datetime(2026, 1, 5, tzinfo=UTC))

    line = encode(stamped)

    assert stamped == decode(line[:-1])
    assert line.isascii()
    assert [len(line) - 1] == [place for place, byte in enumerate(line) if byte == 10]
    names = list(json.loads(line))
    assert [*sorted(names[:-1]), "crc"] == names


@pytest.mark.parametrize("text", ["é", "\u2028", "\u0085", "\x7f", "\x00", "😀", 'quote " and \\'])
def test_text_survives(text):
    """Letters beyond ASCII, line separators, control characters and quotes come back as they went."""
    stamped = stamp(Intent(token=text, op=Op.CREATE, attempt=1, alias=text, fingerprint=""), seq=1, now=_now())

    assert stamped == decode(encode(stamped)[:-1])


def test_lone_surrogate_becomes_a_question_mark():
    """Half a character, which no file may hold, does not stop the ledger."""
    stamped = stamp(LedgerOpened(tool="", job="\ud800é", auth_id="", base_url="", created=""), seq=1, now=_now())

    entry = decode(encode(stamped)[:-1])

    assert msgspec.structs.replace(stamped, job="?é") == entry


@pytest.mark.parametrize(
    "entry",
    [
        stamp(Throttled(token="t", op=Op.CREATE, wait_s=float("nan")), seq=1, now=datetime(2026, 1, 5, tzinfo=UTC)),
        stamp(Swept(records="three"), seq=1, now=datetime(2026, 1, 5, tzinfo=UTC)),
        Swept(records=3),
        stamp(Intent(token="t" * 65_536, op=Op.CREATE, attempt=1, alias="", fingerprint=""), seq=1,
              now=datetime(2026, 1, 5, tzinfo=UTC)),
    ],
    ids=["no number", "wrong type", "not stamped", "too long"],
)  # fmt: skip
def test_what_could_not_be_read_is_never_written(entry):
    """An entry whose line would be refused by the next run is refused by this one."""
    with pytest.raises(LineError):
        encode(entry)


def test_unknown_fields_are_ignored():
    """A newer tool of the same version may say more."""
    assert Swept(v=1, seq=1, records=3) == decode(sealed(SWEPT + b',"walked_s":2'))


def test_unknown_entry_is_skipped():
    """An entry of a newer tool keeps its place in the sequence and means nothing."""
    line = sealed(b'{"entry":"dreamt","of":"sheep","seq":9,"v":1')

    assert Entry(v=1, seq=9) == decode(line)


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (SWEPT + b',"crc":"00000000"}', LineFault.CHECKSUM),
        (sealed(SWEPT).upper(), LineFault.CHECKSUM),
        (sealed(SWEPT)[:-1], LineFault.CHECKSUM),
        (sealed(SWEPT) + b" ", LineFault.CHECKSUM),
        (b"", LineFault.CHECKSUM),
        (sealed(b'{"crit":true,"entry":"dreamt","seq":9,"v":1'), LineFault.CRITICAL),
        (sealed(b'{"entry":"swept","records":3,"seq":1,"v":2'), LineFault.NEWER),
        (sealed(b'{"entry":"swept","records":"three","seq":1,"v":2'), LineFault.NEWER),
        (sealed(b'{"crit":true,"entry":"dreamt","seq":9,"v":2'), LineFault.NEWER),
        (sealed(b'{"entry":"swept","records":3,"seq":1'), LineFault.MALFORMED),
        (sealed(b'{"entry":"dreamt","seq":1,"v":0'), LineFault.MALFORMED),
        (sealed(b'{"entry":"swept","records":"three","seq":1,"v":1'), LineFault.MALFORMED),
        (sealed(b'{"entry":"swept","seq":1,"v":1'), LineFault.MALFORMED),
        (sealed(b'["swept"'), LineFault.MALFORMED),
        (sealed(SWEPT + b',"x":NaN'), LineFault.MALFORMED),
        (sealed(SWEPT + b',"x":' + b"[" * 30_000 + b"]" * 30_000), LineFault.MALFORMED),
        (sealed(SWEPT + b',"x":"' + b"a" * 65_536 + b'"'), LineFault.MALFORMED),
    ],
)
def test_bad_line_says_what_is_wrong(line, fault):
    """Damage, a newer version, an entry that must not be skipped and nonsense are told apart."""
    assert fault == fault_of(line)


def test_every_flipped_bit_fails_the_checksum():
    """One wrong bit anywhere in a line is noticed, in the checksum's own digits too."""
    line = encode(stamp(story()[3], seq=4, now=_now()))[:-1]

    unnoticed = [
        bit
        for bit in range(len(line) * 8)
        if fault_of(line[: bit // 8] + bytes([line[bit // 8] ^ 1 << bit % 8]) + line[bit // 8 + 1 :])
        is not LineFault.CHECKSUM
    ]

    assert [] == unnoticed


def _now() -> datetime:
    return datetime(2026, 1, 5, 10, tzinfo=UTC)


GOOD = sealed(SWEPT)


@given(
    st.lists(
        st.sampled_from([GOOD, sealed(b""), GOOD[:-3] + b'0"}', GOOD[:-1], GOOD.upper(), b"", GOOD[-9:]]), max_size=6
    )
)
def test_many_checksums_fit_when_each_does(lines):
    """Lines compared at once fit only if each would alone, the short and the empty among them."""
    assert all(checksums_fit([line]) for line in lines) == checksums_fit(lines)


def test_checksum_in_other_digits_does_not_fit():
    """A checksum is compared byte by byte: the same number in capitals is damage."""
    capitals = GOOD[:-10] + GOOD[-10:-2].upper() + GOOD[-2:]

    assert (True, False) == (checksums_fit([GOOD]), checksums_fit([capitals]))

"""Laws of input files that change while they are read."""

import pytest

import align
from align import compressed, tensor_file
from align.errors import InputError
from benchmarks.reliability import seeds
from benchmarks.reliability.bad_files import READERS

CONTENT = {
    "vectors": seeds.TEXT[0], "a dictionary": seeds.DICTIONARY[0], "documents": seeds.JSONL[1], "documents in CSV": seeds.CSV[1],
    "a corpus": b"one\ntwo\n", "a configuration": seeds.TOML[1], "analogies": seeds.ANALOGIES, "judged pairs": seeds.SIMILARITIES,
}  # fmt: skip


@pytest.mark.parametrize("reader", CONTENT)
def test_F28_what_is_written_to_while_it_is_read_is_refused(tmp_path, monkeypatch, reader):
    name, read = READERS[reader]
    path = tmp_path / name
    path.write_bytes(CONTENT[reader])
    plain = compressed._Named.readinto

    def grow(self, buffer):
        found = plain(self, buffer)
        if path.stat().st_size == len(CONTENT[reader]):  # once, else the reader would never come to the end
            with path.open("ab") as file:
                file.write(b"\n")
        return found

    monkeypatch.setattr(compressed._Named, "readinto", grow)
    with pytest.raises(InputError, match=r"file\.changed"):
        align.read_documents(path, lang="en") if reader.startswith("documents") else read(path)


@pytest.mark.parametrize("reader", ["a space", "a pooler"])
def test_F28_a_space_or_pooler_that_is_written_to_while_it_is_read_is_refused(tmp_path, monkeypatch, reader):
    name, read = READERS[reader]
    path = tmp_path / name
    path.write_bytes(seeds.space()[1] if reader == "a space" else seeds.pooler())
    plain = tensor_file.safe_open

    def grow(*arguments, **more):
        opened = plain(*arguments, **more)
        with path.open("ab") as file:
            file.write(b"\n")
        return opened

    monkeypatch.setattr(tensor_file, "safe_open", grow)
    with pytest.raises(InputError, match=r"file\.changed"):
        read(path)

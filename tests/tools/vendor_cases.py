"""Pack recorded cases into one compressed archive that comes out the same every time.

    python tests/tools/vendor_cases.py /work/shared/conformance/functions/public tests/conformance/data/functions
    python tests/tools/vendor_cases.py /work/shared/conformance/api/public tests/conformance/data/api

Only *.json files go in, but not other projects' files (`api-manifests.json`); owners, times and modes are fixed, so that the same cases make the same bytes.
"""

import io
import lzma
import sys
import tarfile
from pathlib import Path

NOT_OURS = frozenset({"api-manifests.json"})
"""Real applications' manifests with what the API server answered: tests use them by path where they are present."""


def pack(source: Path) -> bytes:
    """Return the archive of all cases below `source` that may be shipped."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for file in sorted(path for path in source.rglob("*.json") if path.name not in NOT_OURS):
            content = file.read_bytes()
            entry = tarfile.TarInfo(file.relative_to(source).as_posix())
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return lzma.compress(plain.getvalue(), preset=9 | lzma.PRESET_EXTREME)


def main() -> None:
    source, target = Path(sys.argv[1]), Path(sys.argv[2])
    target.mkdir(parents=True, exist_ok=True)
    archive = target / f"{source.name}.tar.xz"
    archive.write_bytes(pack(source))
    print(f"{archive}: {archive.stat().st_size} bytes")


if __name__ == "__main__":
    main()

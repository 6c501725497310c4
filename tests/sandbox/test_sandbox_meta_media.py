"""What the sandbox Meta takes of files that are uploaded, and what it refuses."""

import pytest

from sandbox.meta_errors import Refused
from sandbox.meta_media import Upload, checked

PDF = Upload("a.pdf", "application/pdf", b"%PDF-1.7")
FORM = {"messaging_product": "whatsapp", "type": "application/pdf"}


def test_a_pdf_is_taken() -> None:
    assert checked(FORM, PDF) is PDF


@pytest.mark.parametrize(
    ("fields", "file", "code"),
    [
        ({**FORM, "messaging_product": "x"}, PDF, 100),
        (FORM, None, 100),
        (FORM, Upload("a.zip", "application/zip", b"PK"), 100),
        (FORM, Upload("a.png", "image/png", b"x" * (5 * (1 << 20) + 1)), 100),
        (FORM, Upload("a.pdf", "application/pdf", b"no PDF"), 131053),
        ({**FORM, "type": "text/plain"}, PDF, 131053),
        (FORM, Upload("a.txt", "text/plain", b"%PDF-1.7"), 131053),
    ],
)
def test_other_files_are_refused(fields: dict[str, str], file: Upload | None, code: int) -> None:
    with pytest.raises(Refused) as refused:
        checked(fields, file)
    assert refused.value.code == code

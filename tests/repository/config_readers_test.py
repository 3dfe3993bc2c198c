"""Every configuration key has a reader: a key that is checked and then ignored is a promise not kept."""

import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Keys whose whole effect is in the check of the file, and why.
CHECKED_ONLY = {
    "instance.expected_replicas": "advice: whether the fleet would make too many loads",
    "listen.insecure": "permission: plaintext on an open address is refused without it",
    "starrocks_tls_required": "demand: http:// in load_urls is refused with it",
}


def fields_of(text):
    """The option fields that the schema stores into."""
    return set(re.findall(r"LOADSTAR_FIELD\(([a-z0-9_.]+)\)", text))


def unread(fields, sources):
    """Fields whose member is read nowhere in `sources`, by name."""
    read = set()
    for text in sources:
        text = re.sub(r"//[^\n]*|\"(?:[^\"\\\n]|\\.)*\"", "", text)
        read.update(re.findall(r"(?:\.|->)([a-z][a-z0-9_]*)\b(?!\s*\()", text))
        # Methods of the option structs name their own members plainly.
        read.update(re.findall(r"\breturn ([a-z][a-z0-9_]*) \?", text))
    return {field for field in fields if field.rsplit(".", 1)[-1] not in read}


def schema():
    return "\n".join(path.read_text() for path in (ROOT / "config").glob("schema_*.cpp"))


def readers():
    # These turn what the file says into what the program works with.
    names = ("password.cpp", "resources.cpp", "load.cpp", "server_certificate.cpp")
    config = [ROOT / "config" / name for name in names]
    paths = [*config, *(ROOT / "core").rglob("*.?pp"), *(ROOT / "server").rglob("*.?pp")]
    return [path.read_text() for path in paths]


class ConfigReadersTest(unittest.TestCase):
    def test_every_key_is_read(self):
        fields = fields_of(schema())
        self.assertGreater(len(fields), 70)
        self.assertEqual(set(CHECKED_ONLY) - fields, set(), "no such keys")
        self.assertEqual(unread(fields, readers()), set(CHECKED_ONLY))

    def test_an_unread_key_is_found(self):
        sources = ["if (options.listen.reflection) go(); options.not_a_member();",
                   "// options.in_a_comment", 'log("options.in_a_text");']
        names = {"listen.ignored", "not_a_member", "in_a_comment", "in_a_text"}
        self.assertEqual(unread({"listen.reflection"} | names, sources), names)


if __name__ == "__main__":
    unittest.main()

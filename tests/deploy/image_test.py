"""Dockerfile and deploy/image: no engine runs in CI, so the parts are tried one by one."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(os.environ["LOADSTAR_SOURCE"])
BINARY = os.environ["LOADSTAR_BINARY"]
MAKE_ROOTFS = ROOT / "deploy/image/make-rootfs.sh"

# operations.md 1.6: what the whole image may take.
BUDGET = 60 * 1024 * 1024


def instructions(text):
    """[(INSTRUCTION, rest)] of a Dockerfile, continued lines joined."""
    joined = re.sub(r"\\\n", " ", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE))
    return [tuple(line.split(None, 1)) for line in joined.splitlines() if line.strip()]


class DockerfileTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.steps = instructions((ROOT / "Dockerfile").read_text(encoding="utf-8"))
        last = max(number for number, step in enumerate(cls.steps) if step[0] == "FROM")
        cls.build, cls.final = cls.steps[:last], cls.steps[last:]

    def test_the_build_is_on_debian_12_and_the_image_starts_from_nothing(self):
        self.assertEqual(self.build[0], ("FROM", "debian:12-slim AS build"))
        self.assertEqual(self.final[0], ("FROM", "scratch"))
        self.assertIn(("COPY", "--from=build /rootfs /"), self.final)

    def test_it_runs_the_daemon_as_nobody_in_particular(self):
        final = dict(self.final)
        self.assertEqual(final["USER"], "65532:65532")
        self.assertEqual(final["ENTRYPOINT"], '["/usr/bin/loadstar"]')
        self.assertEqual(final["CMD"], '["serve", "--config", "/etc/loadstar/loadstar.yaml"]')
        self.assertEqual(final["EXPOSE"].split(), ["7070", "7071"])
        self.assertEqual([step for step in self.final if step[0] == "RUN"], [])

    def test_what_it_copies_exists_and_is_not_ignored(self):
        ignore = (ROOT / ".dockerignore").read_text(encoding="utf-8").split("\n")
        kept = [line[1:] for line in ignore if line.startswith("!")]
        self.assertIn("*", ignore)
        for step in self.build:
            if step[0] != "COPY":
                continue
            for source in step[1].split()[:-1]:
                self.assertTrue((ROOT / source).exists(), source)
                self.assertTrue(any(source == entry or source.startswith(entry + "/") for entry in kept), source)
        for entry in kept:
            self.assertTrue((ROOT / entry).exists(), f".dockerignore keeps {entry}, which does not exist")

    def test_the_build_step_makes_the_binary_where_the_image_takes_it(self):
        taken = next(rest for name, rest in self.build if name == "RUN" and "make-rootfs.sh" in rest)
        binary = pathlib.PurePosixPath(taken.split()[1])
        self.assertEqual(str(binary.relative_to("build/release")),
                         os.path.relpath(BINARY, os.environ["LOADSTAR_BUILD"]))


class RootfsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.mkdtemp()
        cls.root = pathlib.Path(cls.directory, "rootfs")
        cls.made = subprocess.run([MAKE_ROOTFS, BINARY, cls.root], capture_output=True, text=True, timeout=120)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.directory)

    def test_the_libraries_are_those_of_the_list(self):
        self.assertEqual(self.made.returncode, 0, self.made.stderr)

    def test_another_list_is_refused_with_the_difference(self):
        with tempfile.TemporaryDirectory() as directory:
            for name in ("make-rootfs.sh", "libraries.txt"):
                shutil.copy(ROOT / "deploy/image" / name, directory)
            with open(pathlib.Path(directory, "libraries.txt"), "a", encoding="utf-8") as file:
                file.write("libsurprise.so.1\n")
            done = subprocess.run([pathlib.Path(directory, "make-rootfs.sh"), BINARY, pathlib.Path(directory, "root")],
                                  capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 1)
        self.assertIn("< libsurprise.so.1", done.stderr)

    def test_it_is_small(self):
        size = sum(file.lstat().st_size for file in self.root.rglob("*") if file.is_file() and not file.is_symlink())
        self.assertLess(size, BUDGET)

    def test_it_has_no_shell_and_no_setuid_file(self):
        names = {file.name for file in self.root.rglob("*")}
        self.assertEqual(names & {"sh", "bash", "dash", "busybox", "apt", "dpkg"}, set())
        self.assertEqual([str(file) for file in self.root.rglob("*") if file.lstat().st_mode & 0o6000], [])
        self.assertTrue((self.root / "etc/ssl/certs/ca-certificates.crt").stat().st_size > 0)
        self.assertTrue((self.root / "usr/share/zoneinfo/Europe/Berlin").is_file())

    @unittest.skipUnless(os.geteuid() == 0, "chroot needs root")
    def test_the_binary_runs_in_it_as_65532(self):
        def enter():
            os.chroot(self.root)
            os.chdir("/")
            os.setgroups([])
            os.setgid(65532)
            os.setuid(65532)

        pathlib.Path(self.directory).chmod(0o755)
        done = subprocess.run(["/usr/bin/loadstar", "version"], preexec_fn=enter, capture_output=True, text=True,
                              env={}, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("loadstar", done.stdout)


if __name__ == "__main__":
    unittest.main()

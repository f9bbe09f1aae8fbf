#!/usr/bin/env python3
"""What a packager ships: `cmake --install` puts everything in its place, wherever that is; another program is built with what pkg-config
says and nothing else, and the installed executable serves it."""

import os
import pathlib
import re
import shlex
import subprocess

import harness

BUILD = pathlib.Path(harness.EXECUTABLE).resolve().parent
WARNINGS = ("-Wall", "-Wextra", "-Werror", "-pedantic")
DOC = "share/doc/openpost"
CPLUSPLUS = """#include <openpost.h>
int main() { return openpost_status_sentence(OPENPOST_OK)[0] == 0; }
"""


def setting(name):
    """What the build was configured with."""
    return re.search(rf"^{name}:\w+=(.*)$", (BUILD / "CMakeCache.txt").read_text(), re.MULTILINE)[1]


class Installed:
    """One place; prefix is where what belongs under it lies now."""

    def __init__(self, prefix):
        self.prefix = prefix
        self.lib = next(prefix.rglob("openpost.pc")).parent.parent

    def pkg_config(self, *arguments):
        env = dict(os.environ, PKG_CONFIG_PATH=str(self.lib / "pkgconfig"))
        return subprocess.run(["pkg-config", *arguments, "openpost"], check=True, stdout=subprocess.PIPE, timeout=60, text=True,
                              env=env).stdout.strip()

    def compile(self, source, program, *options):
        """What a library with sanitizers needs of a program is the build's business, not pkg-config's."""
        sanitizers = [word for word in setting("CMAKE_C_FLAGS").split() if word.startswith("-fsanitize=")]
        command = [setting("CMAKE_C_COMPILER"), *options, *WARNINGS, str(source), "-o", str(program), *sanitizers,
                   *shlex.split(self.pkg_config("--cflags", "--libs"))]
        return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120, text=True)

    def run(self, *command):
        return subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, text=True,
                              cwd="/", env=dict(os.environ, LD_LIBRARY_PATH=str(self.lib)))


class Install(harness.Case):
    @classmethod
    def make_world(cls):
        folder = cls.world.folder
        ways = ((("--prefix", str(folder / "chosen")), {}, folder / "chosen"),
                ((), {"DESTDIR": str(folder / "staged")}, pathlib.Path(f"{folder}/staged{setting('CMAKE_INSTALL_PREFIX')}")))
        cls.places = []
        for options, env, prefix in ways:
            subprocess.run(["cmake", "--install", str(BUILD), *options], check=True, stdout=subprocess.DEVNULL, timeout=120,
                           env=dict(os.environ, **env))
            cls.places.append(Installed(prefix))

    def test_everything_is_in_its_place_and_nothing_else(self):
        for place in self.places:
            lib = place.lib.relative_to(place.prefix)
            version = place.pkg_config("--modversion")
            self.assertEqual(version, setting("CMAKE_PROJECT_VERSION"))
            expected = {"bin/openpost", "include/openpost.h", f"{lib}/libopenpost.so", f"{lib}/libopenpost.so.0",
                        f"{lib}/libopenpost.so.{version}", f"{lib}/pkgconfig/openpost.pc", f"{DOC}/LICENSE", f"{DOC}/README.md", f"{DOC}/rpc.md",
                        f"{DOC}/rpc-names.md", f"{DOC}/messages.md",
                        f"{DOC}/examples/main.c", f"{DOC}/examples/rhythm.c", f"{DOC}/examples/rpc.sh"}
            found = {str(path.relative_to(place.prefix)) for path in place.prefix.rglob("*") if not path.is_dir()}
            self.assertEqual(found, expected)

    def test_the_page_of_names_leads_to_what_is_installed_alone(self):
        for place in self.places:
            page = (place.prefix / DOC / "rpc-names.md").read_text()
            named = set(re.findall(r"[\w./-]+\.(?:md|c|h|def|py|csv|sh)\b", page))
            self.assertEqual({name for name in named if not (place.prefix / DOC / name).is_file()}, set())
            self.assertIn("rpc.md", named)

    def test_the_library_shows_what_its_header_declares_and_nothing_else(self):
        place = self.places[0]
        header = (place.prefix / "include/openpost.h").read_text()
        declared = set(re.findall(r"^(?:enum openpost_status|void|const char \*) ?\*?(openpost_\w+)\(", header, re.MULTILINE))
        shown = subprocess.run(["nm", "-D", "--defined-only", str(place.lib / "libopenpost.so")], check=True, stdout=subprocess.PIPE,
                               timeout=60, text=True).stdout
        self.assertEqual({line.split()[-1] for line in shown.splitlines()}, declared)

    def test_no_place_of_the_build_is_left_in_what_is_installed(self):
        for place in self.places:
            for name in ("bin/openpost", place.lib / "libopenpost.so"):
                dynamic = subprocess.run(["readelf", "-d", str(place.prefix / name)], check=True, stdout=subprocess.PIPE, timeout=60,
                                         text=True).stdout
                self.assertNotRegex(dynamic, "R(UN)?PATH")
            pc = (place.lib / "pkgconfig/openpost.pc").read_text()
            for absolute in (str(harness.ROOT), str(BUILD), setting("CMAKE_INSTALL_PREFIX")):
                self.assertNotIn(absolute, pc)

    def test_a_program_in_cplusplus_links(self):
        source = self.world.folder / "program.cc"
        source.write_text(CPLUSPLUS)
        for number, place in enumerate(self.places):
            program = self.world.folder / f"cplusplus-{number}"
            made = place.compile(source, program, "-x", "c++", "-std=c++11")
            self.assertEqual((made.returncode, made.stdout), (0, ""))
            done = place.run(program)
            self.assertEqual((done.returncode, done.stdout), (0, ""))

    def test_the_installed_executable_serves_the_installed_example(self):
        for number, place in enumerate(self.places):
            openpost = place.prefix / "bin/openpost"
            told = place.run(openpost, "--help")
            self.assertEqual(told.returncode, 0, told.stdout)
            self.assertIn("serve", told.stdout)
            program = self.world.folder / f"example-{number}"
            made = place.compile(place.prefix / DOC / "examples/main.c", program, "-std=c17")
            self.assertEqual((made.returncode, made.stdout), (0, ""))
            port = harness.free_port()
            service = harness.Serve(self.world, self.world.data(f"data-{number}"), options=("--rpc", f"127.0.0.1:{port}"),
                                    name=f"serve-{number}")
            service.process.argv[0], service.process.cwd = str(openpost), "/"
            service.start()
            for command in ((program,), (place.prefix / DOC / "examples/rpc.sh",)):
                done = place.run(*command, f"tcp://127.0.0.1:{port}", service.data.key)
                self.assertEqual(done.returncode, 0, done.stdout)
                self.assertIn("post_", done.stdout)
            integration = service.api.connect()
            service.api.wait_post(service.api.publish("from where it is installed", integration), "published")
            service.stop()


if __name__ == "__main__":
    harness.main()

"""Makes .venv and installs what Segue needs, once for each change of the requirements. `make` calls it; it needs nothing but Python.

Written so that an old Python can read it too, and says plainly that it is too old.
"""

from __future__ import print_function

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
VENV = os.path.join(HERE, ".venv")
PYTHON = os.path.join(VENV, "bin", "python")
OLDEST = (3, 11)
BEGAN = time.time()


def main():
    check_platform()
    with_dev = "--dev" in sys.argv[1:]
    wanted = "requirements-dev.txt" if with_dev else "requirements.txt"
    if installed(wanted):
        return
    uv = shutil.which("uv")
    if not usable_venv():
        say("Making .venv with Python %s..." % platform.python_version())
        make_venv(uv)
    count = packages(wanted)
    say("Installing %d packages with %s..." % (count, "uv" if uv else "pip"))
    install(uv, wanted, count)
    for name in ("requirements.txt", wanted):  # the larger file holds all of the smaller one
        with open(stamp(name), "w") as file:
            file.write(fingerprint(name))
    say("Installed.")


def packages(name):
    with open(os.path.join(HERE, name)) as file:
        return sum(1 for line in file if "==" in line and not line.startswith((" ", "#")))


def check_platform():
    if sys.version_info[:2] < OLDEST:
        newer = [name for name in ("python3.14", "python3.13", "python3.12", "python3.11") if found(name)]
        give_up(
            "Segue needs Python %d.%d or newer, and this is %s. %s"
            % (
                OLDEST[0],
                OLDEST[1],
                platform.python_version(),
                "Use make PYTHON=%s" % newer[0] if newer else "Install a newer one, then say which: make PYTHON=python3.12",
            )
        )
    if sys.platform not in ("linux", "darwin"):
        give_up("Segue runs on Linux and macOS, and this is %s. On Windows, use WSL." % (platform.system() or sys.platform))
    if sys.platform == "linux":
        name, version = platform.libc_ver()
        if name != "glibc":
            give_up("Segue needs a Linux with glibc, and this one has another C library (musl, as in Alpine?). Debian and Fedora have it.")
        if tuple(int(part) for part in version.split(".")[:2]) < (2, 28):
            give_up("Segue needs glibc 2.28 or newer (Debian 10, RHEL 8), and this is %s." % version)


def found(name):
    return any(os.access(os.path.join(folder, name), os.X_OK) for folder in os.environ.get("PATH", "").split(os.pathsep))


def usable_venv():
    """One whose Python is gone (after an upgrade, or in a moved folder) or that was cut off half-made is made anew."""
    ask = "import pip, sys; sys.exit(sys.version_info[:2] < %r or sys.prefix != %r)" % (OLDEST, VENV)
    try:
        return subprocess.call([PYTHON, "-c", ask], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0
    except OSError:
        return False


def make_venv(uv):
    shutil.rmtree(VENV, ignore_errors=True)
    command = [uv, "venv", "--quiet", "--seed", "--python", sys.executable] if uv else [sys.executable, "-m", "venv"]
    done = subprocess.run(command + [VENV], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True)
    if done.returncode:
        shutil.rmtree(VENV, ignore_errors=True)
        if "ensurepip" in done.stdout:
            give_up("This Python has no venv module. Install it first: apt-get install python3-venv")
        give_up("The folder .venv could not be made:\n%s" % done.stdout.strip())


def install(uv, wanted, count):
    command = [PYTHON, "-m", "pip", "install", "--disable-pip-version-check", "--progress-bar", "off"]
    if uv:
        command = [uv, "pip", "install", "--python", PYTHON, "--compile-bytecode", "--link-mode", "copy"]
    command += ["--require-hashes", "--only-binary", ":all:", "-r", os.path.join(HERE, wanted)]
    process = subprocess.Popen(command, cwd=HERE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True)
    lines, seen, told = [], 0, time.time()
    try:
        for line in process.stdout:
            lines.append(line.rstrip())
            seen += line.startswith("Collecting ")
            if time.time() - told > 3:
                told = time.time()
                say("  writing them to .venv..." if line.startswith("Installing ") else "  %d of %d fetched..." % (min(seen, count), count))
    except KeyboardInterrupt:
        process.wait()
        give_up("Stopped. The next run begins where this one was.")
    if process.wait():
        print("\n".join(lines[-15:]), file=sys.stderr)
        give_up("The packages could not be installed; the lines above say why. Without a network, PIP_INDEX_URL can name a mirror.")


def installed(name):
    try:
        with open(stamp(name)) as file:
            return file.read() == fingerprint(name) and os.path.exists(PYTHON)
    except (IOError, OSError):
        return False


def stamp(name):
    return os.path.join(VENV, "installed-" + name)


def fingerprint(name):
    with open(os.path.join(HERE, name), "rb") as file:
        return hashlib.sha256(file.read()).hexdigest() + " " + VENV


def say(line):
    print("[%5.1f s] %s" % (time.time() - BEGAN, line))
    sys.stdout.flush()


def give_up(sentence):
    sys.exit(sentence)


if __name__ == "__main__":
    main()

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
SAFELY = ["--require-hashes", "--only-binary", ":all:", "-r"]


def main():
    check_platform()
    with_dev = "--dev" in sys.argv[1:]
    wanted = "requirements-dev.txt" if with_dev else "requirements.txt"
    if installed(wanted):
        return
    uv = shutil.which("uv")
    if not (uv and install_with_uv(uv, wanted)):
        install_with_pip(wanted)
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


def install_with_uv(uv, wanted):
    """Quicker. It may not know a company's certificates or mirror where pip does, so a failure is not the end."""
    if not usable_venv("sys"):
        say("Making .venv with Python %s..." % platform.python_version())
        shutil.rmtree(VENV, ignore_errors=True)
        if run([uv, "venv", "--quiet", "--python", sys.executable, VENV]).returncode:
            return False
    say("Installing %d packages with uv..." % packages(wanted))
    command = [uv, "pip", "install", "--quiet", "--python", PYTHON, "--compile-bytecode"]
    if run(command + SAFELY + [os.path.join(HERE, wanted)]).returncode:
        say("uv cannot install them here; trying pip.")
        return False
    return True


def install_with_pip(wanted):
    if not usable_venv("pip"):
        say("Making .venv with Python %s..." % platform.python_version())
        shutil.rmtree(VENV, ignore_errors=True)
        done = run([sys.executable, "-m", "venv", VENV])
        if done.returncode:
            shutil.rmtree(VENV, ignore_errors=True)
            if "ensurepip" in done.stdout:
                give_up("This Python cannot make virtual environments. Install what it lacks: apt-get install python3-venv")
            give_up("The folder .venv could not be made:\n%s" % done.stdout.strip())
    count = packages(wanted)
    say("Installing %d packages with pip..." % count)
    command = [PYTHON, "-m", "pip", "install", "--disable-pip-version-check", "--progress-bar", "off"]
    process = start(command + SAFELY + [os.path.join(HERE, wanted)])
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


def usable_venv(module):
    """One whose Python is gone (after an upgrade, or in a moved folder) or that was cut off half-made is made anew."""
    ask = "import %s, sys; sys.exit(sys.version_info[:2] < %r or sys.prefix != %r)" % (module, OLDEST, VENV)
    try:
        return run([PYTHON, "-c", ask]).returncode == 0
    except OSError:
        return False


def run(command):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True)


def start(command):
    return subprocess.Popen(command, cwd=HERE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True)


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

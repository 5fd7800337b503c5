"""A filter of system calls for the jail: what one thread that computes needs, and nothing else.

Left out, among others: sockets to anywhere, new processes and threads, mounts, namespaces, signals to others, ptrace, keys, bpf, io_uring,
memory without a file. What is left out fails with EPERM, as if it were not allowed to the user.
"""

import platform
import struct

_ARCHITECTURES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}
_LOAD, _EQUALS, _RETURN = 0x20, 0x15, 0x06
_ALLOW, _REFUSE, _KILL = 0x7FFF0000, 0x00050001, 0x80000000
# By the kernel's headers: asm/unistd_64.h, asm-generic/unistd.h.
_CALLS: dict[str, tuple[int, int | None]] = {
    "read": (0, 63), "write": (1, 64), "readv": (19, 65), "writev": (20, 66), "pread64": (17, 67),
    "pwrite64": (18, 68), "open": (2, None), "openat": (257, 56), "close": (3, 57), "close_range": (436, 436),
    "stat": (4, None), "fstat": (5, 80), "lstat": (6, None), "newfstatat": (262, 79), "statx": (332, 291),
    "poll": (7, None), "ppoll": (271, 73), "lseek": (8, 62), "mmap": (9, 222), "mprotect": (10, 226),
    "munmap": (11, 215), "brk": (12, 214), "mremap": (25, 216), "madvise": (28, 233), "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135), "rt_sigreturn": (15, 139), "sigaltstack": (131, 132), "ioctl": (16, 29),
    "access": (21, None), "faccessat": (269, 48), "faccessat2": (439, 439), "pipe": (22, None), "pipe2": (293, 59),
    "select": (23, None), "pselect6": (270, 72), "sched_yield": (24, 124), "dup": (32, 23), "dup2": (33, None),
    "dup3": (292, 24), "nanosleep": (35, 101), "clock_nanosleep": (230, 115), "getpid": (39, 172),
    "getppid": (110, 173), "gettid": (186, 178), "uname": (63, 160), "fcntl": (72, 25), "ftruncate": (77, 46),
    "fsync": (74, 82), "getdents64": (217, 61), "getcwd": (79, 17), "chdir": (80, 49), "fchdir": (81, 50),
    "rename": (82, None), "renameat": (264, 38), "renameat2": (316, 276), "mkdir": (83, None), "mkdirat": (258, 34),
    "rmdir": (84, None), "unlink": (87, None), "unlinkat": (263, 35), "readlink": (89, None),
    "readlinkat": (267, 78), "umask": (95, 166), "gettimeofday": (96, 169), "getrlimit": (97, 163),
    "setrlimit": (160, 164), "prlimit64": (302, 261), "getrusage": (98, 165), "sysinfo": (99, 179),
    "times": (100, 153), "getuid": (102, 174), "getgid": (104, 176), "geteuid": (107, 175), "getegid": (108, 177),
    "getpgrp": (111, None), "arch_prctl": (158, None), "futex": (202, 98), "sched_getaffinity": (204, 123),
    "set_tid_address": (218, 96), "set_robust_list": (273, 99), "rseq": (334, 293), "clock_gettime": (228, 113),
    "clock_getres": (229, 114), "exit": (60, 93), "exit_group": (231, 94), "tgkill": (234, 131),
    "getrandom": (318, 278), "execve": (59, 221), "restart_syscall": (219, 128), "fadvise64": (221, 223),
    "utimensat": (280, 88), "statfs": (137, 43), "fstatfs": (138, 44), "getcpu": (309, 168),
    "membarrier": (324, 283), "wait4": (61, 260), "time": (201, None),
    # Pairs of sockets that know only each other, and waiting on them: asyncio's loop. No call makes another kind of socket.
    "socketpair": (53, 199), "sendto": (44, 206), "recvfrom": (45, 207), "shutdown": (48, 210),
    "epoll_create1": (291, 20), "epoll_ctl": (233, 21), "epoll_wait": (232, None), "epoll_pwait": (281, 22),
    "eventfd2": (290, 19),
}  # fmt: skip


def supported() -> bool:
    """Whether the calls of this machine are known."""
    return platform.machine() in _ARCHITECTURES


def program() -> bytes:
    """The filter in the kernel's form: an array of sock_filter."""
    architecture, column = _ARCHITECTURES[platform.machine()]
    numbers = [number for pair in _CALLS.values() if (number := pair[column]) is not None]

    def step(code: int, value: int, if_so: int = 0, if_not: int = 0) -> bytes:
        return struct.pack("=HBBI", code, if_so, if_not, value)

    steps = [step(_LOAD, 4), step(_EQUALS, architecture, 1, 0), step(_RETURN, _KILL), step(_LOAD, 0)]
    for number in numbers:
        steps += [step(_EQUALS, number, 0, 1), step(_RETURN, _ALLOW)]
    return b"".join([*steps, step(_RETURN, _REFUSE)])

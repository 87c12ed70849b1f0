# SPDX-License-Identifier: Apache-2.0
"""System calls made by another process: what it can do is asked of itself, not of its configuration.

ptrace(2) stops it where it waits in a system call, and puts another one in its place. x86-64 only.
"""
import ctypes
import errno
import os
import platform
import signal

ATTACH, DETACH, GETREGS, SETREGS, SINGLESTEP = 16, 17, 12, 13, 9
WALL = 0x40000000
CAP_SYS_PTRACE = 19
RED_ZONE, ROOM = 128, 8192
SYSCALL = b"\x0f\x05"
NAMES = ("r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip cs eflags rsp ss fs_base gs_base "
         "ds es fs gs").split()


class Registers(ctypes.Structure):
    _fields_ = [(name, ctypes.c_ulonglong) for name in NAMES]


libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long


def why_not():
    """Why it cannot be done here; "" when it can."""
    if platform.machine() != "x86_64":
        return f"system calls are put into processes of x86-64 only, and this is {platform.machine()}"
    with open("/proc/self/status", encoding="ascii") as file:
        rights = next(int(line.split()[1], 16) for line in file if line.startswith("CapEff:"))
    if not rights >> CAP_SYS_PTRACE & 1:
        return "only root, with CAP_SYS_PTRACE, may trace a process that has changed its user"
    return ""


def ptrace(request, pid, data=None):
    if libc.ptrace(request, pid, None, data) < 0:
        raise OSError(ctypes.get_errno(), f"ptrace {request}: {os.strerror(ctypes.get_errno())}")


class Injected:
    """With an idle process: call(number, ...) gives what the call returns there, -errno when it fails."""

    def __init__(self, pid):
        self.pid = pid

    def __enter__(self):
        ptrace(ATTACH, self.pid)
        os.waitpid(self.pid, WALL)
        self.before = Registers()
        ptrace(GETREGS, self.pid, ctypes.byref(self.before))
        self.memory = open(f"/proc/{self.pid}/mem", "r+b", buffering=0)  # pylint: disable=consider-using-with
        self.memory.seek(self.before.rip - len(SYSCALL))
        assert self.memory.read(len(SYSCALL)) == SYSCALL, "it does not wait in a system call"
        return self

    def __exit__(self, *_):
        ptrace(SETREGS, self.pid, ctypes.byref(self.before))
        self.memory.close()
        ptrace(DETACH, self.pid)

    def call(self, number, *arguments):
        """Numbers, and bytes, which are put beneath its stack."""
        registers = Registers.from_buffer_copy(self.before)
        place = registers.rsp - RED_ZONE - ROOM
        for name, value in zip(("rdi", "rsi", "rdx", "r10", "r8", "r9"), arguments):
            if isinstance(value, bytes):
                self.memory.seek(place)
                self.memory.write(value + b"\0")
                value, place = place, place + len(value) + 16
            setattr(registers, name, value & (1 << 64) - 1)
        registers.rip -= len(SYSCALL)
        registers.rax = number
        registers.orig_rax = (1 << 64) - 1  # not a call to be restarted
        ptrace(SETREGS, self.pid, ctypes.byref(registers))
        ptrace(SINGLESTEP, self.pid)
        _, status = os.waitpid(self.pid, WALL)
        assert os.WIFSTOPPED(status) and os.WSTOPSIG(status) == signal.SIGTRAP, f"call {number} ended it: {status:x}"
        ptrace(GETREGS, self.pid, ctypes.byref(registers))
        return ctypes.c_longlong(registers.rax).value


def outcome(value):
    return errno.errorcode.get(-value, str(value)) if value < 0 else "done"

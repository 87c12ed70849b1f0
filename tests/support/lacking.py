# SPDX-License-Identifier: Apache-2.0
"""lacking.py landlock|seccomp PROGRAM ARGUMENT...: runs it as on a kernel that has no such thing.

The calls fail as they do there: by a seccomp filter, which the program and all that it starts inherit. x86-64.
"""
import ctypes
import errno
import os
import sys

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, FILTER = 38, 22, 2
LANDLOCK_CREATE_RULESET, SECCOMP, PRCTL = 444, 317, 157
LOAD, EQUAL, RETURN = 0x20, 0x15, 0x06           # BPF: a word of seccomp_data; comparison; the end
NUMBER, FIRST_ARGUMENT = 0, 16                   # in seccomp_data
ALLOW, FAIL = 0x7FFF0000, 0x00050000             # SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO

NO_LANDLOCK = [(LOAD, 0, 0, NUMBER), (EQUAL, 0, 1, LANDLOCK_CREATE_RULESET), (RETURN, 0, 0, FAIL | errno.ENOSYS),
               (RETURN, 0, 0, ALLOW)]
NO_SECCOMP = [(LOAD, 0, 0, NUMBER), (EQUAL, 0, 1, SECCOMP), (RETURN, 0, 0, FAIL | errno.ENOSYS), (EQUAL, 0, 3, PRCTL),
              (LOAD, 0, 0, FIRST_ARGUMENT), (EQUAL, 0, 1, PR_SET_SECCOMP), (RETURN, 0, 0, FAIL | errno.EINVAL),
              (RETURN, 0, 0, ALLOW)]


class Instruction(ctypes.Structure):
    _fields_ = [("code", ctypes.c_uint16), ("jt", ctypes.c_uint8), ("jf", ctypes.c_uint8), ("k", ctypes.c_uint32)]


class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_uint16), ("instructions", ctypes.POINTER(Instruction))]


def wrapper(what):
    """What to put before a command."""
    return [sys.executable, os.path.abspath(__file__), what]


def main():
    written = {"landlock": NO_LANDLOCK, "seccomp": NO_SECCOMP}[sys.argv[1]]
    libc = ctypes.CDLL(None, use_errno=True)
    if os.geteuid() != 0 and libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        sys.exit("no_new_privs: " + os.strerror(ctypes.get_errno()))
    program = Program(len(written), (Instruction * len(written))(*(Instruction(*one) for one in written)))
    if libc.prctl(PR_SET_SECCOMP, FILTER, ctypes.byref(program), 0, 0) != 0:
        sys.exit("seccomp: " + os.strerror(ctypes.get_errno()))
    os.execvp(sys.argv[2], sys.argv[2:])


if __name__ == "__main__":
    main()

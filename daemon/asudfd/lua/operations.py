"""Numbers of the operations of Lua 5.4 (`lopcodes.h`), which are the low seven bits of an instruction."""

OPERATION = 0x7F
"""The bits of the operation."""

LOADK, LOADFALSE, LFALSESKIP, GETUPVAL, SETTABUP, SETTABLE = 3, 5, 6, 9, 15, 16
ADDI, SHR, JMP, EQ, TESTSET, CALL, TAILCALL, RETURN, RETURN1 = 21, 45, 56, 57, 67, 68, 69, 70, 72
FORLOOP, FORPREP, TFORPREP, TFORCALL, TFORLOOP, SETLIST, VARARGPREP, EXTRAARG = 73, 74, 75, 76, 77, 78, 81, 82

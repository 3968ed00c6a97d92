"""A secret permutation of the texts of one shape: no two become one, and none stays as it is. Pure.

Format-preserving encryption in the manner of NIST SP 800-38G: a text is a number in a mixed radix, and the number goes
through a keyed Feistel network, again and again until it is one of the shape (cycle walking). It is not the standard's
FF1, and need not be: nobody ever decrypts with it, and the key is thrown away.
"""

from collections.abc import Sequence
from hashlib import blake2b, shake_256
from math import prod

_ROUNDS = 8


def permuted(digits: Sequence[int], radixes: Sequence[int], key: bytes, tweak: bytes) -> list[int]:
    """Return the digits that take the place of `digits`; never the same ones where there are others.

    Args:
        digits: each below its radix.
        radixes: of each digit.
        key: secret.
        tweak: the shape; each has a permutation of its own.
    """
    count = prod(radixes)
    if count < 2:
        return list(digits)
    number = 0
    for digit, radix in zip(digits, radixes, strict=True):
        number = number * radix + digit
    network = _Network(count, key, tweak)
    # Seen through the network, everybody moves on by one: so nobody stays.
    number = network.backward((network.forward(number) + 1) % count)
    found: list[int] = []
    for radix in reversed(radixes):
        number, digit = divmod(number, radix)
        found.append(digit)
    return found[::-1]


class _Network:
    """A permutation of the numbers below `count`: each half is mixed into the other in turn."""

    def __init__(self, count: int, key: bytes, tweak: bytes) -> None:
        self._count = count
        bits = (count - 1).bit_length()
        self._low = bits // 2
        self._masks = ((1 << self._low) - 1, (1 << (bits - self._low)) - 1)
        self._size = (bits - self._low + 7) // 8
        self._seeded = tuple(blake2b(b"%d:" % turn + tweak, key=key, digest_size=64) for turn in range(_ROUNDS))

    def forward(self, number: int) -> int:
        return self._walk(number, range(_ROUNDS))

    def backward(self, number: int) -> int:
        return self._walk(number, range(_ROUNDS - 1, -1, -1))

    def _walk(self, number: int, turns: range) -> int:
        low_mask, high_mask = self._masks
        while True:
            low, high = number & low_mask, number >> self._low
            for turn in turns:
                if turn % 2:
                    high ^= self._mixed(turn, low) & high_mask
                else:
                    low ^= self._mixed(turn, high) & low_mask
            number = high << self._low | low
            if number < self._count:
                return number

    def _mixed(self, turn: int, half: int) -> int:
        mixing = self._seeded[turn].copy()
        mixing.update(half.to_bytes(self._size, "big"))
        mixed = mixing.digest()
        return int.from_bytes(mixed if self._size <= len(mixed) else _stretched(mixed, self._size), "big")


def _stretched(seed: bytes, size: int) -> bytes:
    return shake_256(seed).digest(size)

# SPDX-License-Identifier: Apache-2.0
"""Programs of Debian, and all that they need in a guest that has nothing. Files have the same path there as here."""

import functools
import itertools
import pathlib
import random
import re
import subprocess

from lab import errors
from lab import locked
from lab import paths

REDIS = pathlib.Path('/usr/bin/redis-server')
LIBLINEAR = pathlib.Path('/usr/bin/liblinear-train')
# Sizes let it read for some 20 s and train for as long in an emulated guest, with 64 MiB.
EXAMPLES = 56000
FEATURES = 512 << 10
# Features of an example are as many draws, of which popular ones are often the same.
DRAWS = 72
SPARSE = paths.REPO / 'build' / 'bench' / f'sparse-{EXAMPLES}-{FEATURES}-{DRAWS}.svm'


class Unavailable(errors.LabError):
    """This machine does not have the program."""


@functools.cache
def redis() -> tuple[pathlib.Path, ...]:
    return _linked(REDIS)


@functools.cache
def liblinear() -> tuple[pathlib.Path, ...]:
    return *_linked(LIBLINEAR), _sparse()


def _linked(program: pathlib.Path) -> tuple[pathlib.Path, ...]:
    """A program, its libraries and what loads them."""
    if not program.is_file():
        raise Unavailable(f'no {program}: run tests/bench/install')
    listed = subprocess.run(['ldd', program], capture_output=True, text=True, check=True).stdout
    return program, *(pathlib.Path(path) for path in re.findall(r'(/\S+) \(0x', listed))


def _sparse() -> pathlib.Path:
    """Made-up training data, in LIBSVM's format. As in a text's vocabulary, features are numbered by popularity."""
    with locked.lock(SPARSE.with_suffix('.lock')):
        if not SPARSE.is_file():
            chance = random.Random(1)
            true = [chance.gauss(0, 1) for _ in range(FEATURES)]
            popularity = list(itertools.accumulate((rank + 1) ** -0.9 for rank in range(FEATURES)))
            scratch = SPARSE.with_suffix('.new')
            with open(scratch, 'w', encoding='ascii') as file:
                for _ in range(EXAMPLES):
                    features = sorted(set(chance.choices(range(FEATURES), cum_weights=popularity, k=DRAWS)))
                    label = 1 if sum(true[feature] for feature in features) > 0 else -1
                    file.write(' '.join([f'{label:+}', *(f'{feature + 1}:1' for feature in features)]) + '\n')
            scratch.rename(SPARSE)
    return SPARSE

# SPDX-License-Identifier: Apache-2.0
"""hypertier-flavor: writes flavors with memory tiers that fit together, and says what is wrong with others."""

import argparse
import shlex
import sys
import typing as ty

from keystoneauth1 import exceptions as auth_exceptions
import openstack
from openstack import exceptions

from hypertier_nova import flavor
from hypertier_nova import keys

_WRONG = 1
# argparse's own.
_USAGE = 2
_CLOUD = 3


def _ratio(text: str) -> float:
    value = float(text)
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f'{text} is not between 0 and 1; write the share of RAM that is fast memory')
    return value


def _positive(text: str) -> int:
    value = int(text)
    if value <= 0:
        raise argparse.ArgumentTypeError(f'{text} is not a positive number')
    return value


def _option(key: keys.Key) -> str:
    return '--' + key.name.replace('_', '-')


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog='hypertier-flavor', description=__doc__.split(': ', 1)[1],
        epilog='Credentials come from clouds.yaml and OS_* variables, as for the openstack command. Exit codes: 0 done '
               'and nothing wrong; 1 a flavor is wrong; 2 wrong command line; 3 the cloud does not answer, or refuses.')
    top.add_argument('--os-cloud', metavar='NAME', help='cloud in clouds.yaml')
    commands = top.add_subparsers(dest='command', required=True)

    create = commands.add_parser('create', help='make a flavor with memory tiers')
    create.add_argument('name')
    create.add_argument('--vcpus', type=_positive, required=True)
    create.add_argument('--ram', type=_positive, required=True, metavar='MIB', help='both tiers together')
    create.add_argument('--disk', type=int, default=0, metavar='GB')
    create.add_argument('--id')
    create.add_argument('--private', action='store_true', help='only for projects that are given access')
    fast = create.add_mutually_exclusive_group(required=True)
    fast.add_argument('--fmem-ratio', type=_ratio, metavar='SHARE',
                      help='guaranteed fast memory as a share of the RAM, rounded down to 2 MiB')
    fast.add_argument('--fmem-mb', type=_positive, metavar='MIB', help='guaranteed fast memory')
    for key in keys.KEYS:
        create.add_argument(_option(key), metavar=key.name.split('_')[-1].upper(), help=key.help.replace('%', '%%'),
                            default='auto' if key.name == 'policy' else None, choices=key.enum or None)
    create.add_argument('--dry-run', action='store_true', help='print the openstack commands that would do it')

    check = commands.add_parser('check', help='say what is wrong with flavors')
    which = check.add_mutually_exclusive_group(required=True)
    which.add_argument('name', nargs='?', help='name or ID')
    which.add_argument('--all', action='store_true', help='all flavors, private ones included')
    return top


def extra_specs(args: argparse.Namespace) -> ty.Dict[str, str]:
    """What create's arguments come to. Raises flavor.FlavorError."""
    fmem = args.fmem_mb if args.fmem_mb is not None else int(args.ram * args.fmem_ratio) // 2 * 2
    claims = {'fmem': fmem, 'smem': args.ram - fmem}
    specs = {**{flavor.claim_key(tier): str(claim) for tier, claim in claims.items()}, flavor.TRAIT: 'required'}
    for key in keys.KEYS:
        value = getattr(args, key.name)
        if value is not None:
            specs[key.full_name] = value
    if args.policy == 'none':
        raise flavor.FlavorError(args.name, ['hypertier:policy=none: such a flavor has no tiers; make it with '
                                             '`openstack flavor create`, and set that property'])
    problems = flavor.check(args.name, args.ram, specs)
    if problems:
        raise flavor.FlavorError(args.name, problems)
    return specs


def _print_commands(args: argparse.Namespace, specs: ty.Mapping[str, str]) -> None:
    made = ['openstack', 'flavor', 'create']
    made += ['--vcpus', str(args.vcpus), '--ram', str(args.ram), '--disk', str(args.disk)]
    made += (['--id', args.id] if args.id else []) + (['--private'] if args.private else []) + [args.name]
    # Below 2.86, and the client's default is 2.1, nova takes any key and any value.
    said = ['openstack', '--os-compute-api-version', '2.86', 'flavor', 'set']
    for name, value in specs.items():
        said += ['--property', f'{name}={value}']
    print(shlex.join(made))
    print(shlex.join(said + [args.name]))


def _create(args: argparse.Namespace) -> int:
    specs = extra_specs(args)
    if args.dry_run:
        _print_commands(args, specs)
        return 0
    compute = openstack.connect(cloud=args.os_cloud).compute
    attributes = {'id': args.id} if args.id else {}
    made = compute.create_flavor(name=args.name, vcpus=args.vcpus, ram=args.ram, disk=args.disk,
                                 is_public=not args.private, **attributes)
    try:
        compute.create_flavor_extra_specs(made, specs)
    except Exception:
        # Without them it would sell untiered servers under a tiered name.
        compute.delete_flavor(made)
        raise
    for name, value in specs.items():
        print(f'{name}={value}')
    return 0


def _check(args: argparse.Namespace) -> int:
    compute = openstack.connect(cloud=args.os_cloud).compute
    if args.all:
        found = list(compute.flavors(get_extra_specs=True, is_public=None))
    else:
        found = [compute.find_flavor(args.name, ignore_missing=False, get_extra_specs=True)]
    wrong = 0
    for one in found:
        problems = flavor.check(one.name, one.ram, one.extra_specs)
        wrong += bool(problems)
        for problem in problems:
            print(f'{one.name}: {problem}')
    print(f'{len(found)} checked, {wrong} wrong')
    return _WRONG if wrong else 0


def main(argv: ty.Optional[ty.Sequence[str]] = None) -> int:
    args = parser().parse_args(argv)
    try:
        return _create(args) if args.command == 'create' else _check(args)
    except flavor.FlavorError as error:
        for problem in error.problems:
            print(f'hypertier-flavor: {args.name}: {problem}', file=sys.stderr)
        return _WRONG
    except (exceptions.SDKException, auth_exceptions.ClientException) as error:
        print(f'hypertier-flavor: {error}', file=sys.stderr)
        return _CLOUD


if __name__ == '__main__':
    sys.exit(main())

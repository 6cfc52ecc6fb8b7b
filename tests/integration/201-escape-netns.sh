#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# No way out of a run of a plain user, in isolation netns: there the command
# has the caller's own uid. Each probe gets out without a leash: 203.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname -- "$0")/lib.sh"
# shellcheck source=tests/escape/world.sh
. "$LIB/../escape/world.sh"
# shellcheck source=tests/escape/inside.sh
. "$LIB/../escape/inside.sh"
world_up
ISOLATION=netns
mkdir "$W/home"
CALLER_HOME=$W/home
WHO=(user)
escape_suite

#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the weir authors
#
# What is installed suffices to build a plugin: the one in README.md, by the Makefile in README.md.

. "$(dirname "$0")/lib.sh"
need meson make cc pkg-config python3

build=$(cd "$(dirname "$WEIR")/../.." && pwd)
[ -w "$build/meson-logs" ] || skip "$build is no folder that weir was built in"
cd "$work" || exit 1
DESTDIR=$work/dest meson install -C "$build" --no-rebuild --quiet >install 2>&1 ||
	{ grep -q 'could not be found' install && skip "not all of weir is built"; fail "meson install" -- install; finish; }

code_of() { # LANGUAGE: the first block of that language in README.md
	sed -n "/^\`\`\`$1\$/,/^\`\`\`\$/p" "$root/README.md" | sed '1d;/^```$/,$d'
}

code_of c >example.c
code_of make >Makefile
PKG_CONFIG_LIBDIR=$(dirname "$(find dest -name weir.pc)")
export PKG_CONFIG_LIBDIR=$work/$PKG_CONFIG_LIBDIR PKG_CONFIG_SYSROOT_DIR=$work/dest
make CC='cc -Werror -Wextra -Wno-unused-parameter' >made 2>&1 || fail "README's plugin cannot be built" -- made
directory=$(PKG_CONFIG_SYSROOT_DIR='' pkg-config --variable=plugindir weir)
PKG_CONFIG_SYSROOT_DIR='' make install DESTDIR="$work/dest" >made 2>&1 || fail "make install" -- made
for name in example closing beacon talkers; do
	[ -e "dest$directory/$name.so" ] || fail "$name.so is not in $directory"
done
weir=$(find "$work/dest" -name weir -type f -perm -1)
run_weir example -r "$sample" --set "plugin x.path=./example.so"
ended_well "README's plugin"
run_weir installed -r "$sample" --set "plugin x.path=$work/dest$directory/closing.so"
ended_well "closing, as it was installed"

# A name alone is looked for there.
run_weir alone -r "$sample" --set "plugin x.path=none.so"
grep -qF " $directory/none.so cannot be read" "$err" || fail "plugins are not looked for in $directory" -- "$err"

# The headers stand alone, in C and in C++.
includes=$(pkg-config --cflags weir)
for header in conn.h plugin.h version.h; do
	printf '#include <weir/%s>\nextern int nothing;\n' $header >header.c
	# shellcheck disable=SC2086
	cc -x c -std=c99 -pedantic -Wall -Wextra -Werror -fsyntax-only $includes - <header.c ||
		fail "$header in C99"
	command -v c++ >/dev/null || continue
	# shellcheck disable=SC2086
	c++ -x c++ -pedantic -Wall -Wextra -Werror -fsyntax-only $includes - <header.c ||
		fail "$header in C++"
done
finish

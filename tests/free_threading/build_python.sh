#!/bin/sh
# Builds a free-threaded CPython (PEP 779) into FOLDER and prints the path of its program: build_python.sh FOLDER. Takes
# about five minutes of CPU; what is there already is not built again. Debian has no such package.
set -eu

version=3.14.7
archive_sha256=3b48dac8fb59f62eaa67ac83c1eb12bda1b7a08406dd286e252c11a66be27f81

prefix=$1
program=$prefix/bin/python3.14t
work=$prefix/source

fetch() {
    for url in "https://www.python.org/ftp/python/$version/Python-$version.tar.xz" \
        "http://deb.debian.org/debian/pool/main/p/python3.14/python3.14_$version.orig.tar.xz"; do
        if curl -fsSL --max-time 300 -o "$work/python.tar.xz" "$url" &&
            echo "$archive_sha256  $work/python.tar.xz" | sha256sum --check --status; then
            return
        fi
    done
    echo "the source of Python $version cannot be had" >&2
    return 1
}

build() {
    rm -rf "$prefix"
    mkdir -p "$work"
    fetch
    tar -xf "$work/python.tar.xz" -C "$work"
    cd "$work/Python-$version"
    ./configure --quiet --prefix="$prefix" --disable-gil --with-ensurepip=install --disable-test-modules
    make -s -j"$(nproc)"
    make -s install
    cd "$prefix"
    rm -rf "$work"
}

case $prefix in
    /*) ;;
    *) echo "usage: build_python.sh /absolute/folder" >&2 && exit 2 ;;
esac
"$program" -c '' 2>/dev/null || build >&2
echo "$program"

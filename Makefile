# Two commands do everything, set-up included: `make demo` and `make test`.

SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -ec
PREFIX ?= /usr/local
SUDO := $(if $(filter 0,$(shell id -u)),,sudo)

# What devbox needs on a Debian host, and why, is in `devbox doctor`. Libraries and tools for building and testing come last.
PACKAGES := qemu-system-x86 qemu-utils lxc uidmap fuse2fs mmdebstrap e2fsprogs openssh-client fdisk \
	qemu-user-static arch-test \
	gpgv \
	libarchive-dev liblzma-dev libext2fs-dev zlib1g-dev libcurl4-openssl-dev pkg-config hyperfine libarchive-tools time gcc \
	xz-utils zstd lz4 bzip2 busybox-static strace makedumpfile apache2-bin python3 gnupg openssl curl apt-utils groff-base shellcheck

.PHONY: all setup build release test unit coverage demo bench lint shellcheck docs-check fuzz test-faults test-hostile install completions \
	templates man clean

all: build

## Installs the Debian packages that are missing. LXC's own bridge is not started.
setup:
	@missing=$$(for package in $(PACKAGES); do \
		dpkg-query -W -f '$${Status}\n' $$package 2>/dev/null | grep -q 'ok installed' || echo $$package; done); \
	if [ -n "$$missing" ]; then \
		if [ ! -e /etc/default/lxc-net ]; then \
			echo 'USE_LXC_BRIDGE="false"' | $(SUDO) tee /etc/default/lxc-net >/dev/null; fi; \
		$(SUDO) apt-get update -qq && \
		$(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
			-o Dpkg::Options::=--force-confold $$missing </dev/null; \
	fi

# nginx's package would start a service and have it started at every boot; the tests need the program alone.
.build/test-programs/usr/sbin/nginx: | setup
	command -v nginx >/dev/null || { mkdir -p .build/test-programs && cd .build/test-programs && \
		apt-get download -qq nginx && dpkg-deb --extract nginx_*.deb . && rm nginx_*.deb; }

# What is built into the program is no dependency that SwiftPM knows of.
.PHONY: embedded
embedded:
	@[ -z "$$(find templates -newer Sources/CTemplates/list.h -print -quit)" ] || touch Sources/CTemplates/list.h

build: setup embedded
	swift build

release: setup embedded
	swift build -c release --static-swift-stdlib --product devbox 2>&1 | grep -v 'mktemp. is dangerous'

## All tests: without root first, then those with real guests.
test: build .build/test-programs/usr/sbin/nginx
	./Tests/run

## The tests that need no root and no guest.
unit: build .build/test-programs/usr/sbin/nginx
	swift test --skip IntegrationTests

## The lines that the unit tests reach in their own process, module by module. Built apart, so that the ordinary build stays as it is;
## programs that the tests start leave counts of their own behind.
coverage: setup .build/test-programs/usr/sbin/nginx
	swift test --scratch-path .build/coverage --enable-code-coverage --skip IntegrationTests
	rm -f default.profraw
	./Tests/coverage "$$(swift test --scratch-path .build/coverage --show-codecov-path)"

## Feeds the readers of packages with damaged input, for FUZZ_SECONDS.
fuzz: setup
	./Tests/fuzz/run

## Soft lockups, oopses, BUG() and more, each in a guest of its own, followed to its dump. Not a part of `make test`.
test-faults: build
	./Tests/faults/run

## Fifty file systems that a hostile guest may have made of its disk, each met by a command in an appliance; `make test` has eight of them.
test-hostile: build
	DEVBOX_TEST_HOSTILE=1 ./Tests/run IntegrationTests.HostileDiskTests

demo: release
	./Tests/demo

bench: release .build/test-programs/usr/sbin/nginx
	./Tests/bench

## Format, the arrows between the modules, shell scripts.
lint: setup shellcheck
	swift format lint --strict --recursive --parallel Sources Tests Package.swift
	./Tests/lint-arrows

## The shell scripts: those of templates/, which run in guests, and those of the tests.
shellcheck: setup
	shellcheck $$(grep -rlE '^#!/(bin/(ba)?sh|usr/bin/env bash)$$' templates Tests .ci)

## Each command line in README.md and docs/ parses, each link leads somewhere, each JSON key is promised.
docs-check: build
	swift test --filter DevboxCommandsTests.DocumentsTests

## The list of the files that are built into the program: to be written anew when one is added to templates/, or removed.
templates:
	find templates -type f -printf '%P\n' | LC_ALL=C sort | sed \
		's|.*|{"&",\n\t(const char[]){\n#embed "../../templates/&" suffix(,)\n\t\t0}},|' >Sources/CTemplates/list.h

completions: build
	for shell in bash zsh fish; do \
		.build/debug/devbox completions $$shell > completions/devbox.$$shell; done

man: build
	.build/debug/devbox man --to .build/man

install: release
	install -D -m 755 .build/release/devbox $(DESTDIR)$(PREFIX)/bin/devbox
	install -D -m 644 completions/devbox.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/devbox
	install -D -m 644 completions/devbox.zsh $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_devbox
	install -D -m 644 completions/devbox.fish $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/devbox.fish
	.build/release/devbox man --to $(DESTDIR)$(PREFIX)/share/man/man1

clean:
	rm -rf .build

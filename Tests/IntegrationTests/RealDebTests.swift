import Archives
import DevboxCore
import Glibc
import HostTools
import Packages
import SystemPackage
import TestSupport
import Testing

extension IntegrationTests {
    @Suite("Real packages", .serialized)
    struct RealDebTests {
        /// Small ones of every kind: for one and for all architectures; with conffiles, setuid and setgid files, hard links, links in
        /// heaps, owners other than root, long and foreign names. 30 MB together, and a kernel of 26 MB.
        private static let names = """
            base-files base-passwd bash dash debianutils diffutils dpkg e2fsprogs findutils grep gzip hostname
            init-system-helpers libacl1 libaudit-common libblkid1 libbz2-1.0 libc-bin libcap2 libgcc-s1 login passwd
            sudo mount util-linux openssh-client man-db cron at dbus tzdata ca-certificates debian-archive-keyring
            perl-base sed tar ncurses-base ncurses-term netbase sysvinit-utils zlib1g xz-utils kmod udev logrotate
            exim4-config vim-common screen iputils-ping locales libjs-jquery manpages ucf wamerican emacsen-common
            sgml-base xml-core postfix plocate ssl-cert wireless-regdb linux-base initramfs-tools-core dkms kexec-tools
            makedumpfile ncurses-bin adduser
            """.split(whereSeparator: \.isWhitespace).map(String.init)

        /// The package files; what was downloaded in an earlier run is not downloaded again.
        private func packages() throws -> [FilePath] {
            let work = getenv("DEVBOX_TEST_WORK").map { String(cString: $0) } ?? "/var/tmp/devbox-test"
            let folder = FilePath(work).appending("test-packages")
            try Files.makeDirectory(folder)
            let known = try Set(tool("apt-cache", "pkgnames").split(separator: "\n").map(String.init))
            let meta = "linux-image-cloud-\(Architecture.host?.rawValue ?? "amd64")"
            let kernel = try tool("apt-cache", "depends", meta).split(separator: "\n").lazy
                .compactMap { $0.split(separator: " ").last }.first { $0.hasPrefix("linux-image-") && $0 != meta }
            let wanted = (Self.names + [kernel.map(String.init)].compactMap { $0 }).filter(known.contains)
            let there = try Files.list(folder).map { $0.prefix { $0 != "_" } }
            let missing = wanted.filter { name in !there.contains { $0 == name } }
            if !missing.isEmpty {
                try tool(
                    "sh", "-c",
                    "cd \(folder) && apt-get -q -o APT::Sandbox::User=root download \(missing.joined(separator: " "))")
            }
            return try wanted.compactMap { name in
                try Files.list(folder).last { $0.hasPrefix("\(name)_") && $0.hasSuffix(".deb") }.map(folder.appending)
            }
        }

        @Test("are read as dpkg-deb reads them: every field, every member, every byte")
        func agreement() throws {
            let files = try packages()
            #expect(files.count >= 50)
            for file in files {
                let package = try DebPackage(file)
                let control = package.control.fields.map { field in
                    "\(field.name): \(field.value.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\n "))\n"
                }
                #expect(try control.joined() == tool("dpkg-deb", "-f", file.string), "\(file)")

                var ours: [String] = []
                try package.walk { content in
                    ours.append(Self.line(content.member))
                    return .goOn
                }
                let listing = "dpkg-deb --fsys-tarfile \(file) | tar -tv --numeric-owner --quoting-style=literal"
                let theirs = try tool("sh", "-c", listing).split(separator: "\n").map(Self.withoutTime)
                #expect(ours.count == theirs.count, "\(file)")
                for (one, other) in zip(ours, theirs) where one != other {
                    Issue.record("\(file): \(one), not \(other)")
                }

                var hasher = SHA256Digest.Hasher()
                let summary = try DebCheck().run(package, sink: { hasher.update($0) })
                #expect(summary.memberCount == ours.count)
                let digest = try tool("sh", "-c", "dpkg-deb --fsys-tarfile \(file) | sha256sum").prefix(64)
                #expect(hasher.digest.description == digest, "\(file)")
            }
        }

        /// As `tar -tv` has it, without the time.
        private static func line(_ member: ArchiveMember) -> String {
            var (letter, size, name) = ("-", member.size, member.path)
            switch member.kind {
            case .file: break
            case .directory: letter = "d"
            case .link(let target): (letter, size, name) = ("l", 0, "\(name) -> \(target)")
            case .hardLink(let target): (letter, size, name) = ("h", 0, "\(name) link to \(target)")
            default: letter = "?"
            }
            var mode = ""
            for (index, shift) in [6, 3, 0].enumerated() {
                let bits = member.permissions >> UInt16(shift)
                let special = member.permissions >> UInt16(11 - index) & 1 != 0
                let plain = bits & 1 != 0 ? "x" : "-"
                let marked = index == 2 ? (bits & 1 != 0 ? "t" : "T") : (bits & 1 != 0 ? "s" : "S")
                mode += (bits & 4 != 0 ? "r" : "-") + (bits & 2 != 0 ? "w" : "-") + (special ? marked : plain)
            }
            return "\(letter)\(mode) \(member.uid)/\(member.gid) \(size) \(name)"
        }

        private static func withoutTime(_ line: Substring) -> String {
            let fields = line.split(separator: " ", maxSplits: 5, omittingEmptySubsequences: true)
            return fields.count == 6 ? (fields[0..<3] + fields[5...]).joined(separator: " ") : String(line)
        }
    }
}

import DevboxCore
import SystemPackage

/// A .deb that dpkg-deb packs out of files and scripts.
package struct TestPackage {
    /// Its name.
    package var name: String
    /// Its version.
    package var version = "1.0"
    /// By Debian's names.
    package var architecture = "all"
    /// Further lines of its control file.
    package var fields = ""
    /// Its files, by path without a leading slash.
    package var files: [String: String] = [:]
    /// Its scripts: "postinst" and so on.
    package var scripts: [String: String] = [:]

    /// A package without files and scripts.
    package init(_ name: String, version: String = "1.0", architecture: String = "all", fields: String = "") {
        (self.name, self.version, self.architecture, self.fields) = (name, version, architecture, fields)
    }

    /// A kernel of no use, in the shape of Debian's: a boot file, a module, and a script that runs the kernel hooks.
    package static func kernel(_ version: String, architecture: String = "amd64") -> TestPackage {
        var package = TestPackage("linux-image-\(version)", architecture: architecture)
        package.files = [
            "boot/vmlinuz-\(version)": "kernel \(version)",
            "boot/config-\(version)": "CONFIG_RD_GZIP=y\nCONFIG_RD_ZSTD=y\n",
            "lib/modules/\(version)/kernel/fs/sample.ko": "module", "lib/modules/\(version)/modules.order": "",
            "lib/modules/\(version)/modules.builtin": "",
        ]
        package.scripts["postinst"] = """
            #!/bin/sh -e
            [ "$1" = configure ] || exit 0
            depmod \(version)
            export DEB_MAINT_PARAMS="$*"
            run-parts --report --exit-on-error --arg=\(version) --arg=/boot/vmlinuz-\(version) /etc/kernel/postinst.d
            """
        return package
    }

    /// Packs it into a folder.
    ///
    /// - Parameter compression: gzip, xz, zstd or none.
    package func pack(in scratch: ScratchDirectory, compression: String = "gzip") throws -> FilePath {
        let tree = "tree-\(name)-\(version)"
        let control = """
            Package: \(name)
            Version: \(version)
            Architecture: \(architecture)
            Maintainer: Nobody <nobody@example.org>
            Description: a package for tests

            """
        try scratch.write(
            fields.isEmpty ? control : "\(control.dropLast(1))\n\(fields)\n", to: "\(tree)/DEBIAN/control")
        for (path, text) in files { try scratch.write(text, to: "\(tree)/\(path)") }
        for (script, text) in scripts {
            try Files.setMode(scratch.write(text + "\n", to: "\(tree)/DEBIAN/\(script)"), 0o755)
        }
        let path = scratch("\(name)_\(version)_\(architecture).deb")
        try tool("dpkg-deb", "--root-owner-group", "-Z\(compression)", "-b", scratch(tree).string, path.string)
        return path
    }
}

import DevboxCore
import FoundationEssentials
import Glibc
import Guests
import Packages
import SystemPackage

/// A .deb file that is to be installed, with its digest.
public struct PackageFile: Sendable {
    /// The package.
    public let package: DebPackage
    /// Of the whole file.
    public let digest: SHA256Digest

    /// Opens a file.
    ///
    /// - Throws: `notFound`; `badInput` where it is no sound package.
    public init(_ path: FilePath) throws {
        package = try DebPackage(path)
        digest = try package.digest()
    }

    /// What a user named: files, and folders for the .deb files in them.
    ///
    /// - Throws: `notFound` for a folder without any.
    public static func open(_ names: [String]) throws -> [PackageFile] {
        var seen: [String: PackageFile] = [:]
        return try names.flatMap { name -> [FilePath] in
            let path = Files.currentDirectory.pushing(FilePath(name)).lexicallyNormalized()
            var status = stat()
            guard stat(path.string, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { return [path] }
            let found = try Files.list(path).filter { $0.hasSuffix(".deb") || $0.hasSuffix(".ddeb") }
            guard !found.isEmpty else { throw Failure(.notFound, "there is no .deb file in \(path)") }
            return found.map { path.appending($0) }
        }.map { try PackageFile($0) }.filter { file in
            guard let earlier = seen.updateValue(file, forKey: file.fileName) else { return true }
            guard earlier.digest == file.digest else {
                throw Failure(
                    .badInput,
                    "\(file.package.path) and \(earlier.package.path) are two packages of one name and version",
                    hint: "name one of them")
            }
            return false
        }
    }

    /// "linux-image-6.1.0-47-amd64 6.1.170-3".
    public var title: String { "\(package.name) \(package.version)" }

    /// The file's name, without its folders.
    var name: String { Names.printable(package.path.lastComponent?.string ?? package.name) }

    /// What dpkg calls it: "libc6:amd64".
    var dpkgName: String { "\(package.name):\(package.architecture)" }

    /// What it takes unpacked, in bytes: as it says itself, or as its content says where that is more.
    var unpackedSize: Int64 { max(package.installedSize ?? 0, package.decodedDataSize ?? 0) }

    /// What a guest's record says of it.
    ///
    /// - Parameter kernels: the versions of the kernels that it holds.
    func installed(at time: Date, by command: String, kernels: [String]) -> GuestRecord.InstalledFile {
        .init(
            name: package.name, version: package.version.description, architecture: package.architecture,
            sha256: digest, file: name, installedAt: time,
            command: command, kernels: kernels.isEmpty ? nil : kernels)
    }

    /// "linux-image-6.1.0-47-amd64_6.1.170-3_amd64.deb", as apt names such files. Nothing of it leads anywhere.
    var fileName: String {
        "\(package.name)_\(package.version)_\(package.architecture).deb".replacing("/", with: "-").replacing(
            ":", with: "%3a")
    }
}

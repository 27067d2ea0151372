import ELF
import Boot
import DevboxCore
import Glibc
import Guests
import HostTools
import Stores
import SystemPackage

/// The installed kernels of a guest, with what devbox knows of each.
public struct KernelInventory: Sendable {
    private let store: GuestStore
    private let runner: Runner

    /// Looks at the guests of a work directory.
    public init(_ store: GuestStore, runner: Runner) {
        self.store = store
        self.runner = runner
    }

    /// An installed kernel.
    public struct Entry: Sendable, Encodable {
        /// What `uname -r` says in it.
        public let version: String
        /// Whether it starts next.
        public let startsNext: Bool
        /// The package that devbox installed it from; nil where it came otherwise.
        public let package: GuestRecord.InstalledFile?
        /// The packages that hold it, by the lists of the guest's dpkg; nil where nobody could look, for the guest runs.
        public let owners: [String]?
        /// Of its vmlinux; nil where its file does not tell.
        public let buildID: BuildID?
        /// Where its symbols are in guests; nil where the debug store has none.
        public let symbols: String?
        /// Why no virtual machine can start from it; nil where nothing is known that stands against it.
        public let obstacle: String?
    }

    /// The kernels of a guest, newest first.
    public func kernels(of name: String) throws -> [Entry] {
        let (record, packages) = try look(at: name)
        let debug = DebugStore(store.work)
        return try record.kernels.map { kernel in
            let id = try buildID(of: kernel, name)
            let owners = packages?.owners(of: kernel.version)
            let package = record.packages?.last { file in
                owners?.contains { KernelPackages.bareName($0) == file.name }
                    ?? file.kernels?.contains(kernel.version) ?? false
            }
            let symbols = id.flatMap { self.symbols(of: $0, in: debug) }
            return Entry(
                version: kernel.version, startsNext: kernel == record.startingKernel, package: package, owners: owners,
                buildID: id, symbols: symbols, obstacle: kernel.obstacle)
        }
    }

    /// A guest's record, and what its packages hold of kernels; nil where somebody else is at its disk.
    private func look(at name: String) throws -> (GuestRecord, KernelPackages?) {
        var packages: KernelPackages?
        let architecture = try store.load(name).architecture
        let record = try GuestKernels.current(name, in: store, runner: runner) {
            packages = try KernelPackages(on: $0, architecture)
        }
        return (record, packages)
    }

    /// Where a kernel's symbols are in guests. A record that cannot be read is told, and does not keep the others from being shown.
    private func symbols(of id: BuildID, in debug: DebugStore) -> String? {
        do {
            return try debug.record(id).map(DebugStore.guestPath)
        } catch {
            runner.console.warn("the symbols of \(id) are left out: \(error)")
            return nil
        }
    }

    /// The build-id in a kernel's boot file. It is decompressed for that, so what came out is kept.
    func buildID(of kernel: BootKernel, _ guest: String) throws -> BuildID? {
        let file = store.files(guest).boot.appending(kernel.vmlinuz)
        guard let status = try? Files.status(file) else { return nil }
        let cache = Cache(.buildIDs, in: store.work, keeping: CacheBounds(count: 1000))
        let note = "\(kernel.vmlinuz)-\(status.st_size)-\(status.modifiedNanoseconds)"
        if let text = cache.bytes(note) {
            return BuildID(String(decoding: text, as: UTF8.self).filter { !$0.isNewline })
        }
        let id = KernelImage(try Files.read(file, limit: KernelImage.sizeLimit)).buildID
        // Without it the next one decompresses the kernel again.
        try? cache.keep("\(id?.description ?? "")\n".utf8, as: note)
        return id
    }
}
